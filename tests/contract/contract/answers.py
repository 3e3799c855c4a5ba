"""What the tests of adapters make of an answer, whatever the framework gives it as."""

from __future__ import annotations

import asyncio
import json
from typing import Any


def without_reference(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a status, header fields, a body and what follows without what differs each time."""
    status, headers, body, *rest = answer
    reference = headers.pop("x-error-reference", "-")
    return status, headers, body.replace(reference.encode(), b"REF"), *rest


def error_in(answer: tuple[Any, ...]) -> dict[str, Any]:
    """Return the error of such an answer, whose header field gives the same reference."""
    _, headers, body, *_ = answer
    error: dict[str, Any] = json.loads(body)["error"]
    assert headers.get("x-error-reference") == error.get("reference")
    return error


def written(path: str, *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    """Return a request as it goes over a connection that is closed after its answer."""
    lines = [f"{method} {path} HTTP/1.1", "host: api.example", "connection: close", *headers]
    if body:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


async def spoken(port: int, request: bytes) -> bytes:
    """Send a request as it is to a port of this machine; return all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    received = await reader.read()
    writer.close()
    return received


def body_of(answer: bytes) -> bytes:
    """Return what follows the head of an answer."""
    return answer.partition(b"\r\n\r\n")[2]
