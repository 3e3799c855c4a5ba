"""The demo on real servers, on each of its databases, and a browser to look at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tightlip.demo.servers import Running, run

POSTGRESQL = os.environ.get("TIGHTLIP_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/test")
DATABASES = {"sqlite": None, "postgresql": POSTGRESQL}
CHROMIUM = os.environ.get("TIGHTLIP_TEST_CHROMIUM") or shutil.which("chromium")
CHROMEDRIVER = os.environ.get("TIGHTLIP_TEST_CHROMEDRIVER") or shutil.which("chromedriver")


@pytest.fixture(scope="session", params=DATABASES)
def running(request) -> Iterator[Running]:
    """The demo, as `tightlip demo` runs it."""
    with run("127.0.0.1", 0, DATABASES[request.param]) as demo:
        yield demo


@pytest.fixture(scope="session")
def demo() -> Iterator[Running]:
    """The demo on its default database."""
    with run("127.0.0.1", 0, None) as demo:
        yield demo


@pytest.fixture(scope="session")
def client() -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(timeout=20, limits=limits) as client:
        yield client


@pytest.fixture
def is_postgresql(running) -> bool:
    return running.database.startswith("PostgreSQL")


@contextmanager
def chromium(profile: Path, *, javascript: bool = True, width: int = 1280, scheme: str = "light"):
    """Run a headless Chromium with a fresh profile."""
    if not (CHROMIUM and CHROMEDRIVER):
        pytest.fail("install Debian's chromium and chromium-driver, as `make test` does")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not javascript:
        blocked = {"profile.managed_default_content_settings.javascript": 2}
        options.add_experimental_option("prefs", blocked)
    driver = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
    try:
        driver.set_page_load_timeout(60)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def open_browser(tmp_path_factory):
    """Open a headless Chromium in a `with` statement."""
    return lambda **wanted: chromium(tmp_path_factory.mktemp("chromium"), **wanted)
