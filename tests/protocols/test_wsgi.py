"""The guard over WSGI: when the start leaves, how failures end, what is closed."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from threading import Barrier, Thread
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import greenlet
import pytest

from tightlip import PublicError, Shield
from tightlip.detection.raises import is_open
from tightlip.protocols.asgi_exchange import StreamAbortedError

from_python_312 = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="raises are told from Python 3.12 on"
)
CANARY = "CANARY of /srv/app/secret.py"
PLAIN = [("Content-Type", "text/plain")]


class GateClosed(PublicError):
    status = 409
    message = "The gate is closed"


@dataclass
class Served:
    """What a server got from an application for one request."""

    started: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    raised: BaseException | None = None
    errors: str = ""

    @property
    def status(self) -> str:
        ((status, _),) = self.started
        return status

    @property
    def headers(self) -> dict[str, str]:
        ((_, headers),) = self.started
        return {name.lower(): value for name, value in headers}

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    @property
    def code(self) -> str:
        return json.loads(self.body)["error"]["code"]


def environment(path="/", method="GET", body=b"", **more):
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "wsgi.errors": StringIO(),
        **more,
    }
    if body:
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    setup_testing_defaults(environ)
    return environ


def serve(application, path="/", *, most=None, **options):
    """Ask as a server does, for `most` parts at the most; close what it gave."""
    served = Served()
    environ = environment(path, **options)
    errors = environ["wsgi.errors"]

    def start_response(status, headers, exc_info=None):
        assert exc_info is None
        served.started.append((status, headers))
        return served.parts.append

    body = None
    try:
        body = application(environ, start_response)
        for part in body:
            assert served.started
            served.parts.append(part)
            if len(served.parts) == most:
                break
    except BaseException as raised:  # all that leaves the application is looked at
        served.raised = raised
    finally:
        if hasattr(body, "close"):
            body.close()
    served.errors = errors.getvalue()
    return served


class Body:
    """A body that notices that it is closed."""

    def __init__(self, *parts):
        self.parts = iter(parts)
        self.closed = 0

    def __iter__(self):
        return self

    def __next__(self):
        part = next(self.parts)
        if isinstance(part, BaseException):
            raise part
        return part

    def close(self):
        self.closed += 1


def answering(body, status="200 OK", headers=PLAIN):
    def application(environ, start_response):
        start_response(status, list(headers))
        return body

    return application


def checked(application):
    """Have the standard library see to it that the server's side keeps to the protocol too."""
    checking = validator(application)

    def check(environ, start_response):
        return checking(environ, start_response)

    return check


@pytest.fixture
def guard(sink):
    return Shield(sinks=[sink])


def test_a_good_answer_leaves_as_it_is_and_keeps_to_the_protocol(guard, sink):
    def application(environ, start_response):
        start_response("200 Fine", PLAIN)
        return [b"all is ", b"well"]

    served = serve(validator(guard(checked(application))))
    assert served.raised is None
    assert (served.status, served.body) == ("200 OK", b"all is well")
    assert served.headers == {"content-type": "text/plain", "content-length": "11"}
    assert served.raised is None
    assert len(sink) == 0


def test_a_failure_keeps_to_the_protocol(guard, sink):
    def application(environ, start_response):
        raise ValueError(CANARY)

    served = serve(validator(guard(checked(application))))
    assert served.status == "500 Internal Server Error"
    assert served.raised is None
    assert served.errors == ""
    assert list(served.headers) == sorted(served.headers)
    assert sink.find(served.headers["x-error-reference"]) is not None


class Expired(BaseException):
    """As gevent's timeout: no `Exception`, and no end of anything."""


class Unaskable(Exception):
    @property
    def __class__(self):
        raise RuntimeError(CANARY)


