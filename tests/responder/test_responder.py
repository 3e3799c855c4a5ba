"""The decision point: it answers whatever it is given, and never raises."""

from __future__ import annotations

import gzip
import json
import os
import sys
import zlib
from linecache import getline

import brotli
import pytest
import zstandard

from tightlip import PublicError, on_exception
from tightlip.exchange import Request, Response
from tightlip.failure import HttpFailure
from tightlip.incidents.secrets import named
from tightlip.responder import error_fields
from tightlip.responder import responder as module
from tightlip.responder.policy import Policy
from tightlip.responder.responder import Responder
from tightlip.wire import last_resort

CANARY = "canary-6d1f"
REQUEST = Request("GET", "/items/1", headers=((b"accept", b"*/*"),))


class Declined(PublicError):
    status = 402
    message = "The card was declined"


class HttpError(Exception):
    def __init__(self, status, detail=None, headers=None):
        super().__init__(status, detail)
        self.failure = HttpFailure(status, detail, headers or {})


def read(exception):
    return getattr(exception, "failure", None)


@pytest.fixture
def responder(sink):
    return Responder(Policy(sinks=(sink,)))


def raised(exception):
    """The exception, with the traceback of a raise."""
    try:
        raise exception
    except BaseException as caught:
        return caught


class TextRaises(Exception):
    def __str__(self):
        raise RuntimeError(CANARY)

    __repr__ = __str__


class TextIsNone(Exception):
    def __str__(self):
        return self.__cause__

    __repr__ = __str__


class TextRecurses(Exception):
    def __str__(self):
        return str(self)

    __repr__ = __str__


class TextExits(Exception):
    def __str__(self):
        raise SystemExit(CANARY)


class AttributesRaise(Exception):
    def __getattribute__(self, name):
        raise RuntimeError(CANARY)


class ClassLies(Exception):
    @property
    def __class__(self):
        raise RuntimeError(CANARY)


class OddText(str):
    __slots__ = ()

    def __eq__(self, other):
        raise RuntimeError(CANARY)

    __hash__ = str.__hash__


class EndlessCause(Exception):
    @property
    def __cause__(self):
        return EndlessCause()


def deep():
    error = ValueError(CANARY)
    for _ in range(3000):
        error = ExceptionGroup(CANARY, [error])
    return error


def circle():
    first, second = ValueError(CANARY), KeyError(CANARY)
    first.__cause__, second.__cause__ = second, first
    return first


def inside_itself():
    value = [CANARY]
    value.append(value)
    return value


