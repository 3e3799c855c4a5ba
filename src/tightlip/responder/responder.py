"""Responder: the one decision point. An exception or an answer goes in, what leaves comes out."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from tightlip.catalog.error import PublicError
from tightlip.catalog.exports.openapi import describe
from tightlip.catalog.standard import standard_error
from tightlip.exchange import Head, Headers, Request, Response
from tightlip.failure import Withheld
from tightlip.incidents.reference import new_reference
from tightlip.plugins import find_for
from tightlip.responder.answer import Answer, last_words, read_nothing
from tightlip.responder.decision import Decision, Read, with_response
from tightlip.responder.error_fields import ErrorFields
from tightlip.responder.error_page import ErrorPages, shows
from tightlip.responder.fault import tell
from tightlip.responder.hearing import Hearing, listen
from tightlip.responder.inspection import Inspection, scanner_of
from tightlip.responder.occurring import occurrence_of, occurrence_of_fault, occurrence_of_leak
from tightlip.responder.policy import Policy
from tightlip.responder.recording import open_recorder
from tightlip.responder.repetition import Heard, without_echo
from tightlip.responder.stream import StreamReview
from tightlip.responder.success import MESSAGE, RESPONSE, Leak, SuccessReview
from tightlip.responder.telling import key_of
from tightlip.responder.withholding import has_words, withheld_body
from tightlip.responder.wording import Detectors
from tightlip.source import adopt
from tightlip.translation.literal import live_places, prove, source_of
from tightlip.translation.translator import Translator
from tightlip.wire import envelope, last_resort
from tightlip.wire.headers import assemble, read_head
from tightlip.wire.negotiation import render

if TYPE_CHECKING:
    from types import FrameType, ModuleType

__all__ = ["Answer", "Responder", "read_nothing"]

_SWITCHING_PROTOCOLS = 101


class Responder:
    """Decides what a client is told, and sees to it that the rest is recorded first.

    No method raises, whatever it is given.

    Args:
        policy: The settings.

    Raises:
        ConfigurationError: A sink cannot be opened, or nothing says where incidents are kept.
        DeclarationError: Two translations contradict each other, or a declared message is one
            that a detector flags.
    """

    public_error: ClassVar[type[Exception]] = PublicError
    """The class of the errors that speak for themselves, for adapters to listen to."""

    adopt = staticmethod(adopt)
    """Counts the package of a module as the application, for adapters that know its name."""

    last_words = staticmethod(last_words)
    """Gives the envelope that ends a stream."""

    read_head = staticmethod(read_head)
    """Reads the headers of a good response; those that name the machinery are left out."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._translator = Translator(policy.translations)
        scanner = scanner_of(policy)
        self._detectors = Detectors(scanner)
        self._detectors.check_catalog()
        self._fields = ErrorFields(policy.headers, self._detectors)
        listen()
        self._pages = ErrorPages(policy.error_pages, scanner)
        self._success = SuccessReview(scanner, policy, self._record_leak, self._refuse)
        self._inspect = self._success.inspect
        self.review_fields = self._success.fields
        self._recorder = open_recorder(policy)

    def answer(  # noqa: PLR0913 - each is said by name
        self,
        exception: BaseException,
        request: Request | None,
        *,
        read: Read = read_nothing,
        hearing: Hearing | None = None,
        response: Response | None = None,
        withheld: tuple[Withheld, ...] = (),
        event: str = "http.server.request.exception",
        leaves: bool = True,
    ) -> Answer:
        """Answer an exception.

        Args:
            exception: The exception, with its traceback.
            request: The request under way, where there is one.
            read: The adapter's reader of its framework's exceptions.
            hearing: What the request has raised, with that reader, where that is heard.
            response: What the application's own handler made of the exception: its status and
                its allowed headers count, its body does not.
            withheld: What else does not leave, for the record.
            event: The name of the event in the record.
            leaves: Whether a client is told; what nobody waits for is only recorded.
        """
        heard = None
        try:
            if hearing is not None and request is not None:
                read = hearing.reader(request)
                heard = Heard(hearing, request, exception)
            decision = self._decide(exception, read)
            decision = without_echo(decision, heard)
            if response is not None:
                decision = with_response(decision, response)
            given = (*decision.headers, *(response.headers if response else ()))
            headers, kept = self._fields.allowed(given, request, decision, heard)
            if withheld or kept:
                decision = decision._replace(withheld=(*decision.withheld, *withheld, *kept))
            answer = self._send(decision, request, headers, read, event)
        except BaseException as fault:  # whatever it is, the client gets the precomputed answer
            answer = self._last_resort(fault, request, exception)
        return self._told(answer, request) if leaves else answer

    def review(self, response: Response, request: Request, *, made_by: str = "") -> Answer:
        """Answer for a finished response of status 400 or above that was made by hand.

        Its body cannot be proved, and is withheld. `made_by` names the function that made it.
        """
        try:
            error = standard_error(response.status)
            withheld = (withheld_body(response, made_by),) if has_words(response) else ()
            headers, kept = self._fields.allowed(response.headers, request)
            decision = Decision(error, withheld=(*withheld, *kept))
            event = "http.server.response.withheld"
            answer = self._send(decision, request, headers, read_nothing, event)
        except BaseException as fault:  # as above
            answer = self._last_resort(fault, request)
        return self._told(answer, request)

    def may_keep_page(self, path: str) -> bool:
        """Tell whether an error page of the application's may leave below `path`."""
        return self._pages.path_of(path) is not None

    def error_page(
        self,
        response: Response,
        request: Callable[[], Request],
        hearing: Hearing,
        exception: BaseException | None,
    ) -> Answer | None:
        """Let the application's own error page leave, to `exception` or made by hand.

        None where it may not, as it may on no path that the policy does not name.
        """
        try:
            path = self._pages.admits(response, request, hearing, exception)
            if path is None:
                return None
            decision = Decision(standard_error(response.status))
            if exception is not None:
                decision = self._decide(exception, hearing.read)
                if shows(response.body, exception, is_declared=decision.declared):
                    return None
                decision = with_response(decision, replace(response, body=b""))
            reference = new_reference() if decision.is_recorded(hearing.read) else None
            page = self._pages.as_sent(response, reference)
            if reference is not None:
                noted = decision._replace(notes=(*decision.notes, f"error page below {path}"))
                event = "http.server.response.error_page"
                if not self._record(noted, request(), reference, page, event):
                    page, reference = self._pages.as_sent(response, None), None
            is_server_error = decision.is_server_error
            answer = Answer(page, decision.error, reference, decision.declared, is_server_error)
            return self._told(answer, request())
        except BaseException as fault:  # it may not leave, then
            tell(fault)
            return None

    def keep(
        self, exception: BaseException, request: Request, facts: Mapping[str, str | int], event: str
    ) -> str | None:
        """Record a failure of which no client is told; return its reference, if it is kept.

        Args:
            exception: The exception, with its traceback.
            request: What was to be done.
            facts: What else is known, under OpenTelemetry's names.
            event: The name of the event in the record.
        """
        try:
            decision = self._decide(exception, read_nothing)
            reference = new_reference()
            occurrence = occurrence_of(decision, request, reference, 0, b"", event)
            known = occurrence._replace(facts={**facts, **occurrence.facts})
            return reference if self._recorder.record(known) else None
        except BaseException as fault:  # what it recorded has no reference that anybody was told
            self._last_resort(fault, request, exception)
            return None

    def hearing(self, read: Read) -> Callable[[], Hearing]:
        """Return what begins to hear what one request raises; to be closed on every way out."""
        return partial(Hearing, read, self._declares)

    def review_success(
        self,
        status: int,
        head: Head,
        body: bytes,
        request: Callable[[], Request],
        hearing: Hearing,
    ) -> Response | None:
        """Return what leaves in place of a whole good answer; None where it may leave as it is.

        Only where something leaks `request` is asked for, and a `Response` is made.
        """
        try:
            inspection = self._inspect(head, body, request, hearing)
            if inspection is None:
                return None
            response = Response(status, head.fields, body)
            return self._success.judge(inspection, response, request())
        except BaseException as fault:  # what could not be read does not leave
            return self._told(self._last_resort(fault, request()), request()).response

    def open_stream(  # noqa: PLR0913 - each is a part of the exchange
        self,
        status: int,
        head: Head,
        separator: re.Pattern[bytes] | None,
        request: Callable[[], Request],
        hearing: Hearing,
        *,
        starts_late: bool = False,
    ) -> tuple[Headers, StreamReview[Answer]]:
        """Return the headers that may leave before a stream, and what reads the stream.

        Args:
            status: The status of the answer.
            head: Its headers.
            separator: What ends an event of the stream; None where it has none.
            request: Gives the request; asked for only where something leaks.
            hearing: What the request raises meanwhile.
            starts_late: Whether the status leaves with the first part of the body only: until
                then, another answer can leave in the place of this one.
        """

        def judge(inspection: Inspection, has_left: bool) -> Answer | None:  # noqa: FBT001 - the seam's
            told = _LAST_ERROR.status if starts_late and not has_left else status
            return self._end_stream(inspection, told, request(), RESPONSE)

        return self._success.open_stream(head, separator, judge, request, hearing)

    def review_message(
        self, text: str, request: Callable[[], Request], hearing: Hearing
    ) -> Answer | None:
        """Return what ends a WebSocket in place of a message; None where that may leave.

        `request` is asked for only where something leaks.
        """
        try:
            message = text.encode("utf-8", "surrogatepass")
            inspection = self._success.inspect_message(message, request, hearing)
        except BaseException as fault:  # what could not be read does not leave
            return self._told(self._last_resort(fault, request()), request())
        if inspection is None:
            return None
        return self._end_stream(inspection, _SWITCHING_PROTOCOLS, request(), MESSAGE)

    def _end_stream(
        self, inspection: Inspection, status: int, request: Request, kind: str
    ) -> Answer | None:
        """Answer for a stream in which something leaks; None where it may go on."""
        try:
            leak = self._success.judge_stream(inspection, status, request, kind)
            if leak is None:
                return None
            reference: str | None = new_reference()
            response = render(_LAST_ERROR, request, reference)
            if not self._record_leak(leak, request, str(reference), response.body):
                reference = None
            answer = Answer(
                response, _LAST_ERROR, reference, is_declared=False, is_server_error=False
            )
        except BaseException as fault:  # as above
            answer = self._last_resort(fault, request)
        return self._told(answer, request)

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

    def guard_inside(self, part: object, besides: ModuleType) -> None:
        """Put the guard into a part of an application that another adapter knows.

        Args:
            part: What is mounted, routed to, or called by a middleware.
            besides: The adapter of the application that it is a part of.
        """
        try:
            adapters = find_for("adapters", part)
            if adapters and adapters[0] is not besides:
                adapters[0].wrap(part, self)
        except Exception as fault:  # the application is guarded around it all the same
            tell(fault)

    @staticmethod
    def describe(document: dict[str, Any]) -> dict[str, Any]:
        """Put the errors that are on the wire into an OpenAPI document."""
        return describe(document)

    def repeat(self, decided: Response, response: Response, request: Request) -> Response:
        """Return a decided answer with those headers that `response` adds to it and may leave."""
        allowed, _ = self._fields.allowed(response.headers, request)
        own = dict(decided.headers)
        return replace(decided, headers=assemble(own, allowed))

    def _told(self, answer: Answer, request: Request | None) -> Answer:
        """Have `answer` counted among those that clients were given."""
        with suppress(BaseException):  # it must leave, whether it is counted or not
            self._recorder.told(key_of(answer, request), answer.reference)
        return answer

    def _declares(self, exception: BaseException, read: Read) -> bool:
        translation = self._translator.translate(exception, read, self._detectors.flags)
        return translation.declared and not translation.withheld

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
        answer = response.body or envelope.render(decision.error, reference)
        return self._recorder.record(
            occurrence_of(decision, request, reference, response.status, answer, event)
        )

    def _record_leak(self, leak: Leak, request: Request, reference: str, answer: bytes) -> bool:
        return self._recorder.record(occurrence_of_leak(leak, request, reference, answer))

    def _refuse(self, leak: Leak, request: Request, headers: Headers) -> Response:
        """Answer in place of a good answer of which nothing may leave."""
        error = standard_error(leak.status)
        allowed, _ = self._fields.allowed(headers, request)
        reference: str | None = new_reference()
        response = render(error, request, reference, allowed)
        if not self._record_leak(leak, request, str(reference), response.body):
            response, reference = render(error, request, None, allowed), None
        answer = Answer(response, error, reference, is_declared=False, is_server_error=True)
        return self._told(answer, request).response

    def _last_resort(
        self,
        fault: BaseException,
        request: Request | None,
        exception: BaseException | None = None,
    ) -> Answer:
        """Give the precomputed answer; tell standard error in one line, and the record in full."""
        note = tell(fault)
        with suppress(BaseException):
            failed = exception if exception is not None else fault
            self._recorder.record(occurrence_of_fault(failed, request, note))
        response = last_resort.ANSWER
        if request is not None and request.method == "HEAD":
            response = replace(response, body=b"")
        return Answer(response, _LAST_ERROR, None, is_declared=False, is_server_error=True)


_LAST_ERROR = standard_error(500)
