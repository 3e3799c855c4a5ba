"""Frameworks that are their own server: one exchange, in the form of ASGI's messages.

They have neither ASGI nor WSGI. Their adapter hands what the framework writes to a `NativeExchange`
as ASGI's messages, and puts what comes out of it on the wire by the framework's own writer. So an
answer takes the same walk on every framework.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from email.utils import formatdate
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from tightlip.protocols.asgi_exchange import StreamAbortedError
from tightlip.protocols.asgi_faults import EndedEarlyError
from tightlip.protocols.asgi_http import HttpExchange
from tightlip.protocols.asgi_websocket import WebSocketExchange
from tightlip.protocols.phase import DONE, STREAMING

if TYPE_CHECKING:
    from tightlip.protocols.asgi_exchange import Message, Scope, Surroundings
    from tightlip.responder.hearing import Hearing

_CHUNKED = b"transfer-encoding", b"chunked"

_Result = TypeVar("_Result")

Fields: TypeAlias = Iterable[tuple[bytes, bytes]]
Close: TypeAlias = Callable[[int, str], Awaitable[object]]


def native_scope(  # noqa: PLR0913 - a request has that many parts
    framework: str,
    request: Any,
    *,
    method: str,
    target: str,
    headers: Fields,
    client: Any = None,
    scheme: str = "http",
    http_version: str = "1.1",
) -> Scope:
    """Return the scope of a request: what the record tells, and the answer's form needs.

    The framework's own request stands under the name of the framework, for its adapter to read.
    """
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode("utf-8", "surrogateescape"),
        "headers": [(name.lower(), value) for name, value in headers],
        "client": client[:2] if isinstance(client, tuple) else None,
        "scheme": scheme,
        "http_version": http_version,
        framework: request,
    }


class Writer(Protocol):
    """What an adapter offers: it puts an answer on the wire by the framework's own writer."""

    async def put_head(self, status: int, fields: Fields) -> None:
        """Write the head of an answer; without `content-length` its body comes in chunks."""
        ...

    async def put_body(self, data: bytes, *, ends: bool) -> None:
        """Write a part of the body, which is empty where the request was HEAD."""
        ...


class NativeExchange(HttpExchange):
    """Stands between a framework and its own writer for one request.

    Args:
        surroundings: The decision point and the framework's adapter.
        scope: What `native_scope` returns.
        writer: Puts what may leave on the wire.
    """

    def __init__(self, surroundings: Surroundings, scope: Scope, writer: Writer) -> None:
        has_body = scope["method"] != "HEAD"

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                await writer.put_head(message["status"], message["headers"])
            else:
                data = message.get("body", b"") if has_body else b""
                await writer.put_body(data, ends=not message.get("more_body", False))

        super().__init__(surroundings, scope, _receive_nothing, send)

    async def serve(self, work: Awaitable[None]) -> bool:
        """Await the framework's work on the request; tell whether the connection may go on."""
        try:
            try:
                await work
            except BaseException as exception:
                await self.failed(exception)
            else:
                await self.returned()
        except StreamAbortedError:
            return False
        finally:
            self.close()
        return True

    async def begin(self, status: int, fields: Fields) -> None:
        """Take the head of the framework's answer; how its body is framed is the writer's."""
        headers = [field for field in fields if field != _CHUNKED]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, data: bytes, *, ends: bool) -> None:
        """Take a part of the body."""
        await self.send({"type": "http.response.body", "body": data, "more_body": not ends})

    @property
    def is_done(self) -> bool:
        """Whether all of the answer has left."""
        return self.phase is DONE

    @property
    def is_streaming(self) -> bool:
        """Whether a part of the answer has left, and not its end."""
        return self.phase is STREAMING

    def note(self, exception: BaseException) -> None:
        """Remember an exception before the framework turns it into an answer."""
        self._state.note(exception)

    def received(self, body: bytes) -> None:
        """Take notice of what the client has sent."""
        self._received += len(body)
        self._hearing.received(body)

    def lost(self) -> None:
        """Take notice that the client has gone."""
        self._disconnected = self.phase is not DONE

    def release(self) -> None:
        """Take no further part: the connection is cut."""
        self.phase = DONE

    def switch(self, surroundings: Surroundings, close: Close) -> NativeWebSocket:
        """Take no further part: the request has become a WebSocket.

        What stands between that and the framework hears what this hears, until this is closed.

        Args:
            surroundings: As of this.
            close: The framework's own close, with a code and a reason.
        """
        self.release()
        return NativeWebSocket(surroundings, self.scope, close, self._hearing)

    async def fail(self, exception: BaseException) -> None:
        """Answer an exception, or end what it has broken.

        Raises:
            StreamAbortedError: The connection is to be cut.
        """
        await self._fail(exception)

    async def end(self) -> None:
        """See that the answer is whole, now that the framework has written all of it."""
        await self.returned()


class NativeWebSocket(WebSocketExchange):
    """Stands between a framework and a WebSocket that it has accepted.

    Args:
        surroundings: The decision point and the framework's adapter.
        scope: The scope of the handshake's request.
        close: The framework's own close, with a code and a reason.
        hearing: What is heard while the request is served.
    """

    def __init__(
        self, surroundings: Surroundings, scope: Scope, close: Close, hearing: Hearing
    ) -> None:
        async def send(message: Message) -> None:
            if message["type"] == "websocket.close":
                await close(message["code"], message["reason"])

        super().__init__(surroundings, scope, _receive_nothing, send, hearing)

    async def accept(self) -> None:
        """Take notice that the handshake is done."""
        await self.send({"type": "websocket.accept"})

    async def close(self, code: int, reason: str) -> None:
        """Close as the application asks, with a reason that is declared."""
        await self.send({"type": "websocket.close", "code": code, "reason": reason})

    async def fail(self, exception: BaseException) -> None:
        """Close with the code for a failure of ours, and the code of its error as reason."""
        await self._fail(exception)


async def lasting(work: Awaitable[_Result]) -> _Result:
    """Await code of the application's; a `GeneratorExit` that it raises is a failure of it.

    One that ends a coroutine which is thrown away comes up where its task does not run, and passes.

    Raises:
        EndedEarlyError: The code asked for its own end.
    """
    task = asyncio.current_task()
    try:
        return await work
    except GeneratorExit as end:
        if not _is_running(task):
            raise
        raise EndedEarlyError("the application asked for its own end") from end


def _is_running(task: asyncio.Task[Any] | None) -> bool:
    try:
        return task is not None and asyncio.current_task() is task
    except RuntimeError:  # the event loop has ended
        return False


def drive(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine that waits for nothing, where the framework's call is a plain one."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        result: _Result = stopped.value
        return result
    coroutine.close()
    raise RuntimeError("the writer of this framework does not wait")


def completed(
    fields: Fields, *, keeps_alive: bool, http_version: str = "1.1"
) -> list[tuple[bytes, bytes]]:
    """Return header fields with what a server adds: the date, and the end of the connection."""
    full = list(fields)
    names = {name for name, _ in full}
    if b"date" not in names:
        full.append((b"date", _date_of(int(time.time()))))
    if b"connection" not in names and not keeps_alive:
        full.append((b"connection", b"close"))
    elif b"connection" not in names and http_version == "1.0":
        full.append((b"connection", b"keep-alive"))
    return sorted(full, key=itemgetter(0))


@lru_cache(maxsize=1)
def _date_of(second: int) -> bytes:
    """Return the value of `date`; it is the same for all answers of a second."""
    return formatdate(second, usegmt=True).encode()


async def _receive_nothing() -> Message:
    raise RuntimeError("the framework reads its request by itself")
