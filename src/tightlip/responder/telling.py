"""Telling: what of an answer is counted, and which errors are declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tightlip.catalog.catalog import catalog
from tightlip.catalog.standard import STANDARD
from tightlip.incidents.told import Declaration, Key, Kind
from tightlip.incidents.visible import storable

if TYPE_CHECKING:
    from tightlip.exchange import Request
    from tightlip.responder.answer import Answer

_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "WEBSOCKET"}
)
"""A client may send any other: none of its words is kept here."""
_LONGEST_ROUTE = 300
_STANDARD = frozenset(STANDARD.values())


def key_of(answer: Answer, request: Request | None) -> Key:
    """Return under which code, status, route and kind `answer` is counted."""
    route = ""
    if request is not None:
        method = request.method if request.method in _METHODS else ""
        route = f"{method} {storable(request.route or '')[:_LONGEST_ROUTE]}".strip()
    if type(answer.error) not in _STANDARD:
        kind = Kind.DECLARED
    else:
        kind = Kind.LITERAL if answer.is_declared else Kind.STANDARD
    return Key(answer.error.code, answer.response.status, route, kind)


_PAGES = ("tightlip.dashboard.", "tightlip.demo.page.")
"""Where pages of ours declare errors, which are not those of the application beside them."""


def declared_errors() -> tuple[Declaration, ...]:
    """Return the errors that applications declare in this process: none that are ours."""
    return tuple(
        Declaration(each.code, each.error.status, each.error.message, each.place)
        for each in catalog
        if each.error not in _STANDARD and not each.error.__module__.startswith(_PAGES)
    )
