"""The README's first example, served from the built wheel in an environment that is else empty."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
SECONDS_TO_START = 60


def uv(*arguments: object) -> None:
    """Run uv, of the environment under test or of the machine."""
    beside = Path(sys.executable).with_name("uv")
    program = str(beside) if beside.exists() else shutil.which("uv")
    assert program, "install uv, as `make test` does"
    subprocess.run([program, "--quiet", *map(str, arguments)], check=True, cwd=ROOT)


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """The interpreter of an environment with the wheel and what the README installs beside it."""
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", directory],
        check=True,
        cwd=ROOT,
        capture_output=True,
    )
    (wheel,) = directory.glob("*.whl")
    uv("venv", "--python", sys.executable, directory / "environment")
    python = directory / "environment/bin/python"
    lock = ROOT / "requirements/lock.txt"
    uv("pip", "install", "--python", python, "-c", lock, wheel, "fastapi", "uvicorn")
    return python


@pytest.fixture
def example(tmp_path) -> Path:
    """A directory with the first block of Python in the README as `main.py`."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "main.py").write_text(block.group(1), encoding="utf-8")
    return tmp_path


@pytest.fixture
def served(python, example):
    """The address of the example under uvicorn, and the file of what the server says."""
    said = example / "said"
    with said.open("wb") as output:
        server = subprocess.Popen(
            [python, "-m", "uvicorn", "main:app", "--port", "0"],
            cwd=example,
            stdout=output,
            stderr=output,
        )
    try:
        yield address_in(said, server), said
    finally:
        server.terminate()
        server.wait(20)


def address_in(said: Path, server: subprocess.Popen[bytes]) -> str:
    """Wait until uvicorn says where it listens."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        found = re.search(r"running on (http://[\d.:]+)", said.read_text(encoding="utf-8"))
        if found:
            return found.group(1)
        time.sleep(0.05)
    raise AssertionError(said.read_text(encoding="utf-8"))


def answer_of(address: str):
    """Ask for `address`; return status, headers and body, whatever the status."""
    try:
        response = urlopen(address, timeout=20)
    except HTTPError as error:
        response = error
    with response:
        return response.status, response.headers, response.read()


def test_the_example_of_the_readme_runs_from_the_wheel(served):
    address, said = served

    status, _, body = answer_of(f"{address}/items/4")
    assert (status, json.loads(body)) == (200, {"share": 0.25})

    status, _, body = answer_of(f"{address}/items/10")
    assert status == 404
    assert body == b'{"error":{"code":"NOT_FOUND","message":"Item not found"}}'

    status, headers, body = answer_of(f"{address}/items/0")
    assert status == 500
    reference = headers["x-error-reference"]
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{12}", reference)
    assert json.loads(body) == {
        "error": {
            "code": "INTERNAL_SERVER_ERROR",
            "message": "Something went wrong",
            "reference": reference,
        }
    }

    incidents = [
        line for line in said.read_text(encoding="utf-8").splitlines() if reference in line
    ]
    assert len(incidents) == 1, "one line, with everything"
    assert "ZeroDivisionError" in incidents[0]


SCAN = {"brotli", "google-re2", "hyperscan", "platformdirs", "zstandard"}
"""What it takes to read what leaves: safe by default, and imported only where used."""


def test_the_wheel_requires_only_light_packages_and_the_scan(python):
    program = "from importlib.metadata import requires; print(*requires('tightlip'), sep='\\n')"
    done = subprocess.run([python, "-c", program], check=True, capture_output=True, text=True)
    required = [line for line in done.stdout.splitlines() if "extra ==" not in line]
    assert {re.match(r"[\w-]+", line).group() for line in required} == {"click", "rich"} | SCAN


def test_the_extra_all_brings_every_other():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = settings["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    named = re.fullmatch(r"tightlip\[([\w,-]+)\]", everything).group(1).split(",")
    assert sorted(named) == sorted(extras.keys() - {"all"})


def test_the_wheel_holds_the_data_and_the_mark_of_types(python):
    program = (
        "from importlib.resources import files\n"
        "package = files('tightlip')\n"
        "assert (package / 'py.typed').is_file()\n"
        "for folder in ('detection/rules', 'translation/tables'):\n"
        "    assert any(path.name.endswith('.toml') for path in (package / folder).iterdir())\n"
    )
    subprocess.run([python, "-c", program], check=True)
