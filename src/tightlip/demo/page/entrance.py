"""Entrance: who was given the page's printed address is led on into the incident page."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from tightlip.dashboard.access import TOKEN, name_at

if TYPE_CHECKING:
    from starlette.requests import Request

_COOKIE = "tightlip_demo"


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where the incident page is, and what opens it.

    Whoever else reaches the demo, such as another user of the machine, is not led on: the incident
    page has what all applications recorded that share its directory.

    Attributes:
        address: That of the incident page.
        token: What opens it, and what the printed address has.
        session: What the page's visitor brings along.
    """

    address: str
    token: str
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def welcome(self, request: Request, headers: dict[str, str]) -> RedirectResponse | None:
        """Lead a visitor with the printed address to the one without the token; None for others."""
        given = request.query_params.get(TOKEN)
        if given is None:
            return None
        answer = RedirectResponse("/", 303, headers=headers)
        if hmac.compare_digest(given.encode(), self.token.encode()):
            name = name_at(request.scope, _COOKIE)
            answer.set_cookie(name, self.session, httponly=True, samesite="strict")
        return answer

    def incident(self, reference: str, request: Request) -> str:
        """Return the address of an incident's page, with what opens it for the page's visitor."""
        address = f"{self.address}/incidents/{reference}"
        given = request.cookies.get(name_at(request.scope, _COOKIE), "")
        is_known = hmac.compare_digest(given.encode(), self.session.encode())
        return f"{address}?{TOKEN}={self.token}" if is_known else address
