"""Signed tokens for the shop's accounts, in the form of RFC 7515 with HMAC and SHA-256."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

KEYS = {"shop-signing-2024-02": secrets.token_bytes(32)}


class TokenError(Exception):
    """The token is not good."""


class TokenExpiredError(TokenError):
    """The token was good once."""


def sign(claims: dict[str, Any], key_name: str = "shop-signing-2024-02") -> str:
    """Return a token for `claims`."""
    header = _encode(json.dumps({"alg": "HS256", "kid": key_name}).encode())
    payload = _encode(json.dumps(claims).encode())
    signature = hmac.digest(KEYS[key_name], f"{header}.{payload}".encode(), hashlib.sha256)
    return f"{header}.{payload}.{_encode(signature)}"


def verify(token: str) -> dict[str, Any]:
    """Return the claims of `token`.

    Raises:
        TokenError: It was not signed here, or is none.
        TokenExpiredError: Its time is over.
    """
    try:
        header, payload, signature = token.split(".")
        key_name = json.loads(_decode(header))["kid"]
    except (ValueError, KeyError) as error:
        raise TokenError(f"Invalid token header in {token!r}: {error}") from error
    if key_name not in KEYS:
        raise TokenError(f"Unable to find signing key {key_name!r} among {sorted(KEYS)} for HS256")
    expected = hmac.digest(KEYS[key_name], f"{header}.{payload}".encode(), hashlib.sha256)
    if not hmac.compare_digest(expected, _decode(signature)):
        raise TokenError(f"Signature verification failed with key {key_name!r}")
    claims: dict[str, Any] = json.loads(_decode(payload))
    if claims["exp"] < time.time():
        raise TokenExpiredError(
            f"Signature has expired: exp {claims['exp']} of sub {claims['sub']}"
        )
    return claims


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