@pytest.mark.parametrize(
    "exception",
    [
        SystemExit(CANARY),
        asyncio.CancelledError(CANARY),
        GeneratorExit(CANARY),
        Expired(CANARY),
    ],
    ids=lambda exception: type(exception).__name__,
)
@pytest.mark.parametrize("place", ["call", "first part"])
def test_what_would_end_the_thread_of_a_server_is_answered(guard, exception, place):
    def application(environ, start_response):
        if place == "call":
            raise exception
        start_response("200 OK", PLAIN)
        return Body(exception)

    served = serve(guard(application))
    assert (served.raised, served.code) == (None, "INTERNAL_SERVER_ERROR")


@pytest.mark.parametrize("place", ["call", "first part"])
def test_an_exception_that_cannot_be_asked_for_its_class_is_answered(guard, place):
    def application(environ, start_response):
        if place == "call":
            raise Unaskable(CANARY)
        start_response("200 OK", PLAIN)
        return Body(Unaskable(CANARY))

    served = serve(guard(application))
    assert (served.raised, served.code) == (None, "INTERNAL_SERVER_ERROR")
    assert served.headers["x-error-reference"]


def test_an_interrupt_passes_and_the_body_is_closed(guard):
    body = Body(KeyboardInterrupt())
    assert isinstance(serve(guard(answering(body))).raised, KeyboardInterrupt)
    assert body.closed == 1


@pytest.mark.parametrize("ending", [greenlet.GreenletExit(), pytest.fail.Exception(CANARY)])
def test_the_kill_of_a_greenlet_and_the_end_of_a_test_pass(guard, ending):
    assert serve(guard(answering(Body(ending)))).raised is ending


def test_the_start_waits_for_the_first_part(guard):
    body = Body(b"", GateClosed())
    served = serve(guard(answering(body)))
    assert (served.status, served.code) == ("409 Conflict", "GATE_CLOSED")
    assert body.closed == 1


def test_a_generator_may_start_its_answer_late(guard):
    def application(environ, start_response):
        start_response("200 OK", PLAIN)
        yield b"one\n"
        yield b"two\n"

    assert serve(guard(application)).parts == [b"one\n", b"two\n"]


def test_a_stream_leaves_part_by_part(guard):
    body = Body(b"one\n", b"two\n")
    assert serve(guard(answering(body)), most=1).parts == [b"one\n"]
    assert (list(body), body.closed) == ([b"two\n"], 1)


def test_a_stream_that_breaks_is_cut_without_a_word(guard, sink):
    body = Body(b"one\n", ValueError(CANARY))
    served = serve(guard(answering(body)))
    assert (served.status, served.parts) == ("200 OK", [b"one\n"])
    assert isinstance(served.raised, StreamAbortedError)
    assert "CANARY" not in repr(served.raised)
    assert served.raised.__cause__ is None
    assert served.raised.__suppress_context__
    assert body.closed == 1
    assert len(sink) == 1


def test_what_was_held_of_a_stream_that_breaks_still_leaves(guard):
    served = serve(guard(answering(Body(b"no end of a line", ValueError(CANARY)))))
    assert served.body == b"no end of a line"
    assert "content-length" not in served.headers
    assert isinstance(served.raised, StreamAbortedError)


def test_a_stream_of_which_nothing_has_left_is_answered_whole(guard):
    leak = b'psycopg2.errors.UniqueViolation: duplicate key value violates constraint "users_key"\n'
    served = serve(guard(answering(Body(leak, b"more"))))
    assert (served.status, served.code) == ("500 Internal Server Error", "INTERNAL_SERVER_ERROR")
    assert served.raised is None


_TRACE = (
    b'Traceback (most recent call last):\n  File "/srv/shop/api.py", line 3, in x\nKeyError: 1\n'
)


