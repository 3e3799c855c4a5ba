"""Every file in `examples/` is served, and does what its first line says."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import grpc
import httpx
import pytest

from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import drain, open_store

ROOT = Path(__file__).parents[2]
REFERENCE = "[0-9A-HJKMNP-TV-Z]{12}"


# How an application is served that is none of ASGI; the others are served by uvicorn.
OWN_SERVERS = {
    "bottle_application": "from waitress import serve; serve(app, sockets=[listening])",
    "flask_application": "from waitress import serve; serve(app, sockets=[listening])",
    "pyramid_application": "from waitress import serve; serve(app, sockets=[listening])",
    "aiohttp_application": "from aiohttp.web import run_app; run_app(app, sock=listening)",
    "grpc_application": """
address = "{}:{}".format(*listening.getsockname())
listening.close()
server.add_insecure_port(address)
server.start()
server.wait_for_termination()""",
    "sanic_application": "app.run(sock=listening, single_process=True, motd=False)",
    "tornado_application": """
from asyncio import Event, run
from tornado.httpserver import HTTPServer
async def serve():
    listening.setblocking(False)
    HTTPServer(app).add_socket(listening)
    await Event().wait()
run(serve())""",
}


@pytest.fixture
def client(request):
    """A client of the example, served in a process of its own: the codes of its errors are its own.

    The socket listens before the server starts, so the first request waits for it.
    """
    name = request.param
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        descriptor = listening.fileno()
        arguments = ["-m", "uvicorn", f"{name}:app", "--fd", str(descriptor)]
        if name in OWN_SERVERS:
            listens = f"import socket; listening = socket.socket(fileno={descriptor})"
            arguments = ["-c", f"{listens}\nfrom {name} import *\n{OWN_SERVERS[name]}"]
        server = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT / "examples",
            pass_fds=[descriptor],
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


def worker(name: str):
    return pytest.mark.parametrize("name", [name])


def _keeps_its_words(client, path, good, words):
    """See that the words that stand in the source stay, and those of an exception do not leave."""
    assert client.get(path.format(1)).json() == good
    missing = client.get(path.format(7))
    assert missing.status_code == 404
    assert missing.json() == {"error": {"code": "NOT_FOUND", "message": words}}
    broken = client.get(path.format(2))
    assert broken.status_code == 500
    assert "list index" not in broken.text
    assert re.fullmatch(REFERENCE, broken.json()["error"]["reference"])


def test_every_example_is_tested_here():
    text = Path(__file__).read_text()
    tested = set(re.findall(r'^@(?:example|worker)\("(\w+)"\)', text, re.MULTILINE))
    assert tested == {path.stem for path in (ROOT / "examples").glob("*.py")}


@example("sanic_application")
def test_sanic_keeps_the_message_of_its_exceptions_and_no_others(client):
    _keeps_its_words(client, "/beds/{}/first", {"plant": "rose"}, "There is no such bed")


@example("tornado_application")
def test_tornado_keeps_the_reason_of_its_errors_and_no_other_words(client):
    assert client.get("/ships/Aurora/port").json() == {"port": "Bergen"}
    missing = client.get("/ships/Ceres/port")
    assert missing.status_code == 404
    assert missing.json() == {"error": {"code": "NOT_FOUND", "message": "There is no such ship"}}
    broken = client.get("/ships/Bold/port")
    assert broken.status_code == 500
    assert "list index" not in broken.text
    assert re.fullmatch(REFERENCE, broken.json()["error"]["reference"])


@example("aiohttp_application")
def test_aiohttp_keeps_the_words_of_its_exceptions_and_no_others(client):
    assert client.get("/rooms/garden/first").json() == {"beds": 2}
    missing = client.get("/rooms/cellar/first")
    assert missing.status_code == 404
    assert missing.json() == {"error": {"code": "NOT_FOUND", "message": "There is no such room"}}
    broken = client.get("/rooms/attic/first")
    assert broken.status_code == 500
    assert "list index" not in broken.text
    assert re.fullmatch(REFERENCE, broken.json()["error"]["reference"])


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


@example("quart_application")
def test_quart_keeps_the_words_of_abort_and_no_others(client):
    _keeps_its_words(client, "/tables/{}/dishes/first", {"dish": "soup"}, "There is no such table")


@example("litestar_application")
def test_litestar_keeps_the_detail_that_is_a_plain_text(client):
    _keeps_its_words(client, "/tables/{}/dishes/first", {"dish": "soup"}, "There is no such table")


@example("falcon_application")
def test_falcon_keeps_the_description_that_is_a_plain_text(client):
    _keeps_its_words(client, "/tables/{}/dishes/first", {"dish": "soup"}, "There is no such table")


@example("blacksheep_application")
def test_blacksheep_keeps_the_words_that_are_a_plain_text(client):
    _keeps_its_words(client, "/tables/{}/dishes/first", {"dish": "soup"}, "There is no such table")


@example("bottle_application")
def test_bottle_keeps_the_words_of_abort_and_no_others(client):
    assert client.get("/cellars/1/wines/first").json() == {"wine": "merlot"}
    missing = client.get("/cellars/3/wines/first")
    assert missing.status_code == 404
    assert missing.json()["error"]["message"] == "There is no such cellar"
    broken = client.get("/cellars/2/wines/first")
    assert broken.status_code == 500
    assert broken.json()["error"]["message"] == "Something went wrong"


@example("pyramid_application")
def test_pyramid_keeps_the_words_of_its_http_exceptions_and_no_others(client):
    assert client.get("/gardens/rose/plants/first").json() == {"plant": "tea rose"}
    missing = client.get("/gardens/zen/plants/first")
    assert missing.status_code == 404
    assert missing.json()["error"]["message"] == "There is no such garden"
    broken = client.get("/gardens/rock/plants/first")
    assert broken.status_code == 500
    assert broken.json()["error"]["message"] == "Something went wrong"


@example("flask_application")
def test_flask_keeps_the_words_of_abort_and_no_others(client):
    assert client.get("/shelves/1/books/first").json() == {"book": "atlas"}
    missing = client.get("/shelves/3/books/first")
    assert missing.status_code == 404
    assert missing.json()["error"]["message"] == "There is no such shelf"
    broken = client.get("/shelves/2/books/first")
    assert broken.status_code == 500
    assert broken.json()["error"]["message"] == "Something went wrong"


def dish_at(client, table):
    answer = client.post("/", json={"query": f"{{ firstDish(table: {table}) }}"})
    return answer.json()


def graphql_keeps_plain_words(client):
    assert dish_at(client, 1) == {"data": {"firstDish": "soup"}}
    (missing,) = dish_at(client, 7)["errors"]
    assert missing["message"] == "There is no such table"
    assert missing["extensions"] == {"code": "INVALID_REQUEST"}
    (broken,) = dish_at(client, 2)["errors"]
    assert broken["message"] == "Something went wrong"
    assert broken["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert re.fullmatch(REFERENCE, broken["extensions"]["reference"])
    (unknown,) = client.post("/", json={"query": "{ firstDesh }"}).json()["errors"]
    assert "firstDish" not in unknown["message"]


@example("strawberry_application")
def test_strawberry_keeps_the_words_that_are_a_plain_text(client):
    graphql_keeps_plain_words(client)


@example("ariadne_application")
def test_ariadne_keeps_the_words_that_are_a_plain_text(client):
    graphql_keeps_plain_words(client)


@example("graphene_application")
def test_graphene_keeps_the_words_that_are_a_plain_text(client):
    graphql_keeps_plain_words(client)


@example("its_own_server")
def test_the_server_speaks_declared_words_and_has_no_banner(client):
    missing = client.get("/rooms/4")
    assert missing.json() == {"error": {"code": "NOT_FOUND", "message": "There is no such room"}}
    assert "server" not in missing.headers
    with socket.create_connection(("127.0.0.1", client.base_url.port), 10) as connection:
        connection.sendall(b"CANARY\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\ncache-control: no-store\r\n")
    assert b'{"error":{"code":"INVALID_REQUEST",' in answer


@example("django_application")
def test_django_keeps_the_words_of_http404_and_shows_no_debug_page(client):
    assert client.get("/cabins/1/things/first").json() == {"thing": "lamp"}
    missing = client.get("/cabins/7/things/first")
    assert missing.status_code == 404
    assert missing.json() == {"error": {"code": "NOT_FOUND", "message": "There is no such cabin"}}
    broken = client.get("/cabins/2/things/first")
    assert broken.status_code == 500
    assert set(broken.json()["error"]) == {"code", "message", "reference"}
    assert client.get("/cabins").json()["error"]["code"] == "NOT_FOUND"


@example("fastapi_application")
def test_fastapi_keeps_the_words_of_its_exception_and_no_others(client):
    path = "/tables/{}/dishes/first"
    _keeps_its_words(client, path, {"dish": "soup"}, "There is no such table")


@example("starlette_application")
def test_starlette_keeps_the_words_of_its_exception_and_no_others(client):
    path = "/tables/{}/dishes/first"
    _keeps_its_words(client, path, {"dish": "soup"}, "There is no such table")


@example("rest_framework_application")
def test_rest_framework_keeps_the_words_of_its_exception_and_no_others(client):
    path = "/cabins/{}/things/first"
    _keeps_its_words(client, path, {"thing": "lamp"}, "There is no such cabin")


@example("ninja_application")
def test_ninja_keeps_the_words_of_its_exception_and_no_others(client):
    path = "/cabins/{}/things/first"
    _keeps_its_words(client, path, {"thing": "lamp"}, "There is no such cabin")


@example("grpc_application")
def test_grpc_keeps_the_words_of_abort_and_no_others(client):
    with grpc.insecure_channel(client.base_url.netloc.decode()) as channel:
        find = channel.unary_unary("/shop.Seats/Find")
        assert find(b"12A", wait_for_ready=True, timeout=60) == b"free"
        with pytest.raises(grpc.RpcError) as missing:
            find(b"99Z")
        assert missing.value.code() is grpc.StatusCode.NOT_FOUND
        assert missing.value.details() == "There is no such seat"
        with pytest.raises(grpc.RpcError) as broken:
            find(b"12B")
        assert broken.value.code() is grpc.StatusCode.INTERNAL
        assert broken.value.details() == "Something went wrong"


@example("connectrpc_application")
def test_connect_keeps_the_words_of_its_errors_and_no_others(client):
    def find(seat):
        return client.post("/shop.Seats/Find", json=seat)

    assert find("12A").json() == "free"
    missing = find("99Z").json()
    assert (missing["code"], missing["message"]) == ("not_found", "There is no such seat")
    broken = find("12B")
    assert broken.status_code == 500
    assert broken.json()["code"] == "internal"
    assert "list index" not in broken.text
    assert re.fullmatch(REFERENCE, broken.headers["x-error-reference"])


@worker("celery_application")
def test_what_a_task_of_celery_fails_with_is_in_the_record(name, tmp_path):
    program = f"from {name} import total; print(type(total.apply(([],)).result).__name__)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=ROOT / "examples",
        env={**os.environ, "TIGHTLIP_DIRECTORY": str(tmp_path / "private")},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "ZeroDivisionError\n"
    directory = PrivateDirectory(tmp_path / "private")
    with open_store(directory, print) as store:
        drain(directory, store)
        (incident,) = store.newest()
    assert incident["exception.type"] == "ZeroDivisionError"
    assert incident["http.route"] == "shop.total"
