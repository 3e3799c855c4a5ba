"""Success: what becomes of a good answer in which something leaks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tightlip.catalog.standard import standard_error
from tightlip.detection.reading import Reading
from tightlip.detection.scanner import MOST_FINDINGS, Scanner
from tightlip.detection.views import View
from tightlip.exchange import NO_FIELDS, Head, Headers, Request, Response, first_of
from tightlip.failure import Withheld
from tightlip.findings.finding import Category, Finding
from tightlip.incidents.reference import new_reference
from tightlip.responder.containment import Contained, contain
from tightlip.responder.fault import tell
from tightlip.responder.hearing import told as heard
from tightlip.responder.inspection import Inspection, Inspector
from tightlip.responder.stream import End, StreamReview

if TYPE_CHECKING:
    from tightlip.detection.echo import Echo
    from tightlip.responder.hearing import Hearing
    from tightlip.responder.policy import Policy

RESPONSE = "http.server.response"
MESSAGE = "websocket.message"
"""What leaks, as the first part of an event's name."""

CONTAINED = ".contained"
REPORTED = ".reported"
"""What was done with it, as the second part."""

_PARTIAL = 206
_MOST_TOLD = 20
_LONGEST_TOLD = 2048
_MOST_ECHOES = 256
_UNTRUE_AFTER_CHANGE = frozenset(
    # What a changed body belies: length, validators, digests, ranges (RFC 9110, RFC 9530).
    {
        b"accept-ranges",
        b"content-digest",
        b"content-encoding",
        b"content-length",
        b"content-md5",
        b"content-range",
        b"digest",
        b"etag",
        b"last-modified",
        b"repr-digest",
    }
)
_CHARSET = re.compile(rb";\s*charset\s*=\s*[^;]*", re.IGNORECASE)


class Leak(NamedTuple):
    """What was found in a good answer, for the record.

    Attributes:
        event: What leaked, and whether that was contained or reported.
        status: The status that leaves.
        withheld: What does not leave, or in a report should not have left.
        rules: The ids of the rules.
        notes: What else the record has to say.
        categories: The categories of what was found, one for each finding.
        code: The code of the error that the client is told; empty where it is told of none.
    """

    event: str
    status: int
    withheld: tuple[Withheld, ...]
    rules: tuple[str, ...]
    notes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    code: str = ""


class Record(Protocol):
    """Makes the record of a leak; tells whether it was taken."""

    def __call__(self, leak: Leak, request: Request, reference: str, answer: bytes) -> bool:
        """Record `leak` under `reference`; `answer` is the body that leaves."""
        ...


