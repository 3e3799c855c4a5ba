"""The incident page in a real browser, on its own server, with its scripts and its policy."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from tests.demo.conftest import chromium

from tightlip.incidents.framing import frame
from tightlip.incidents.places import DirectoryPlace
from tightlip.incidents.spool import Spool

HOSTILE = [
    "<script>document.title='pwned'</script>",
    "<img src=x onerror=\"document.title='pwned'\">",
    "'\"><svg onload=document.title='pwned'>",
    "</pre></title><script>document.title='pwned'</script>",
    "javascript:document.title='pwned'",
    "{{constructor.constructor(\"document.title='pwned'\")()}}",
    "\u202eevil\u2066\u200b",
]


@contextmanager
def serving(directory):
    """Run `tightlip incidents serve` as its users do; give the address that it prints."""
    command = [sys.executable, "-m", "tightlip", "incidents", "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--directory", str(directory.path)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            for line in process.stdout:
                if (found := re.search(r"Open\s+(\S+)", line)) is not None:
                    yield found[1]
                    break
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.close()


@pytest.fixture
def browser(tmp_path):
    with chromium(tmp_path / "chromium") as browser:
        yield browser


def wait(browser, condition):
    return WebDriverWait(browser, 20).until(condition)


def test_an_incident_is_searched_resolved_and_muted_and_no_word_of_a_client_runs(
    browser, fail, directory
):
    references = [fail(words=words) for words in HOSTILE]
    with serving(directory) as address:
        browser.get(address)
        assert "token" not in browser.current_url
        base = f"http://{urlsplit(address).netloc}"

        browser.find_element(By.TAG_NAME, "body").send_keys("/")
        wait(browser, lambda page: page.switch_to.active_element.get_attribute("id") == "text")
        browser.switch_to.active_element.send_keys(references[0].lower(), Keys.ENTER)
        wait(browser, lambda page: page.current_url.endswith(f"/incidents/{references[0]}"))
        assert "What the client saw" in browser.find_element(By.TAG_NAME, "main").text
        for reference in references:
            browser.get(f"{base}/incidents/{reference}")
            assert "pwned" not in browser.title
            for summary in browser.find_elements(By.CSS_SELECTOR, "summary"):
                if summary.is_displayed():
                    summary.click()

        browser.get(f"{base}/groups/1")
        for state in ("resolved", "muted", "open"):
            browser.find_element(By.CSS_SELECTOR, f"button[value={state}]").click()
            wait(
                browser,
                lambda page, shown=state: page.find_elements(
                    By.CSS_SELECTOR, f".card .state.{shown}"
                ),
            )
        assert [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"] == []


def test_whose_report_a_thinned_incident_shows_is_seen_before_the_report(
    browser, fail, directory, summary
):
    full = fail(words="kettle")
    with DirectoryPlace(directory).opened(print) as records:
        fingerprint = records.find(full).fingerprint
    more = {"fingerprint": fingerprint, "error.code": "STORE_CLOSED"}
    Spool(directory).append(frame(summary("BR1EF0000000", **more)))
    with serving(directory) as address:
        browser.get(address)
        browser.get(f"http://{urlsplit(address).netloc}/incidents/BR1EF0000000")
        for theme in ("light", "dark"):
            feature = {"name": "prefers-color-scheme", "value": theme}
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
            own = browser.find_element(By.CSS_SELECTOR, ".heading")
            note = browser.find_element(By.CSS_SELECTOR, ".elsewhere")
            sides = browser.find_element(By.CSS_SELECTOR, ".sides")
            assert "500 STORE_CLOSED" in own.text
            assert note.is_displayed()
            assert f"The report of another incident: {full}" in note.text
            assert f"What happened in {full}" in sides.text
            heights = [part.rect["y"] for part in (own, note, sides)]
            assert heights == sorted(heights)
            assert note.rect["x"] + note.rect["width"] <= browser.execute_script(
                "return document.documentElement.clientWidth"
            )
        note.find_element(By.LINK_TEXT, full).click()
        wait(browser, lambda page: page.current_url.endswith(f"/incidents/{full}"))
        assert browser.find_elements(By.CSS_SELECTOR, ".elsewhere") == []
        assert browser.get_log("browser") == []


def test_what_happens_meanwhile_comes_by_itself(browser, fail, directory):
    fail()
    with serving(directory) as address:
        browser.get(address)
        browser.execute_script("window.kept = true")
        reference = fail("/keys")
        wait(browser, lambda page: reference in page.find_element(By.TAG_NAME, "main").text)
        assert browser.execute_script("return window.kept")


def test_what_is_new_waits_while_somebody_is_at_a_link_or_marks_a_text(browser, fail, directory):
    fail()
    with serving(directory) as address:
        browser.get(address)
        refresh = (
            "refresh().then(() => arguments[arguments.length - 1](document.activeElement.href))"
        )
        browser.execute_script("document.querySelector('td a').focus()")
        reference = fail("/keys")
        assert browser.execute_async_script(refresh).endswith("/groups/1")
        browser.execute_script(
            "getSelection().selectAllChildren(document.querySelector('td'));"
            "document.activeElement.blur()"
        )
        browser.execute_async_script(refresh)
        assert reference not in browser.find_element(By.TAG_NAME, "main").text
        browser.execute_script("getSelection().removeAllRanges()")
        browser.execute_async_script(refresh)
        assert reference in browser.find_element(By.TAG_NAME, "main").text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_page_neither_scrolls_sideways_nor_breaks_words_in_letters(
    tmp_path, fail, directory, scheme
):
    reference = fail(words="x" * 400)
    with (
        serving(directory) as address,
        chromium(tmp_path / "chromium", width=400, scheme=scheme) as browser,
    ):
        browser.get(address)
        base = f"http://{urlsplit(address).netloc}"
        for path in ("/", "/groups/1", f"/incidents/{reference}", "/codes", "/health"):
            browser.get(base + path)
            wide, room = browser.execute_script(
                "return [document.documentElement.scrollWidth, innerWidth]"
            )
            assert wide <= room, path
            narrow = browser.execute_script(
                "return [...document.querySelectorAll('td')]"
                ".filter((cell) => cell.offsetWidth && cell.offsetWidth < 200).length"
            )
            assert narrow == 0, path


def test_it_ends_without_a_traceback(directory):
    directory.make()
    environment = {**os.environ, "TIGHTLIP_DIRECTORY": str(directory.path)}
    command = [sys.executable, "-m", "tightlip", "incidents", "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert str(directory.path) in process.stdout.readline()
        process.stdout.readline()
        assert "http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert "Traceback" not in errors