@pytest.mark.parametrize(
    ("parts", "headers", "status"),
    [
        ([_TRACE, b"more\n"], PLAIN, 500),
        ([b"a line that has left\n", _TRACE, b"more\n"], PLAIN, 200),
        ([b"data: " + _TRACE, b"\n\n"], [("content-type", "text/event-stream")], 200),
    ],
    ids=["first part", "later part", "events"],
)
def test_the_record_of_a_stream_that_leaks_has_the_status_that_the_client_got(
    guard, sink, parts, headers, status
):
    served = serve(guard(answering(Body(*parts), headers=headers)))
    assert int(served.status.partition(" ")[0]) == status
    (incident,) = sink.incidents
    assert incident["http.response.status_code"] == status
    assert b"KeyError" not in served.body


def test_events_end_with_a_declared_one(guard):
    headers = [("Content-Type", "text/event-stream")]
    served = serve(guard(answering(Body(b"data: one\n\n", GateClosed()), headers=headers)))
    first, last = served.parts
    assert first == b"data: one\n\n"
    assert last.startswith(b'event: error\ndata: {"error":{"code":"GATE_CLOSED"')
    assert served.raised is None


@pytest.mark.parametrize("status", ["400 Bad Request", "500 It broke"])
def test_an_error_made_by_hand_is_read_to_its_end_and_replaced(guard, sink, status):
    body = Body(b"CANARY ", b"CANARY")
    served = serve(guard(answering(body, status, [*PLAIN, ("ETag", "CANARY"), ("Allow", "GET")])))
    assert "CANARY" not in repr(served)
    assert served.headers["allow"] == "GET"
    assert served.status[:3] == status[:3]
    assert body.closed == 1
    (incident,) = sink.incidents
    assert "CANARY CANARY" in incident.as_json()


def test_an_endless_error_is_not_read_for_ever(guard):
    class Endless(Body):
        def __next__(self):
            return b"x" * 65536

    body = Endless()
    assert serve(guard(answering(body, "400 Bad Request"))).code == "INVALID_REQUEST"
    assert body.closed == 1


def test_the_exception_that_comes_with_a_start_is_the_failure(guard, sink):
    def application(environ, start_response):
        try:
            raise ValueError(CANARY)
        except ValueError as error:
            start_response("503 Away", PLAIN, (type(error), error, error.__traceback__))
            return [b"CANARY"]

    served = serve(guard(application))
    assert served.code == "SERVICE_UNAVAILABLE"
    (incident,) = sink.incidents
    assert incident["exception.type"] == "ValueError"


def test_a_start_with_an_exception_takes_the_place_of_one_that_has_not_left(guard):
    def application(environ, start_response):
        start_response("200 OK", PLAIN)
        try:
            raise GateClosed
        except GateClosed as error:
            start_response("500 Oh", PLAIN, (type(error), error, error.__traceback__))
        return [b"CANARY"]

    assert serve(guard(application)).code == "GATE_CLOSED"


def test_a_start_with_an_exception_comes_too_late_for_one_that_has_left(guard):
    def application(environ, start_response):
        start_response("200 OK", PLAIN)
        yield b"one\n"
        try:
            raise ValueError(CANARY)
        except ValueError as error:
            start_response("500 Oh", PLAIN, (type(error), error, error.__traceback__))
        yield b"CANARY"

    served = serve(guard(application))
    assert served.parts == [b"one\n"]
    assert isinstance(served.raised, StreamAbortedError)


def starts_twice(environ, start_response):
    start_response("200 OK", PLAIN)
    start_response("200 OK", PLAIN)
    return [b"twice"]


def starts_never(environ, start_response):
    return [b"a body"]


def gives_nothing(environ, start_response):
    return None


def says_nothing(environ, start_response):
    return []


def starts_with_a_number(environ, start_response):
    start_response(200, PLAIN)
    return [b"a body"]


