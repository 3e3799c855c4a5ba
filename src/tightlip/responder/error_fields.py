"""The header fields of the application's that leave with an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tightlip.exchange import Headers, Request, first_of
from tightlip.failure import Withheld
from tightlip.responder.error_page import shows
from tightlip.translation.provenance import flagged_by
from tightlip.wire.error_headers import CHALLENGES, CHOSEN, allowed_with_error

if TYPE_CHECKING:
    from tightlip.responder.decision import Decision
    from tightlip.responder.repetition import Heard
    from tightlip.responder.wording import Detectors

_ORIGIN = b"access-control-allow-origin"


class ErrorFields:
    """Tells which fields may leave with an error.

    Each has the form of its field (`wire.error_headers`). Where an author chooses names or words
    in it, the detectors must find nothing, and the words of a challenge must be none that the
    exception says. What the settings add is declared, and always leaves.

    Args:
        added: The fields that the settings add.
        detectors: The detectors.
    """

    def __init__(self, added: Headers, detectors: Detectors) -> None:
        self._added = allowed_with_error(added)
        self._detectors = detectors

    def allowed(
        self,
        headers: Headers,
        request: Request | None,
        decision: Decision | None = None,
        heard: Heard | None = None,
    ) -> tuple[Headers, tuple[Withheld, ...]]:
        """Return those of `headers` that may leave, behind those added, and what is withheld.

        Args:
            headers: The application's.
            request: The request: that an origin is its own is no news to the client.
            decision: What was decided of the exception that the error answers, if there is one.
            heard: What the request has raised beside it, where that is heard.
        """
        origin = None if request is None else first_of(request.headers, b"origin")
        kept = []
        withheld = []
        for name, value in allowed_with_error(headers):
            is_own = name == _ORIGIN and value == origin
            reason = None
            if name in CHOSEN and not is_own:
                reason = self._fault_of(name, value, decision, heard)
            if reason is None:
                kept.append((name, value))
            else:
                where = f"header {name.decode('latin-1')}"
                withheld.append(Withheld(where, value.decode("latin-1"), reason))
        return (*self._added, *kept), tuple(withheld)

    def _fault_of(
        self, name: bytes, value: bytes, decision: Decision | None, heard: Heard | None
    ) -> str | None:
        """Return why a field may not leave, or None."""
        rule = self._detectors.flags(f"{name.decode('latin-1')}: {value.decode('latin-1')}")
        if rule is not None:
            return flagged_by(rule)
        if decision is None or decision.exception is None or name not in CHALLENGES:
            return None
        if shows(value, decision.exception, is_declared=decision.declared):
            return "an exception says the same"
        repeated = heard and heard.withheld("", value.decode("utf-8", "replace"))
        return repeated.reason if repeated else None
