"""Echo at the edge: the text of an exception in a good answer, without any pattern."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from contextlib import suppress
from typing import Annotated

import pytest
from fastapi import FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from pydantic import AfterValidator

from tightlip import MaxLength, PublicError, Shield

TELLS_RAISES = sys.version_info >= (3, 12)
WORDS = "the ledger of tenant blue-harbour is out of step by four entries"

needs_raises = pytest.mark.skipif(not TELLS_RAISES, reason="the interpreter tells no raises")


class LedgerError(Exception):
    pass


class SeatsTaken(PublicError):
    status = 409
    message = "These seats are taken, choose others please"


def fail():
    raise LedgerError(WORDS)


@pytest.fixture
def app():
    return FastAPI()


@pytest.fixture
def get(app, sink):
    def ask(path, **options):
        shielded = Shield(sinks=[sink])(app)
        with TestClient(shielded, raise_server_exceptions=False) as client:
            return client.get(path, **options)

    return ask


@needs_raises
def test_the_text_of_a_handled_exception_is_contained(app, get, sink):
    @app.get("/")
    def read():
        try:
            fail()
        except LedgerError as error:
            return {"ok": True, "warning": str(error)}

    answer = get("/")
    assert answer.json() == {"ok": True, "warning": "Something went wrong"}
    (incident,) = sink.incidents
    (withheld,) = incident["withheld"]
    assert WORDS in withheld["text"]
    assert "LedgerError" in withheld["reason"]
    assert "fail" in withheld["reason"]
    assert __file__ in withheld["source"]
    assert answer.headers["x-error-reference"] == incident.reference


@needs_raises
@pytest.mark.parametrize("dress", [json.dumps, lambda text: text.replace("h", "\\u0068")])
def test_a_dressed_echo_is_found(app, get, dress):
    @app.get("/")
    def read():
        try:
            fail()
        except LedgerError as error:
            return Response(
                '{"a":1,"note":"' + dress(str(error)).replace('"', '\\"') + '"}',
                media_type="application/json",
            )

    assert get("/").json() == {"a": 1, "note": "Something went wrong"}


@needs_raises
def test_an_echo_in_a_header_is_removed(app, get, sink):
    @app.get("/")
    def read(response: Response):
        try:
            fail()
        except LedgerError as error:
            response.headers["x-note"] = str(error)
        return {"ok": True}

    answer = get("/")
    assert "x-note" not in answer.headers
    assert answer.json() == {"ok": True}
    assert len(sink.incidents) == 1


class OrderRefused(PublicError):
    status = 409
    message = "This order was refused: {reason}"
    reason: Annotated[str, MaxLength(120)]


class OrderHeld(PublicError):
    status = 409
    message = "{reason}"
    reason: Annotated[str, MaxLength(120)]


def said_by_another():
    """Return what an exception said, which is over and forgotten."""
    try:
        fail()
    except LedgerError as error:
        return str(error)


@needs_raises
@pytest.mark.parametrize("error", [OrderRefused, OrderHeld], ids=lambda error: error.__name__)
def test_a_parameter_that_repeats_an_exception_of_the_request_does_not_leave(app, get, sink, error):
    @app.get("/")
    def read():
        raise error(reason=said_by_another())

    answer = get("/")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "CONFLICT"
    assert WORDS not in answer.text
    (incident,) = sink.incidents
    (withheld,) = incident["withheld"]
    assert (withheld["where"], withheld["text"]) == ("parameter reason", WORDS)
    assert "raised in fail" in withheld["reason"]


@pytest.mark.parametrize("error", [OrderRefused, OrderHeld], ids=lambda error: error.__name__)
def test_a_parameter_of_an_authors_own_words_leaves(app, get, sink, error):
    @app.get("/")
    def read():
        said_by_another()
        raise error(reason="the vintage of that year is sold out")

    answer = get("/").json()["error"]
    assert answer["details"] == {"reason": "the vintage of that year is sold out"}
    assert sink.incidents == ()


class NoteRefused(PublicError, ValueError):
    status = 422
    message = "This note was refused: {reason}"
    reason: Annotated[str, MaxLength(120)]


def refuse(note):
    said = said_by_another()
    if note == "late":
        raise ValueError("Notes are written in the evening, never before noon")
    raise NoteRefused(reason=said if note == "said" else "the vintage of that year is sold out")


@pytest.fixture
def refused(app, get):
    @app.get("/")
    def read(note: Annotated[str, AfterValidator(refuse)]):
        return note

    def ask(note):
        answer = get("/", params={"note": note})
        assert answer.status_code == 422
        return answer

    return ask


@needs_raises
def test_a_parameter_in_the_words_of_a_validator_is_held_to_the_same(refused, sink):
    assert WORDS not in refused("said").text
    (withheld,) = sink.incidents[0]["withheld"]
    assert (withheld["where"], withheld["text"]) == ("parameter reason", WORDS)


@pytest.mark.parametrize(
    ("note", "message"),
    [
        ("own", "This note was refused: the vintage of that year is sold out"),
        ("late", "Notes are written in the evening, never before noon"),
    ],
)
def test_what_a_validator_says_in_its_authors_words_leaves(refused, sink, note, message):
    (field,) = refused(note).json()["error"]["fields"]
    assert field["message"] == message
    assert sink.incidents == ()


@needs_raises
def test_a_parameter_that_the_client_sent_leaves_whoever_said_it(app, get):
    @app.get("/")
    def read(note: str):
        with suppress(LedgerError):
            raise LedgerError(note)
        raise OrderRefused(reason=note)

    assert get("/", params={"note": WORDS}).json()["error"]["details"] == {"reason": WORDS}


@needs_raises
def test_a_challenge_that_repeats_an_exception_of_the_request_does_not_leave(app, get, sink):
    @app.get("/")
    def read():
        realm = f'Bearer realm="{said_by_another()}"'
        raise HTTPException(401, "Sign in first", headers={"WWW-Authenticate": realm})

    answer = get("/")
    assert "www-authenticate" not in answer.headers
    assert answer.json()["error"]["message"] == "Sign in first"
    (incident,) = sink.incidents
    assert "header www-authenticate" in [held["where"] for held in incident["withheld"]]


@needs_raises
@pytest.mark.parametrize("place", ["thread", "executor", "to_thread"])
def test_what_threads_raise_is_heard(app, get, place):
    @app.get("/")
    async def read():
        told = []

        def work():
            try:
                fail()
            except LedgerError as error:
                told.append(str(error))

        if place == "thread":
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        elif place == "executor":
            await asyncio.get_running_loop().run_in_executor(None, work)
        else:
            await asyncio.to_thread(work)
        return {"told": told}

    assert get("/").json() == {"told": ["Something went wrong"]}


@needs_raises
def test_an_echo_in_a_stream_ends_it(app, get, sink):
    @app.get("/")
    def read():
        async def events():
            yield "data: one\n\n"
            try:
                fail()
            except LedgerError as error:
                yield f"data: {error}\n\n"
            yield "data: three\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    text = get("/").text
    assert text.startswith("data: one\n\nevent: error\ndata: ")
    assert WORDS not in text
    assert "three" not in text
    assert len(sink.incidents) == 1


def test_what_an_exception_handler_answers_with_is_heard_on_every_python(app, get):
    @app.exception_handler(LedgerError)
    async def handle(_request: Request, error: LedgerError):
        return Response(json.dumps({"a": 1, "note": str(error)}), media_type="application/json")

    @app.get("/")
    def read():
        fail()

    assert get("/").json() == {"a": 1, "note": "Something went wrong"}


def test_what_the_client_sent_is_no_echo(app, get, sink):
    @app.get("/")
    def read(name: str):
        try:
            raise LedgerError(name)
        except LedgerError:
            return {"name": name}

    assert get("/", params={"name": WORDS}).json() == {"name": WORDS}
    assert not sink.incidents


@needs_raises
@pytest.mark.parametrize("is_ascii", [True, False], ids=["ASCII", "UTF-8"])
def test_what_the_client_sent_in_json_is_no_echo(app, sink, is_ascii):
    said = 'Für "den Keller" ist\tdas Fass zu groß'

    @app.post("/")
    async def read(request: Request):
        note = (await request.json())["note"]
        with suppress(LedgerError):
            raise LedgerError(note)
        return {"note": note}

    content = json.dumps({"note": said}, ensure_ascii=is_ascii)
    client = TestClient(Shield(sinks=[sink])(app))
    assert client.post("/", content=content).json() == {"note": said}
    assert not sink.incidents


def test_declared_words_are_no_echo(app, get, sink):
    @app.get("/")
    def read():
        try:
            raise SeatsTaken
        except SeatsTaken as error:
            return {"note": error.public_message}

    assert get("/").json() == {"note": "These seats are taken, choose others please"}
    assert not sink.incidents


def test_a_literal_of_the_application_is_no_echo(app, get, sink):
    @app.get("/")
    def read():
        try:
            raise HTTPException(404, "There is no such order in your account")
        except HTTPException as error:
            return {"note": error.detail}

    assert get("/").json() == {"note": "There is no such order in your account"}
    assert not sink.incidents


def test_short_and_common_texts_are_no_echo(app, get, sink):
    @app.get("/")
    def read():
        for text in ("7", "not found", "name"):
            try:
                raise KeyError(text)
            except KeyError:
                pass
        return {"name": "not found", "id": "7"}

    assert get("/").json() == {"name": "not found", "id": "7"}
    assert not sink.incidents


def test_one_request_does_not_hear_another(app, get, sink):
    @app.get("/first")
    def first():
        try:
            fail()
        except LedgerError:
            return {"ok": True}

    @app.get("/second")
    def second():
        return {"note": WORDS}

    assert get("/first").json() == {"ok": True}
    assert get("/second").json() == {"note": WORDS}
    assert not sink.incidents


PART = b'--edge\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
OF_A_FORM = {"content-type": 'multipart/form-data; boundary="edge"'}


@pytest.mark.parametrize("seat", [b"7", b"7" * 200_000])
@pytest.mark.parametrize(
    ("end", "status"),
    [
        (b"--edge--\r\n", 422),
        (b"", 400),
        (b"--edge", 400),
        (b'--edge\r\nContent-Disposition: form-data; name="row"\r\n\r\n7', 400),
    ],
)
def test_a_form_that_breaks_off_is_malformed_and_misses_nothing(app, sink, seat, end, status):
    @app.post("/")
    def read(seat: str = Form(), row: str = Form()):
        return seat, row

    client = TestClient(Shield(sinks=[sink])(app))
    answer = client.post("/", content=PART % (b"seat", seat) + end, headers=OF_A_FORM)
    assert answer.status_code == status
    assert not sink.incidents


def test_an_empty_form_is_malformed(app, sink):
    @app.post("/")
    def read(seat: str = Form()):
        return seat

    client = TestClient(Shield(sinks=[sink])(app))
    assert client.post("/", content=b"", headers=OF_A_FORM).status_code == 400


def test_what_is_wrong_beside_a_form_that_nobody_reads_is_told(app, sink):
    @app.post("/")
    def read(row: int):
        return row

    client = TestClient(Shield(sinks=[sink])(app))
    answer = client.post("/?row=one", content=PART % (b"seat", b"7"), headers=OF_A_FORM)
    assert answer.status_code == 422
