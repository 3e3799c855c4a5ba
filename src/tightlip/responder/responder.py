"""Responder: the one decision point. An exception or an answer goes in, what leaves comes out."""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from tightlip.catalog.error import PublicError
from tightlip.catalog.exports.openapi import describe
from tightlip.catalog.standard import standard_error
from tightlip.exchange import Headers, Request, Response, first_of
from tightlip.failure import Failure, HttpFailure, ValidationFailure, Withheld
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import new_reference
from tightlip.incidents.sink import default_sinks, open_sink
from tightlip.responder.decision import Decision, Read
from tightlip.responder.policy import ConfigurationError, Policy
from tightlip.responder.wording import Detectors
from tightlip.translation.advice import declaration
from tightlip.translation.literal import live_places, prove, source_of
from tightlip.translation.translator import Translator
from tightlip.wire import envelope, last_resort
from tightlip.wire.headers import allowed_with_error, assemble, without_machinery
from tightlip.wire.negotiation import render

if TYPE_CHECKING:
    from types import FrameType

_LONGEST_WITHHELD = 8192
_PLAIN_PHRASES = frozenset(
    # What frameworks and servers write of themselves where nobody wrote anything.
    {b"not found", b"method not allowed", b"internal server error", b"bad request", b"forbidden"}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What leaves for a failure.

    Attributes:
        response: The whole answer.
        error: The public error in it.
        reference: The reference of the incident, where one was recorded.
        is_declared: Whether an author declared these words for this very failure.
        is_server_error: Whether the failure is the application's, and no author foresaw it.
    """

    response: Response
    error: PublicError
    reference: str | None
    is_declared: bool
    is_server_error: bool


def read_nothing(exception: BaseException) -> Failure | None:  # noqa: ARG001 - a reader takes one
    """Know no exception: the reader of an application without a framework."""
    return None


class Responder:
    """Decides what a client is told, and sees to it that the rest is recorded first.

    No method raises, whatever it is given.

    Args:
        policy: The settings.

    Raises:
        ConfigurationError: A sink cannot be opened.
        DeclarationError: Two translations contradict each other, or a declared message is one
            that a detector flags.
    """

    public_error: ClassVar[type[Exception]] = PublicError
    """The class of the errors that speak for themselves, for adapters to listen to."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._translator = Translator(policy.translations)
        self._detectors = Detectors()
        self._detectors.check_catalog()
        try:
            sinks = (
                default_sinks()
                if policy.sinks is None
                else [open_sink(sink) for sink in policy.sinks]
            )
        except (TypeError, ValueError, ImportError) as error:
            raise ConfigurationError(f"sinks: {error}") from None
        self._recorder = Recorder(
            sinks,
            service_name=policy.service_name,
            service_version=policy.service_version,
        )

    def answer(
        self,
        exception: BaseException,
        request: Request | None,
        *,
        read: Read = read_nothing,
        response: Response | None = None,
        event: str = "http.server.request.exception",
    ) -> Answer:
        """Answer an exception.

        Args:
            exception: The exception, with its traceback.
            request: The request under way, where there is one.
            read: The adapter's reader of its framework's exceptions.
            response: What the application's own handler made of the exception: its status and
                its allowed headers count, its body does not.
            event: The name of the event in the record.
        """
        try:
            decision = self._decide(exception, read)
            if response is not None:
                decision = self._with_response(decision, response)
            headers = allowed_with_error(
                (*self._policy.headers, *_http_headers(decision), *_headers(response))
            )
            return self._send(decision, request, headers, read, event)
        except BaseException as fault:  # whatever it is, the client gets the precomputed answer
            return self._last_resort(fault, request, exception)

    def review(self, response: Response, request: Request, *, made_by: str = "") -> Answer:
        """Answer for a finished response of status 400 or above that was made by hand.

        Its body cannot be proved, and is withheld. `made_by` names the function that made it.
        """
        try:
            error = standard_error(response.status)
            written = response.body and response.body.strip().lower() not in _PLAIN_PHRASES
            withheld = (_withheld_body(response, made_by),) if written else ()
            decision = Decision(error, withheld=withheld)
            headers = allowed_with_error((*self._policy.headers, *response.headers))
            event = "http.server.response.withheld"
            return self._send(decision, request, headers, read_nothing, event)
        except BaseException as fault:  # as above
            return self._last_resort(fault, request)

    def last_words(self, answer: Answer) -> bytes:
        """Return the envelope that ends a stream, without a line break in it."""
        try:
            return envelope.render(answer.error, answer.reference)
        except BaseException:  # as above
            return last_resort.BODY

    def close_reason(
        self, reason: str, request: Request, frame: FrameType | None
    ) -> tuple[str, str | None]:
        """Return what may stand as the reason of a WebSocket close, and a reference.

        Args:
            reason: The reason that the application gave.
            request: The handshake's request.
            frame: The frame of the call that sends the close.
        """
        try:
            places = live_places(frame)
            verdict = prove(reason, None, places)
            why = verdict.reason or self._detectors.flags(reason)
            if verdict.declared and why is None:
                return str.__str__(reason), None
            withheld = Withheld("close reason", reason, why or "", source_of(places))
            # Made in the handling of an exception, the reason tells of that one.
            handled = sys.exception()
            decision = Decision(standard_error(500), exception=handled, withheld=(withheld,))
            answer = self._send(decision, request, (), read_nothing, "websocket.close.withheld")
        except BaseException as fault:  # as above
            answer = self._last_resort(fault, request)
        return "", answer.reference

    @staticmethod
    def describe(document: dict[str, Any]) -> dict[str, Any]:
        """Put the errors that are on the wire into an OpenAPI document."""
        return describe(document)

    @staticmethod
    def repeat(response: Response, headers: Headers) -> Response:
        """Return a decided answer with those headers that were added on its way and may leave."""
        own = dict(response.headers)
        return replace(response, headers=assemble(own, allowed_with_error(headers)))

    @staticmethod
    def outgoing(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Return the headers of a good response without those that name the machinery.

        Raises:
            TypeError, ValueError: A header is one that cannot be sent.
        """
        return without_machinery(headers)

    def _decide(self, exception: BaseException, read: Read) -> Decision:
        translation = self._translator.translate(exception, read, self._detectors.flags)
        return Decision(
            translation.error,
            translation.declared,
            exception,
            translation.failure,
            translation.withheld,
            translation.notes,
        )

    def _with_response(self, decision: Decision, response: Response) -> Decision:
        """Let the status stand that the application's own handler chose.

        Not where an author declared the answer to this failure, not for a refused request, which
        is told alike everywhere, and not a plain 500, which is what frameworks choose where
        nobody did.
        """
        if isinstance(decision.failure, ValidationFailure):
            return decision
        if response.body and not decision.declared:
            decision = replace(decision, withheld=(*decision.withheld, _withheld_body(response)))
        settled = decision.declared and not isinstance(decision.failure, HttpFailure)
        if settled or response.status in {decision.error.status, 500}:
            return decision
        error = standard_error(response.status)
        if decision.declared:
            error.public_message = decision.error.public_message
            error.details = decision.error.details
        return replace(decision, error=error)

    def _send(
        self,
        decision: Decision,
        request: Request | None,
        headers: Headers,
        read: Read,
        event: str,
    ) -> Answer:
        reference = None
        response = None
        if decision.is_recorded(read):
            reference = new_reference()
            response = render(decision.error, request, reference, headers)
            if not self._record(decision, request, reference, response, event):
                reference = response = None
        if response is None:
            response = render(decision.error, request, reference, headers)
        return Answer(
            response, decision.error, reference, decision.declared, decision.is_server_error
        )

    def _record(
        self,
        decision: Decision,
        request: Request | None,
        reference: str,
        response: Response,
        event: str,
    ) -> bool:
        return self._recorder.record(
            Occurrence(
                reference=reference,
                request=request,
                exception=decision.exception,
                status=response.status,
                code=decision.error.code,
                answer=response.body or envelope.render(decision.error, reference),
                withheld=decision.withheld,
                facts=decision.facts,
                notes=decision.notes,
                event=event,
                fingerprint=decision.error.fingerprint,
            )
        )

    def _last_resort(
        self,
        fault: BaseException,
        request: Request | None,
        exception: BaseException | None = None,
    ) -> Answer:
        """Give the precomputed answer; tell standard error in one line, and the record in full."""
        note = _told(fault)
        with suppress(BaseException):
            self._recorder.record(
                Occurrence(
                    reference=new_reference(),
                    request=request,
                    exception=exception if exception is not None else fault,
                    status=500,
                    code=_LAST_ERROR.code,
                    answer=last_resort.BODY,
                    notes=(note,),
                )
            )
        response = last_resort.ANSWER
        if request is not None and request.method == "HEAD":
            response = replace(response, body=b"")
        return Answer(response, _LAST_ERROR, None, is_declared=False, is_server_error=True)


_LAST_ERROR = standard_error(500)


def _withheld_body(response: Response, made_by: str = "") -> Withheld:
    return Withheld(
        "body",
        _readable(response)[:_LONGEST_WITHHELD].decode("utf-8", "replace"),
        "an answer made by hand cannot be proved: raise a declared error instead",
        advice=declaration(made_by, standard_error(response.status).status),
    )


def _readable(response: Response) -> bytes:
    """Return the body, unpacked where a middleware has packed it."""
    if first_of(response.headers, b"content-encoding") not in {b"gzip", b"deflate"}:
        return response.body
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(response.body, _LONGEST_WITHHELD)
    except zlib.error:
        return response.body


def _headers(response: Response | None) -> Headers:
    return () if response is None else response.headers


def _http_headers(decision: Decision) -> Headers:
    """Return the headers that a framework's HTTP exception carries, as they may be."""
    given = getattr(decision.failure, "headers", None) or {}
    return tuple(
        (str(name).encode("latin-1", "replace"), str(value).encode("latin-1", "replace"))
        for name, value in given.items()
    )


def _told(fault: BaseException) -> str:
    """Write one line about a fault of our own to standard error; return what it says."""
    try:
        name = f"{type(fault).__module__}.{type(fault).__qualname__}"
        traceback = fault.__traceback__
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        place = ""
        if traceback is not None:
            place = f" at {traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
        note = f"a fault of our own, answered by the last resort: {name}{place}"
        os.write(2, f"tightlip: {note}\n".encode("ascii", "backslashreplace"))
    except BaseException:  # nothing is left to tell it to
        return "a fault of our own, answered by the last resort"
    return note
