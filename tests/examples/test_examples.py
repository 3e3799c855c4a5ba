"""Every file in `examples/` is served, and does what its first line says."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
REFERENCE = "[0-9A-HJKMNP-TV-Z]{12}"


@pytest.fixture
def client(request):
    """A client of the example, served in a process of its own: the codes of its errors are its own.

    The socket listens before the server starts, so the first request waits for it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", f"{request.param}:app"),
                *("--app-dir", ROOT / "examples", "--fd", str(listening.fileno())),
            ],
            pass_fds=[listening.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        with httpx.Client(base_url=address, timeout=60) as client:
            yield client
    finally:
        server.terminate()
        server.wait(30)


def example(name: str):
    return pytest.mark.parametrize("client", [name], indirect=True)


def test_every_example_is_tested_here():
    tested = set(re.findall(r'^@example\("(\w+)"\)', Path(__file__).read_text(), re.MULTILINE))
    assert tested == {path.stem for path in (ROOT / "examples").glob("*.py")}


@example("good_words")
def test_good_words_stay_and_the_exception_does_not(client):
    assert client.get("/prices/kettle").json() == {"price": 39}
    missing = client.get("/prices/cup")
    assert missing.status_code == 404
    assert missing.json() == {"error": {"code": "NOT_FOUND", "message": "There is no such item"}}
    for path in ("/shares/kettle?people=0", "/shares/cup?people=2"):
        divided = client.get(path)
        assert divided.status_code == 400
        error = divided.json()["error"]
        assert error["code"] == "INVALID_REQUEST"
        assert re.fullmatch(REFERENCE, error["reference"])
        assert "Error" not in divided.text


@example("declared_errors")
def test_declared_errors_carry_their_parameters_and_are_documented(client):
    assert client.post("/shows/opera/seats?seats=2").json() == {"booked": 2}
    assert client.post("/shows/opera/seats?seats=4").json() == {
        "error": {
            "code": "SOLD_OUT",
            "message": "Only 3 seats are left",
            "details": {"available": 3},
        }
    }
    unknown = client.post("/shows/ballet/seats?seats=1")
    assert unknown.status_code == 404
    assert unknown.json()["error"]["message"] == "There is no show named ballet"
    documented = client.get("/openapi.json").json()["paths"]["/shows/{show}/seats"]["post"]
    assert {"404", "409", "422"} <= set(documented["responses"])
    assert "SOLD_OUT" in str(documented["responses"]["409"])


@example("translations")
def test_translations_speak_for_what_breaks_inside(client):
    assert client.post("/accounts?email=a@shop.example").status_code == 201
    again = client.post("/accounts?email=a@shop.example")
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "EMAIL_ALREADY_EXISTS"
    closed = client.post("/accounts?email=b@shop.example&hour=20")
    assert closed.status_code == 503
    assert closed.headers["retry-after"] == "60"
    assert closed.json()["error"]["code"] == "TRY_AGAIN_LATER"
    assert "worker 7" not in closed.text
