"""The failures that a visitor can press: one request each, and how the shop handles it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tightlip.demo.shop import tokens
from tightlip.demo.shop.models import FIRST_EMAIL

_PASSWORD = "correct horse battery"  # noqa: S105 - what a visitor might type


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure, as a request that brings it about.

    Attributes:
        key: Its name in addresses.
        title: Its name on the button.
        happens: What happens in the shop, and what the shop's handler does about it.
        method: The method of the request.
        path: The path of the request.
        body: The JSON of the request, where it has a body.
        headers: Header fields of the request.
    """

    key: str
    title: str
    happens: str
    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


_FAILURES = (
    Failure(
        "duplicate-email",
        "Duplicate e-mail",
        "The insert breaks a unique constraint. Nobody catches it, and debug is on.",
        "POST",
        "/accounts",
        {"name": "Second buyer", "email": FIRST_EMAIL, "password": _PASSWORD},
    ),
    Failure(
        "missing-field",
        "Missing field",
        "A required field is missing. The framework answers by itself, and repeats what was sent.",
        "POST",
        "/accounts",
        {"name": "Second buyer", "password": _PASSWORD},
    ),
    Failure(
        "type-error",
        "Bug in a service",
        "A coupon has lost its value: a TypeError. Nobody catches it, and debug is on.",
        "GET",
        "/orders/4/total",
    ),
    Failure(
        "upstream-down",
        "Upstream is down",
        "The payment gateway refuses the connection. The handler puts address and exception "
        "into an HTTPException.",
        "POST",
        "/payments",
        {"order_id": 1},
    ),
    Failure(
        "orm-validation",
        "ORM validation",
        "A model's validator raises ValueError. The handler passes str(error) on.",
        "PATCH",
        "/accounts/1",
        {"email": "no address"},
    ),
    Failure(
        "forged-token",
        "Forged token",
        "A token names a key that is not there. The handler passes str(error) on.",
        "GET",
        "/payments",
        headers=_bearer("eyJhbGciOiJIUzI1NiIsImtpZCI6ImFkbWluIn0.eyJzdWIiOjF9.c2lnbmF0dXJl"),
    ),
    Failure(
        "expired-token",
        "Expired token",
        "A token's time is over. The handler's words stand in its source, so they may leave.",
        "GET",
        "/payments",
        headers=_bearer(tokens.sign({"sub": 1, "exp": 0})),
    ),
    Failure(
        "broken-stream",
        "Broken stream",
        "The export fails at its third line, after the first two have left with status 200.",
        "GET",
        "/orders/export",
    ),
    Failure(
        "handmade-answer",
        "Hand-made answer",
        "A table is missing. The handler catches all, and answers with text and trace in JSON.",
        "POST",
        "/payments/1/refund",
    ),
)

FAILURES = {failure.key: failure for failure in _FAILURES}
"""All failures by key, in the order of the page."""
