"""Signing: what proves to a receiver who has sent something (standardwebhooks.com)."""

from __future__ import annotations

import base64
import hmac
import time

_PREFIX = "whsec_"
_SHORTEST = 24  # bytes, as the specification asks for


def key_of(secret: str) -> bytes:
    """Return the key that `secret` stands for: `whsec_` and base64, or a text of its own.

    Raises:
        ValueError: It is too short, or no base64. The message does not repeat it.
    """
    if secret.startswith(_PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except ValueError:
            raise ValueError("after whsec_, the secret is base64") from None
    else:
        key = secret.encode()
    if len(key) < _SHORTEST:
        raise ValueError(f"the secret is too short: give {_SHORTEST} bytes or more")
    return key


def signed(identity: str, body: bytes, key: bytes | None) -> dict[str, str]:
    """Return the headers that name and sign `body`: `webhook-id`, -`timestamp` and -`signature`.

    Args:
        identity: The same each time that the same is sent.
        body: What is sent.
        key: The key; without one, nothing is signed.
    """
    moment = str(int(time.time()))
    headers = {"webhook-id": identity, "webhook-timestamp": moment}
    if key is not None:
        told = b".".join((identity.encode(), moment.encode(), body))
        digest = base64.b64encode(hmac.digest(key, told, "sha256")).decode()
        headers["webhook-signature"] = f"v1,{digest}"
    return headers
