"""What a WSGI environment says of the request (PEP 3333), and the body that comes with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Protocol, TypeAlias

from tightlip.exchange import Headers, Request
from tightlip.protocols.asgi_exchange import Framework, route_of

Environ: TypeAlias = dict[str, Any]
ExceptionInformation: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)
Write: TypeAlias = Callable[[bytes], object]


class StartResponse(Protocol):
    """Starts an answer, or starts it anew with the exception that has come between."""

    def __call__(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExceptionInformation | None = None,
        /,
    ) -> Write:
        """Take the status and the headers; return what writes a part of the body at once."""
        ...


Application: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

_UNPREFIXED = {"CONTENT_TYPE": b"content-type", "CONTENT_LENGTH": b"content-length"}


def request_of(environ: Environ, framework: Framework, body_size: int = 0) -> Request:
    """Read the neutral request from a WSGI environment.

    Middleware may have put odd things into it: what cannot be read stays empty.
    """
    route, _ = route_of(environ, framework)
    client = _text(environ, "REMOTE_ADDR")
    port = _text(environ, "REMOTE_PORT")
    return Request(
        method=_text(environ, "REQUEST_METHOD"),
        path=_path(_text(environ, "SCRIPT_NAME") + _text(environ, "PATH_INFO")),
        route=route,
        query=_bytes(_text(environ, "QUERY_STRING")),
        headers=_headers(environ),
        client=f"{client}:{port}" if port else client or None,
        scheme=_text(environ, "wsgi.url_scheme") or "http",
        http_version=_text(environ, "SERVER_PROTOCOL").rpartition("/")[2] or "1.1",
        body_size=body_size,
    )


def has_body(environ: Environ) -> bool:
    """Tell whether the client sends a body."""
    length = environ.get("CONTENT_LENGTH")
    return length not in {None, "", "0"} or "HTTP_TRANSFER_ENCODING" in environ


def _text(environ: Environ, name: str) -> str:
    value = environ.get(name)
    return str(value) if isinstance(value, str | int) else ""


def _bytes(text: str) -> bytes:
    """Return the bytes that the server has put into a text one by one (PEP 3333)."""
    return text.encode("latin-1", "replace")


def _path(text: str) -> str:
    return _bytes(text).decode("utf-8", "replace")


def _headers(environ: Environ) -> Headers:
    headers = []
    for key, value in environ.items():
        if not isinstance(key, str) or not isinstance(value, str):
            continue
        name = _UNPREFIXED.get(key) if value else None
        if name is None and key.startswith("HTTP_"):
            name = _bytes(key[5:].replace("_", "-").lower())
        if name is not None:
            headers.append((name, _bytes(value)))
    return tuple(headers)


class Input:
    """The body that the client sends, of which notice is taken as it is read.

    Args:
        stream: The server's `wsgi.input`.
        received: Is given each part.
    """

    def __init__(self, stream: Any, received: Callable[[bytes], None]) -> None:
        self._stream = stream
        self._received = received

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[bytes]:
        for line in self._stream:
            yield self._noted(line)

    def read(self, *size: Any) -> bytes:
        """Read `size` bytes at the most, or all."""
        return self._noted(self._stream.read(*size))

    def readline(self, *size: Any) -> bytes:
        """Read a line, or `size` bytes of it."""
        return self._noted(self._stream.readline(*size))

    def readlines(self, *hint: Any) -> list[bytes]:
        """Read lines of about `hint` bytes in all, or all."""
        return [self._noted(line) for line in self._stream.readlines(*hint)]

    def _noted(self, data: bytes) -> bytes:
        self._received(data)
        return data
