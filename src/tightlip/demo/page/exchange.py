"""Ask one of the twins, and keep what a client would have seen."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

import httpx

from tightlip.demo.failures import Failure

_TIMEOUT = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it was made, and the answer as it arrived.

    Attributes:
        command: The same request for a shell.
        status: The status of the answer; 0 where there was none.
        phrase: The phrase that came with the status.
        headers: The answer's header fields, in order.
        body: The answer's body, as far as it came.
        end: How the connection ended, where the answer was not whole.
        reference: The reference that the client was given.
    """

    command: str
    status: int
    phrase: str
    headers: tuple[tuple[str, str], ...]
    body: str
    end: str | None
    reference: str | None


async def ask(client: httpx.AsyncClient, address: str, failure: Failure) -> Exchange:
    """Send the request of `failure` to the twin at `address`, as any client would."""
    command = _command(address, failure)
    received = bytearray()
    answer = end = None
    try:
        async with client.stream(
            failure.method,
            address + failure.path,
            json=failure.body,
            headers={**failure.headers},
            timeout=_TIMEOUT,
        ) as answer:
            async for chunk in answer.aiter_bytes():
                received += chunk
    except httpx.TransportError as error:
        if answer is None:
            end = f"The twin does not answer: {type(error).__name__}."
            return Exchange(command, 0, "", (), "", end, None)
        end = "The connection was cut here. No end, no reason."
    body = received.decode("utf-8", "replace")
    if end is not None and _is_told(body):
        end = "The connection was cut here, after a declared last line."
    return Exchange(
        command,
        answer.status_code,
        answer.reason_phrase,
        tuple(answer.headers.multi_items()),
        body,
        end,
        answer.headers.get("x-error-reference") or _last_reference(body),
    )


def _last_reference(body: str) -> str | None:
    """Return the reference in the envelope that is the last line of a stream."""
    try:
        reference = json.loads(body.rstrip().rpartition("\n")[2])["error"]["reference"]
    except (ValueError, LookupError, TypeError):
        return None
    return reference if isinstance(reference, str) else None


def _is_told(body: str) -> bool:
    return _last_reference(body) is not None


def _command(address: str, failure: Failure) -> str:
    parts = ["curl", "-i", "-X", failure.method, address + failure.path]
    if failure.method == "GET":
        del parts[2:4]
    for name, value in failure.headers.items():
        parts += ["-H", f"{name}: {value}"]
    if failure.body is not None:
        parts += ["-H", "content-type: application/json", "-d", json.dumps(failure.body)]
    return shlex.join(parts)