class SuccessReview:
    """Contains what leaks in good answers, or only reports it.

    Args:
        scanner: Finds it.
        policy: What is exempt, and whether leaks are contained or reported.
        record: Makes the record.
        refuse: Answers in place of an answer of which nothing may leave.

    Attributes:
        inspect: See `Inspector.inspect`.
    """

    def __init__(
        self,
        scanner: Scanner,
        policy: Policy,
        record: Record,
        refuse: Callable[[Leak, Request, Headers], Response],
    ) -> None:
        self._inspector = Inspector(scanner, policy.exemptions)
        self.inspect = self._inspector.inspect
        self._detectors = scanner.detectors
        self._exemptions = policy.exemptions
        self._record = record
        self._refuse = refuse
        self._reports = policy.success_answers == "report"

    def open_stream(
        self,
        head: Head,
        separator: re.Pattern[bytes] | None,
        judge: Callable[[Inspection, bool], End | None],
        request: Callable[[], Request],
        hearing: Hearing,
    ) -> tuple[Headers, StreamReview[End]]:
        """Return the headers that may leave before a stream, and what reads the stream."""
        echoes: dict[Finding, Echo] = {}

        def hear(text: bytes) -> tuple[Finding, ...]:
            if hearing.is_empty:
                return ()
            heard = dict(hearing.judge([View(text)], request))
            if len(echoes) > _MOST_ECHOES:
                echoes.clear()
            echoes.update(heard)
            return tuple(heard)

        def judged(text: bytes, findings: tuple[Finding, ...], fault: str | None) -> End | None:
            told = {finding: echoes[finding] for finding in findings if finding in echoes}
            return judge(Inspection(text, findings, fault=fault, echoes=told), review.has_left)

        headers = head.fields
        leaking = self._inspector.inspect(head, b"", request, hearing)
        if leaking is not None and not self._reports:
            headers = _without(headers, {field.name for field in leaking.headers})
        review = self._inspector.stream(head, separator, judged, hear)
        return headers, review

    def fields(
        self,
        status: int,
        head: Head,
        request: Callable[[], Request],
        hearing: Hearing,
    ) -> list[tuple[bytes, bytes]]:
        """Return the fields that may leave where no body goes with them, such as trailers.

        `request` is asked for only where something leaks, which is recorded.
        """
        try:
            inspection = self._inspector.inspect(head, b"", request, hearing)
            if inspection is None:
                return list(head.fields)
            asked = request()
            leak = self._leak(inspection, (), Contained(b"", ()), status, asked)
            self._record(leak, asked, new_reference(), b"")
            if self._reports:
                return list(head.fields)
            return list(_without(head.fields, {field.name for field in inspection.headers}))
        except BaseException as fault:  # what could not be read does not leave
            tell(fault)
            return []

    def inspect_message(
        self, text: bytes, request: Callable[[], Request], hearing: Hearing
    ) -> Inspection | None:
        """Return what a message of a WebSocket carries; None if nothing."""
        return self._inspector.inspect(NO_FIELDS, text, request, hearing)

    def judge_stream(
        self, inspection: Inspection, status: int, request: Request, kind: str = RESPONSE
    ) -> Leak | None:
        """Return what ends a stream; None where it may go on: exempt, or only reported."""
        findings = self._inspector.counted(inspection, request)
        if not findings and inspection.fault is None:
            return None
        leak = self._leak(inspection, findings, None, status, request, kind)
        if self._reports:
            self._record(leak, request, new_reference(), b"")
            return None
        return leak._replace(code=standard_error(500).code)

    def judge(
        self, inspection: Inspection, response: Response, request: Request
    ) -> Response | None:
        """Return what leaves in place of a good answer; None where the leak is only reported."""
        findings = inspection.findings
        media_type = Reading(
            content_type=(first_of(response.headers, b"content-type") or b"").decode("latin-1")
        ).media_type
        contained = self._contained(inspection, findings, response, media_type)
        leak = self._leak(inspection, findings, contained, response.status, request)
        if self._reports:
            self._record(leak, request, new_reference(), response.body)
            return None
        headers = _without(response.headers, {field.name for field in inspection.headers})
        if contained is None:
            error = standard_error(500)
            refused = leak._replace(status=error.status, code=error.code)
            return self._refuse(refused, request, headers)
        reference = new_reference()
        body = response.body
        if findings:
            body = contained.body
            headers = _after_change(headers, body)
        if self._record(leak, request, reference, body):
            headers = (*headers, (b"x-error-reference", reference.encode()))
        return Response(response.status, headers, body)

    def _leak(  # noqa: PLR0913, PLR0917 - each is a part of it
        self,
        inspection: Inspection,
        findings: tuple[Finding, ...],
        contained: Contained | None,
        status: int,
        request: Request,
        kind: str = RESPONSE,
    ) -> Leak:
        found = [*(field.finding for field in inspection.headers), *findings]
        return Leak(
            kind + (REPORTED if self._reports else CONTAINED),
            status,
            tuple(self._withheld(inspection, findings, contained, request)),
            tuple(dict.fromkeys(finding.rule for finding in found)),
            self._notes(findings),
            tuple(str(finding.category) for finding in found),
        )

    def _contained(
        self,
        inspection: Inspection,
        findings: tuple[Finding, ...],
        response: Response,
        media_type: str,
    ) -> Contained | None:
        if inspection.fault is not None or (findings and response.status == _PARTIAL):
            return None
        if not findings:
            return Contained(response.body, ())
        return contain(inspection.body, findings, media_type)

    def _withheld(
        self,
        inspection: Inspection,
        findings: tuple[Finding, ...],
        contained: Contained | None,
        request: Request,
    ) -> list[Withheld]:
        told: list[Withheld] = []
        if inspection.fault is not None:
            told.append(Withheld("body", "", inspection.fault))
        for name, value, finding in inspection.headers[:_MOST_TOLD]:
            where, said = f"header {name.decode('latin-1')}", _shown(value)
            echo = inspection.echoes.get(finding)
            told.append(
                Withheld(where, said, self._reason(finding))
                if echo is None
                else heard(echo, said, where)
            )
        echoed = [finding for finding in findings if finding in inspection.echoes]
        told += (
            heard(
                inspection.echoes[finding],
                _shown(inspection.body[finding.start : finding.end]),
            )
            for finding in echoed[:_MOST_TOLD]
        )
        findings = tuple(finding for finding in findings if finding not in inspection.echoes)
        advice = self._advice(findings, request.route)
        if contained is not None and contained.removed and findings:
            reasons = "; ".join(dict.fromkeys(self._reason(finding) for finding in findings))
            told += (
                Withheld("body", _shown(text), reasons, advice=advice)
                for text in contained.removed[:_MOST_TOLD]
            )
            return told
        for finding in findings[:_MOST_TOLD]:
            text = inspection.body[finding.start : finding.end]
            told.append(Withheld("body", _shown(text), self._reason(finding), advice=advice))
        return told

    def _reason(self, finding: Finding) -> str:
        detector = self._detectors.get(finding.rule)
        says = "" if detector is None else f" {detector.says}"
        return f"{finding.rule}:{says}"

    def _notes(self, findings: tuple[Finding, ...]) -> tuple[str, ...]:
        notes = [f"exempt: {exemption}" for exemption in self._exemptions]
        if len(findings) >= MOST_FINDINGS:
            notes.append(f"a flood: {MOST_FINDINGS} findings or more, the answer was not read on")
        if self._reports:
            notes.append("report only: the answer left as it was")
        return tuple(notes)

    @staticmethod
    def _advice(findings: tuple[Finding, ...], route: str | None) -> str | None:
        """Return the source that would let these findings pass, where that may be declared."""
        categories = sorted({str(finding.category) for finding in findings})
        if not categories or Category.CREDENTIAL in categories:
            return None
        # In short lines, so that no terminal breaks one: broken, they would be no Python.
        names = "".join(f"        {_quoted(category)},\n" for category in categories)
        where = _quoted(route or "…")
        return (
            "# for Shield(exemptions=[…])\n"
            f"tightlip.Exemption(\n    route={where},\n    categories=(\n{names}    ),\n)"
        )


def _quoted(text: str) -> str:
    """Return `text` as a string of Python's, which JSON's strings are."""
    return json.dumps(text, ensure_ascii=False)


def _shown(text: bytes) -> str:
    return text[:_LONGEST_TOLD].decode("utf-8", "replace")


def _without(headers: Headers, names: set[bytes]) -> Headers:
    return tuple((name, value) for name, value in headers if name.lower() not in names)


def _after_change(headers: Headers, body: bytes) -> Headers:
    """Return `headers` as they are true of `body`, which is plain text in UTF-8."""
    kept = [
        (name, _CHARSET.sub(b"; charset=utf-8", value) if name == b"content-type" else value)
        for name, value in headers
        if name.lower() not in _UNTRUE_AFTER_CHANGE
    ]
    return (*kept, (b"content-length", str(len(body)).encode()))
