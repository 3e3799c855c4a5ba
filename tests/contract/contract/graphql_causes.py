"""The causes of GraphQL: what a client sends, and the name of the one answer to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from contract.causes import request

NESTED = 5_000


@dataclass(frozen=True)
class Cause:
    """A cause of the contract of GraphQL.

    Attributes:
        name: What it is called in the table of differences.
        answers: The names of the answers in `of_graphql/answers/`, of which one must come.
        request: What is sent over HTTP; empty for a subscription.
        subscription: The operation that is sent over a WebSocket; empty for the others.
        introspection: Whether the server tells its schema to who asks.
    """

    name: str
    answers: tuple[str, ...]
    request: bytes = b""
    subscription: str = ""
    introspection: bool = True


def _post(content: Any, content_type: str = "application/json") -> bytes:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return request("/", method="POST", body=body, content_type=content_type)


def _asked(query: str, **rest: Any) -> bytes:
    return _post({"query": query, **rest})


_FIELDS = {
    "unexpected": "{ crash }",
    "unexpected in a mutation": "mutation { crash }",
    "declared": "{ declared }",
    "literal": "{ literal }",
    "formatted": "{ formatted }",
    "database": "{ database }",
    "cancelled by code": "{ cancelled }",
    "value that the schema refuses": "{ refused }",
    "null where none may be": "{ absent }",
    "nested field that may not be null": "{ show { title seats { number } } }",
    "good part beside a failing one": "{ title crash }",
    "two that fail": "{ crash literal }",
    "leak": "{ leak }",
}
_VARIABLE = "query($v: Int!) { number(value: $v) }"
_MISTAKES = {
    "syntax": ("{", {}),
    "unknown field": ("{ crush }", {}),
    "wrong type of argument": ('{ number(value: "CANARY") }', {}),
    "unknown variable": ("{ number(value: $canary) }", {}),
    "missing variable": (_VARIABLE, {}),
    "wrong type of variable": (_VARIABLE, {"variables": {"v": "CANARY"}}),
    "unknown operation": ("query one { title }", {"operationName": "CANARY"}),
    "empty query": ("", {}),
    "fragment that nothing uses": ("{ title } fragment CANARY on Query { title }", {}),
}
_BODIES = {
    "malformed JSON": b'{"query":',
    "empty body": b"",
    "no UTF-8": b'{"query":"\xff"}',
    "nested brackets": b"[" * 100_000,
    "text in place of an object": b'"CANARY"',
    "no query": b"{}",
    "number in place of a query": b'{"query":7}',
    "text in place of variables": b'{"query":"{ title }","variables":"CANARY"}',
}
_SUBSCRIPTIONS = {
    "event": "subscription { title }",
    "unexpected before the first event": "subscription { early }",
    "declared before the first event": "subscription { soldOut }",
    "unexpected after the first event": "subscription { late }",
    "unexpected in the resolver of an event": "subscription { odd }",
    "syntax in a subscription": "subscription {",
    "unknown field in a subscription": "subscription { evens }",
}


def _named(name: str) -> tuple[str, ...]:
    return (name.lower().replace("-", "_").replace(" ", "_"),)


CAUSES = [
    *(Cause(name, _named(name), _asked(query)) for name, query in _FIELDS.items()),
    *(
        Cause(name, _named(name), _asked(query, **rest))
        for name, (query, rest) in _MISTAKES.items()
    ),
    *(Cause(name, ("invalid_request",), _post(body)) for name, body in _BODIES.items()),
    Cause("deep query", ("too_deep",), _asked("{" * NESTED)),
    Cause("wrong content type", ("invalid_request",), _post(b"{ title }", "text/plain")),
    Cause("batch", ("batch",), _post([{"query": "{ title }"}, {"query": "{ crash }"}])),
    Cause("query by GET", ("good",), request("/?query=%7Btitle%7D")),
    Cause("failing query by GET", ("unexpected",), request("/?query=%7B%20crash%20%7D")),
    Cause("mutation by GET", ("invalid_request",), request("/?query=mutation%7Bcrash%7D")),
    Cause("wrong method", ("method_not_allowed",), request("/", method="DELETE")),
    *(
        Cause(f"{name}, introspection off", _named(answer), _asked(query), introspection=False)
        for name, answer, query in [
            ("unknown field", "unknown field", "{ crush }"),
            ("introspection", "introspection refused", "{ __schema { types { name } } }"),
        ]
    ),
    *(Cause(name, _named(name), subscription=query) for name, query in _SUBSCRIPTIONS.items()),
]