@pytest.mark.parametrize(
    "application",
    [
        starts_twice,
        starts_never,
        gives_nothing,
        says_nothing,
        starts_with_a_number,
        answering(["text"]),
        answering([b"a body"], headers=[("X-Own", "a\r\nb: c")]),
        answering([b"a body"], headers=[("X-Own", "\u20ac")]),
        answering([b"a body"], headers=[("X-Own", 1)]),
        answering([b"a body"], status="100 Continue"),
        answering([b"short"], headers=[("Content-Length", "6")]),
        answering(b"bytes are numbers"),
    ],
)
def test_an_answer_that_is_none_is_a_failure_of_the_application(guard, sink, application):
    served = serve(guard(application))
    assert (served.raised, served.code) == (None, "INTERNAL_SERVER_ERROR")
    assert len(sink) == 1


@pytest.mark.parametrize("length", ["1", "9"])
def test_an_answer_of_another_length_than_announced_is_a_clean_500(guard, length):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", length)])
        return [b"fine"]

    served = serve(guard(application))
    assert (served.status, served.raised) == ("500 Internal Server Error", None)
    assert served.headers["content-length"] == str(len(served.body))
    assert served.headers["x-error-reference"]


@pytest.mark.parametrize("parts", [[b"fine"], [b"fi", b"ne"]])
def test_an_answer_whose_head_the_server_does_not_take_is_a_clean_500(guard, sink, parts):
    def application(environ, start_response):
        start_response("200 OK", [("Connection", "close")])
        return iter(parts)

    served = Served()

    def strict(status, headers, exc_info=None):
        assert "Connection" not in dict(headers), "no field of a connection"
        served.started.append((status, headers))
        return served.parts.append

    answer = guard(application)(environment(), strict)
    served.parts.extend(answer)
    answer.close()
    assert (served.status, served.code) == ("500 Internal Server Error", "INTERNAL_SERVER_ERROR")
    assert sink.find(served.headers["x-error-reference"]) is not None


def test_a_stream_that_is_shorter_than_announced_is_cut_and_a_small_one_answered_whole(guard):
    small = serve(guard(answering(Body(b"one\n", b"two\n"), headers=[("Content-Length", "9")])))
    assert (small.code, small.raised) == ("INTERNAL_SERVER_ERROR", None)
    headers = [("Content-Length", "900000")]
    served = serve(guard(answering(Body(b"one\n", b"two\n"), headers=headers)))
    assert served.parts == [b"one\n", b"two\n"]
    assert isinstance(served.raised, StreamAbortedError)


@pytest.mark.parametrize(
    ("body", "headers", "length"),
    [
        ([b"a body"], [], "6"),
        (Body(b"a ", b"body"), [("Content-Length", "6")], "6"),
        ([], [("Content-Length", "6")], "6"),
        ([], [], None),
    ],
)
def test_head_has_no_body_and_the_length_of_the_one_that_get_has(guard, body, headers, length):
    served = serve(guard(answering(body, headers=headers)), method="HEAD")
    assert (served.status, served.body) == ("200 OK", b"")
    assert served.headers.get("content-length") == length


def test_a_failure_says_to_head_what_it_says_to_get_without_the_body(guard):
    def application(environ, start_response):
        raise GateClosed

    got, asked = serve(guard(application)), serve(guard(application), method="HEAD")
    assert (asked.started, asked.body) == (got.started, b"")


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_an_answer_that_can_have_no_body_has_none(guard, status):
    for headers in ([], [("Content-Length", "6")]):
        served = serve(guard(answering([b"a body"], status, headers)))
        assert (served.status, served.headers, served.body) == (status, {}, b"")


