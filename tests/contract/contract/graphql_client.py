"""A client of GraphQL, and the picture of what came back, as text."""

from __future__ import annotations

import json
import re
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from contract.client import Answer

_PROTOCOL = "graphql-transport-ws"
_ENDS = {"complete", "error"}
_TIMEOUT = 10
_REFERENCE = re.compile(r'(?<="reference":")[^"]+')


def listen(port: int, query: str) -> list[str]:
    """Subscribe; return the messages that came, and how the connection ended if it did."""
    received: list[str] = []
    with connect(
        f"ws://127.0.0.1:{port}/", subprotocols=[_PROTOCOL], open_timeout=_TIMEOUT, proxy=None
    ) as socket:
        try:
            socket.send(json.dumps({"type": "connection_init"}))
            socket.recv(_TIMEOUT)
            operation = {"id": "1", "type": "subscribe", "payload": {"query": query}}
            socket.send(json.dumps(operation))
            while not received or json.loads(received[-1])["type"] not in _ENDS:
                received.append(str(socket.recv(_TIMEOUT)))
        except ConnectionClosed as closed:
            end = closed.rcvd
            received.append("cut" if end is None else f"close {end.code} {end.reason}".strip())
    return received


def picture_of_result(answer: Answer) -> str:
    """Return what must be the same of a result: the status and the content, the keys in order."""
    return f"{answer.status}\n{_content(answer.body.decode('utf-8', 'backslashreplace'))}\n"


def picture_of_events(received: list[str]) -> str:
    """Return what must be the same of the messages of a subscription."""
    return "".join(f"{_content(message)}\n" for message in received)


def _content(text: str) -> str:
    try:
        content = json.loads(text)
    except ValueError:
        return text
    shown = json.dumps(_tidied(content), sort_keys=True, separators=(",", ":"))
    return _REFERENCE.sub(lambda found: "*" * len(found[0]), shown)


def _tidied(content: Any) -> Any:
    """Leave out what says nothing: GraphQL lets a server tell of no data, or be silent."""
    if isinstance(content, list):
        return [_tidied(one) for one in content]
    if not isinstance(content, dict):
        return content
    empty = {"data": None, "extensions": {}}
    return {
        name: _tidied(value)
        for name, value in content.items()
        if name not in empty or value != empty[name]
    }