HOSTILE = {
    "text raises": TextRaises(CANARY),
    "text is none": TextIsNone(CANARY),
    "text recurses": TextRecurses(CANARY),
    "text exits": TextExits(CANARY),
    "attributes raise": AttributesRaise(CANARY),
    "class lies": ClassLies(CANARY),
    "odd text": ValueError(OddText(CANARY)),
    "endless cause": EndlessCause(CANARY),
    "group": ExceptionGroup(CANARY, [ValueError(CANARY), KeyError(CANARY)]),
    "deep group": deep(),
    "circle": circle(),
    "recursion": RecursionError(CANARY),
    "memory": MemoryError(),
    "surrogate": ValueError(f"{CANARY}\ud800"),
    "bytes": ValueError(CANARY.encode()),
    "huge": ValueError(CANARY * 1_000_000),
    "exit": SystemExit(CANARY),
    "stop": StopIteration(CANARY),
    "http odd status": HttpError(CANARY, CANARY),
    "http odd detail": HttpError(404, TextRaises(CANARY)),
    "http odd headers": HttpError(404, None, {TextRaises(CANARY): TextIsNone()}),
    "http circle": HttpError(404, inside_itself()),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_every_exception_is_answered_and_recorded(responder, sink, capfd, name):
    answer = responder.answer(raised(HOSTILE[name]), REQUEST, read=read)
    assert answer.response.status in {404, 500}
    assert CANARY.encode() not in answer.response.body
    assert CANARY not in repr(answer.response.headers)
    assert json.loads(answer.response.body)["error"]["code"] in {
        "INTERNAL_SERVER_ERROR",
        "NOT_FOUND",
    }
    assert len(sink.incidents) == 1
    assert answer.is_server_error is (answer.response.status == 500)
    assert CANARY not in capfd.readouterr().err


@pytest.mark.parametrize("name", ["attributes raise", "class lies"])
def test_an_exception_that_cannot_be_asked_makes_an_incident_behind_a_declared_error(
    responder, sink, name
):
    def asking(exception):
        return HttpFailure(418) if isinstance(exception, OSError) else None

    declined = Declined()
    declined.__cause__ = HOSTILE[name]
    answer = responder.answer(raised(declined), REQUEST, read=asking)
    assert answer.response.status == Declined.status
    assert [incident["reference"] for incident in sink.incidents] == [answer.reference]


def test_an_exception_without_a_request_or_traceback_is_answered(responder, sink):
    answer = responder.answer(RuntimeError(CANARY), None)
    assert answer.response.status == 500
    assert len(sink.incidents) == 1


class FailingSink:
    def send(self, incident):
        raise RuntimeError(CANARY)

    def close(self):
        pass


def test_a_sink_that_fails_does_not_touch_the_answer_and_standard_error_takes_the_record(capfd):
    responder = Responder(Policy(sinks=(FailingSink(),), directory=None))
    answer = responder.answer(raised(RuntimeError("of the handler")), REQUEST)
    error = json.loads(answer.response.body)["error"]
    assert error["code"] == "INTERNAL_SERVER_ERROR"
    written = capfd.readouterr().err
    assert error["reference"] in written
    assert "of the handler" in written


def fault(*arguments, **keywords):
    raise RuntimeError(CANARY)


@pytest.mark.parametrize(
    "broken",
    [
        "render",
        "new_reference",
        "allowed_with_error",
        "Decision",
        "standard_error",
    ],
)
def test_a_fault_of_our_own_is_answered_by_the_precomputed_bytes(
    responder, sink, capfd, monkeypatch, broken
):
    place = error_fields if broken == "allowed_with_error" else module
    monkeypatch.setattr(place, broken, fault)
    if broken == "standard_error":
        answer = responder.review(Response(404, (), b"words"), REQUEST)
    else:
        answer = responder.answer(raised(RuntimeError("of the handler")), REQUEST)
    assert answer.response == last_resort.ANSWER
    written = capfd.readouterr().err
    assert written.count("\n") == 1
    assert "tightlip: a fault of our own, answered by the last resort: builtins.Runtime" in written
    assert "test_responder.py:" in written
    assert CANARY not in written
    if broken != "new_reference":
        (incident,) = sink.incidents
        assert "a fault of our own" in incident["notes"][0]


def test_without_memory_for_an_expression_the_answer_is_safe_and_recorded(
    responder, sink, monkeypatch
):
    class Exhausted:
        def __getattr__(self, name):
            raise MemoryError

    def fail():
        password = CANARY
        raise RuntimeError(f"password={CANARY}")

    def answered():
        with pytest.raises(RuntimeError) as caught:
            fail()
        return responder.answer(caught.value, REQUEST).response

    with monkeypatch.context() as patch:
        patch.setattr(named, "_NAMED", Exhausted())
        first = answered()
    second = answered()
    assert (first.status, second.status) == (500, 500)
    assert CANARY.encode() not in first.body + second.body
    assert len(sink.incidents) == 2
    assert CANARY not in json.dumps([dict(incident) for incident in sink.incidents])


@pytest.mark.parametrize(
    "exception", [RuntimeError, SystemExit, KeyboardInterrupt, MemoryError, RecursionError]
)
def test_a_translator_that_fails_is_answered_by_the_precomputed_bytes(
    responder, sink, capfd, monkeypatch, exception
):
    def fails(*arguments):
        raise exception(CANARY)

    monkeypatch.setattr(responder._translator, "translate", fails)
    answer = responder.answer(raised(ValueError("of the handler")), REQUEST)
    assert answer.response == last_resort.ANSWER
    assert "last resort" in capfd.readouterr().err
    (incident,) = sink.incidents
    assert incident["exception.message"] == "of the handler"


def test_a_recorder_that_fails_leaves_no_reference_and_no_harm(responder, monkeypatch):
    monkeypatch.setattr(responder._recorder, "record", lambda occurrence: False)
    answer = responder.answer(raised(ValueError(CANARY)), REQUEST)
    assert json.loads(answer.response.body) == {
        "error": {"code": "INTERNAL_SERVER_ERROR", "message": "Something went wrong"}
    }
    assert answer.reference is None


def test_a_recorder_that_raises_is_answered_by_the_precomputed_bytes(responder, monkeypatch, capfd):
    monkeypatch.setattr(responder._recorder, "record", fault)
    answer = responder.answer(raised(ValueError(CANARY)), REQUEST)
    assert answer.response == last_resort.ANSWER
    assert "last resort" in capfd.readouterr().err


def test_a_closed_standard_error_does_not_matter(responder, monkeypatch):
    monkeypatch.setattr(module, "render", fault)
    monkeypatch.setattr(os, "write", fault)
    assert responder.answer(ValueError(CANARY), REQUEST).response == last_resort.ANSWER


@pytest.mark.parametrize("name", ["answer", "review", "close_reason", "last_words"])
def test_no_entry_raises_when_everything_fails(responder, monkeypatch, name):
    answer = responder.answer(Declined(), REQUEST)
    for broken in ("render", "standard_error", "prove", "envelope", "Withheld"):
        monkeypatch.setattr(module, broken, fault)
    given = {
        "answer": (ValueError(CANARY), REQUEST),
        "review": (Response(400, (), CANARY.encode()), REQUEST),
        "close_reason": (CANARY, REQUEST, sys._getframe()),
        "last_words": (answer,),
    }
    assert CANARY not in repr(getattr(responder, name)(*given[name]))


def test_the_last_resort_to_head_has_no_body(responder, monkeypatch):
    monkeypatch.setattr(module, "render", fault)
    response = responder.answer(ValueError(), Request("HEAD")).response
    assert (response.body, response.headers) == (b"", last_resort.ANSWER.headers)


def test_a_declared_error_alone_makes_no_incident_and_one_with_a_cause_does(responder, sink):
    answer = responder.answer(raised(Declined()), REQUEST)
    assert (answer.is_declared, answer.is_server_error, answer.reference) == (True, False, None)
    assert not sink.incidents
    try:
        try:
            raise KeyError(CANARY)
        except KeyError:
            raise Declined
    except Declined as error:
        answer = responder.answer(error, REQUEST)
    assert json.loads(answer.response.body)["error"] == {
        "code": "DECLINED",
        "message": "The card was declined",
        "reference": sink.incidents[0].reference,
    }


def test_a_rule_that_fails_is_recorded_though_the_answer_is_declared(sink):
    rules = (on_exception(Declined, Declined, when=fault),)
    responder = Responder(Policy(sinks=(sink,), translations=rules))
    answer = responder.answer(raised(Declined()), REQUEST)
    assert (answer.error.code, answer.is_declared) == ("DECLINED", True)
    (incident,) = sink.incidents
    assert "the condition of" in incident["notes"][0]


def test_withheld_words_are_told_with_their_line_and_the_declaration(responder, sink):
    def charge_card():
        text = f"{CANARY} was declined"
        raise HttpError(402, text)

    try:
        charge_card()
    except HttpError as error:
        answer = responder.answer(error, REQUEST, read=read)
    assert answer.error.code == "PAYMENT_REQUIRED"
    (withheld,) = sink.incidents[0]["withheld"]
    assert withheld["where"] == "detail"
    assert withheld["text"] == f"{CANARY} was declined"
    assert "no literal" in withheld["reason"]
    file, _, line = withheld["source"].rpartition(":")
    assert getline(file, int(line)).strip() == "raise HttpError(402, text)"
    compile(withheld["advice"].partition("\n\n")[0], "advice", "exec")
    assert withheld["advice"].startswith("class ChargeCardPaymentRequired(tightlip.PublicError):")


def test_the_advice_can_be_pasted():
    from tightlip.translation.advice import declaration

    for function, status in (("charge_card", 402), ("<lambda>", 404), ("", 500), ("x1_é", 599)):
        source = declaration(function, status)
        compile(source, "advice", "exec")
        assert f"status = {status}" in source


def test_a_translation_and_the_application_s_own_handler_agree(sink):
    rules = (on_exception(ZeroDivisionError, Declined),)
    responder = Responder(Policy(sinks=(sink,), translations=rules))
    own = Response(418, ((b"retry-after", b"3"), (b"etag", b"1")), b"own words")
    answer = responder.answer(raised(ZeroDivisionError()), REQUEST, response=own)
    assert (answer.response.status, answer.error.code) == (402, "DECLINED")
    headers = dict(answer.response.headers)
    assert headers[b"retry-after"] == b"3"
    assert b"etag" not in headers


def test_a_status_that_the_application_s_own_handler_chose_stands(responder):
    own = Response(410, (), b"own words")
    answer = responder.answer(raised(KeyError(CANARY)), REQUEST, response=own)
    assert (answer.response.status, answer.error.code) == (410, "GONE")
    try:
        raise HttpError(404, "Not here")
    except HttpError as error:
        answer = responder.answer(error, REQUEST, read=read, response=own)
    assert (answer.response.status, answer.error.public_message) == (410, "Not here")


def test_a_public_error_whose_details_were_spoilt_says_what_it_declared(responder, sink):
    error = Declined()
    error.details = {"a": object()}
    answer = responder.answer(raised(error), REQUEST)
    assert (answer.response.status, answer.error.public_message) == (402, Declined.message)
    assert b"details" not in answer.response.body
    (incident,) = sink.incidents
    assert [words["where"] for words in incident["withheld"]] == ["details"]


def test_headers_put_on_a_public_error_after_its_declaration_do_not_leave(responder):
    error = Declined()
    error.headers = {"x-own": f"{CANARY}\r\nset-cookie: a=b"}
    error.docs = CANARY
    assert CANARY not in repr(responder.answer(raised(error), REQUEST).response)


PACKERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "br, gzip": lambda data: gzip.compress(brotli.compress(data)),
}


@pytest.mark.parametrize("coding", PACKERS)
def test_the_record_shows_a_packed_answer_as_the_client_would_read_it(responder, sink, coding):
    headers = ((b"content-encoding", coding.encode()),)
    responder.review(Response(500, headers, PACKERS[coding](b"canary " * 9)), REQUEST)
    (incident,) = sink.incidents
    assert incident["withheld"][0]["text"] == "canary " * 9


@pytest.mark.parametrize(
    ("headers", "body", "is_written"),
    [
        ((), b"", False),
        ((), b"Not Found", False),
        ((), b"words", True),
        (((b"content-length", b"0"),), b"", False),
        (((b"content-length", b"9"),), b"", False),
        (((b"content-length", b"5"),), b"", True),
        (((b"content-length", b"five"),), b"", False),
    ],
)
def test_an_answer_that_somebody_wrote_is_recorded_also_where_head_leaves_the_words_out(
    responder, sink, headers, body, is_written
):
    answer = responder.review(Response(404, headers, body), REQUEST)
    assert (answer.reference is not None) is is_written
    assert len(sink) == is_written