def test_what_leaks_is_contained_and_the_length_is_true(guard):
    leak = 'psycopg2.errors.UniqueViolation: duplicate key value violates constraint "users_key"'
    body = json.dumps({"id": 1, "note": leak}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    served = serve(guard(answering([body], headers=headers)))
    assert json.loads(served.body)["id"] == 1
    assert b"psycopg2" not in served.body
    assert served.headers["content-length"] == str(len(served.body))


def test_what_is_written_leaves_at_once(guard):
    def application(environ, start_response):
        write = start_response("200 OK", PLAIN)
        write(b"one\n")
        write(b"two\n")
        return [b"three\n"]

    served = serve(guard(application))
    assert (served.status, served.parts) == ("200 OK", [b"one\n", b"two\n", b"three\n"])


def test_a_failure_after_what_was_written_cuts(guard):
    def application(environ, start_response):
        start_response("200 OK", PLAIN)(b"one\n")
        raise ValueError(CANARY)

    served = serve(guard(application))
    assert served.parts == [b"one\n"]
    assert isinstance(served.raised, StreamAbortedError)


def test_an_error_that_was_written_is_replaced(guard):
    def application(environ, start_response):
        start_response("400 Bad", PLAIN)(b"CANARY")
        return []

    served = serve(guard(application))
    assert (served.status, served.code) == ("400 Bad Request", "INVALID_REQUEST")


def test_a_body_that_fails_to_close_is_recorded_and_has_left(guard, sink):
    class Failing(Body):
        def close(self):
            raise ValueError(CANARY)

    served = serve(guard(answering(Failing(b"all is well\n"))))
    assert (served.body, served.raised) == (b"all is well\n", None)
    assert len(sink) == 1


def test_a_body_is_closed_once(guard):
    body = Body(b"one\n")
    answer = guard(answering(body))(environment(), lambda *_: None)
    assert list(answer) == [b"one\n"]
    answer.close()
    answer.close()
    assert body.closed == 1


@from_python_312
def test_a_body_that_was_read_to_its_end_hears_no_more_even_if_nobody_closes_it(guard):
    answer = guard(answering(Body(b"one\n", b"two\n")))(environment(), lambda *_: None)
    assert next(answer) == b"one\n"
    assert is_open()
    assert list(answer) == [b"two\n"]
    assert not is_open()


def test_the_server_sends_no_file_by_itself(guard):
    class Sent(FileWrapper):
        """The server's own: what is an instance of it, the server reads beside the guard."""

    def application(environ, start_response):
        start_response("200 OK", PLAIN)
        return environ["wsgi.file_wrapper"](BytesIO(b"a body"))

    environ = environment(**{"wsgi.file_wrapper": Sent})
    body = guard(application)(environ, lambda *arguments: None)
    assert not isinstance(body, Sent)
    assert b"".join(body) == b"a body"
    body.close()


def test_the_name_of_the_wrapper_stays_for_the_server_which_asks_for_it_after_the_call(guard):
    def application(environ, start_response):
        start_response("200 OK", PLAIN)
        return [b"a body"]

    environ = environment(**{"wsgi.file_wrapper": FileWrapper})
    body = guard(application)(environ, lambda *arguments: None)
    assert not isinstance(body, environ["wsgi.file_wrapper"])
    body.close()


@pytest.mark.parametrize("read", ["read", "readline", "readlines", "__iter__"])
def test_the_record_tells_of_the_request(guard, sink, read):
    def application(environ, start_response):
        given = getattr(environ["wsgi.input"], read)()
        assert (given if isinstance(given, bytes) else b"".join(given)) == b"one\n"
        assert not environ["wsgi.input"].closed
        raise ValueError(CANARY)

    environ = {
        "QUERY_STRING": "a=b",
        "REMOTE_ADDR": "203.0.113.7",
        "REMOTE_PORT": "50312",
        "HTTP_X_OWN": "mine",
        "SCRIPT_NAME": "/shop",
    }
    path = "/caf\u00e9".encode().decode("latin-1")
    serve(guard(application), path, method="POST", body=b"one\n", **environ)
    (incident,) = sink.incidents
    told = json.dumps(incident.as_dict(), ensure_ascii=False)
    for words in ("POST", "/shop/caf\u00e9", "203.0.113.7", "mine"):
        assert words in told, words
    assert incident["http.request.body.size"] == 4


def test_two_guards_decide_once(guard, sink):
    inner = guard(answering([b"CANARY"], "400 Bad"))

    def between(environ, start_response):
        return inner(environ, start_response)

    served = serve(guard(between))
    assert served.code == "INVALID_REQUEST"
    (incident,) = sink.incidents
    assert served.headers["x-error-reference"] == incident.reference


def test_a_cut_of_the_inner_guard_is_a_cut_of_the_outer(guard, sink):
    inner = guard(answering(Body(b"one\n", ValueError(CANARY))))

    def between(environ, start_response):
        return inner(environ, start_response)

    served = serve(guard(between))
    assert served.parts == [b"one\n"]
    assert isinstance(served.raised, StreamAbortedError)
    assert len(sink) == 1


def test_requests_at_one_time_do_not_meet(guard, sink):
    together = Barrier(8)

    def application(environ, start_response):
        together.wait(10)
        if environ["PATH_INFO"] == "/closed":
            raise GateClosed
        start_response("200 OK", PLAIN)
        return [environ["PATH_INFO"].encode()]

    shielded = guard(application)
    served = {}

    def ask(path):
        served[path] = serve(shielded, path)

    paths = ["/closed", *(f"/{number}" for number in range(7))]
    threads = [Thread(target=ask, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert served.pop("/closed").code == "GATE_CLOSED"
    assert {path: answer.body.decode() for path, answer in served.items()} == {
        path: path for path in paths[1:]
    }


class Opaque:
    """What a server makes of a file that it will send by itself: nothing that can be read."""

    def __init__(self, file, size=8192):
        self.file = file


def test_a_file_is_read_by_the_guard_and_not_sent_by_the_server(guard):
    def application(environ, start_response):
        start_response("200 OK", PLAIN)
        return environ["wsgi.file_wrapper"](BytesIO(b"one\ntwo\n"))

    served = serve(guard(application), **{"wsgi.file_wrapper": Opaque})
    assert (served.status, served.body) == ("200 OK", b"one\ntwo\n")


LEAK = b"""{"id":1,"note":"duplicate key value violates unique constraint 'users_key'"}""".replace(
    b"'", b'\\"'
)
LARGE = LEAK[:-1] + b',"pad":"' + b"x" * 300_000 + b'"}'  # too much to be gathered
JSON = [("Content-Type", "application/json")]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ([LEAK[:30], LEAK[30:]], JSON),
        ((LEAK,), JSON),
        (Body(LEAK), [*JSON, ("Content-Length", str(len(LEAK)))]),
        (Body(LARGE), [*JSON, ("Content-Length", str(len(LARGE)))]),
    ],
    ids=["list", "tuple", "announced", "large"],
)
def test_an_answer_that_is_whole_is_read_as_a_whole(guard, body, headers):
    served = serve(guard(answering(body, headers=headers)))
    assert served.status == "200 OK"
    assert json.loads(served.body)["id"] == 1
    assert b"users_key" not in served.body
    assert served.headers["content-length"] == str(len(served.body))


def test_a_part_that_is_no_bytes_is_told_of(guard, sink):
    serve(guard(answering(["text"])))
    (incident,) = sink.incidents
    assert incident["exception.message"] == "a body is made of bytes, not of str"


def test_a_body_without_a_start_is_told_of(guard, sink):
    serve(guard(starts_never))
    (incident,) = sink.incidents
    assert incident["exception.message"] == "a body came before start_response was called"


@from_python_312
def test_the_text_of_an_exception_that_was_caught_does_not_leave_in_a_good_answer(guard, sink):
    def application(environ, start_response):
        try:
            raise ValueError("the ledger of partner 4711 is out of balance")
        except ValueError as error:
            start_response("200 OK", JSON)
            return [json.dumps({"id": 1, "note": str(error)}).encode()]

    served = serve(guard(application))
    assert json.loads(served.body)["id"] == 1
    assert b"4711" not in served.body
    assert len(sink) == 1
