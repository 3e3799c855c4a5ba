"""gRPC for the contract: servers, a client, and the picture of what came back, as text."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import text_format
from google.protobuf.wrappers_pb2 import StringValue
from grpc_status import rpc_status

from contract.grpc_services import SERVICE, service
from tightlip.adapters.grpc import aio_interceptor, interceptor

_TIMEOUT = 20
_REFERENCE = re.compile(r'(?<=key: "reference" value: ")[^"]+')


@contextmanager
def on_threads(**settings: Any) -> Iterator[int]:
    """Serve on a pool of threads; give the port."""
    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool, interceptors=[interceptor(**settings)])
        server.add_generic_rpc_handlers((service(is_async=False),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield port
        server.stop(None).wait()


@contextmanager
def on_asyncio(*, is_async: bool, **settings: Any) -> Iterator[int]:
    """Serve on asyncio, coroutines or plain functions; give the port."""
    started: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = []
    ready = threading.Event()

    async def serve() -> None:
        server = grpc.aio.server(interceptors=[aio_interceptor(**settings)])
        server.add_generic_rpc_handlers((service(is_async=is_async),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        ended = asyncio.Event()
        started.append((port, asyncio.get_running_loop(), ended))
        ready.set()
        await ended.wait()
        await server.stop(None)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    ready.wait(_TIMEOUT)
    ((port, loop, ended),) = started
    yield port
    loop.call_soon_threadsafe(ended.set)
    thread.join(_TIMEOUT)


@dataclass
class Ended:
    """What a client has of a call that ended.

    Attributes:
        messages: The texts of the messages.
        call: The call.
    """

    messages: list[str]
    call: Any

    @property
    def everything(self) -> str:
        """All that was told, to be searched."""
        call = self.call
        told = (call.details(), call.initial_metadata(), call.trailing_metadata())
        return "\n".join([*self.messages, *map(str, told)])

    @property
    def reference(self) -> str | None:
        """The reference of the incident, where the client was given one."""
        found = _REFERENCE.search(self._status())
        return None if found is None else found[0]

    @property
    def picture(self) -> str:
        """What must be the same in all servers: the messages, the code, all of the status."""
        lines = [f"message {message}" for message in self.messages]
        lines.append(f"{self.call.code().name} {self.call.details()}".strip())
        if self._status():
            lines.append(_REFERENCE.sub(lambda found: "*" * len(found[0]), self._status()))
        names = {name for name, _ in self.call.trailing_metadata() or ()}
        lines += [f"metadata {name}" for name in sorted(names - {"grpc-status-details-bin"})]
        return "\n".join(lines) + "\n"

    def _status(self) -> str:
        status = rpc_status.from_call(self.call)
        return "" if status is None else text_format.MessageToString(status, as_one_line=True)


def begin(channel: grpc.Channel, word: str, kind: str) -> Any:
    """Call a method."""
    data = StringValue(value=word).SerializeToString()
    path = f"/{SERVICE}/{kind}"
    request = data if kind.startswith("Unary") else iter([data])
    if kind == "UnaryUnary":
        return channel.unary_unary(path).future(request, timeout=_TIMEOUT)
    if kind == "StreamUnary":
        return channel.stream_unary(path).future(request, timeout=_TIMEOUT)
    if kind == "UnaryStream":
        return channel.unary_stream(path)(request, timeout=_TIMEOUT)
    return channel.stream_stream(path)(request, timeout=_TIMEOUT)


def ask(channel: grpc.Channel, word: str, kind: str) -> Ended:
    """Call a method to its end."""
    call = begin(channel, word, kind)
    messages = []
    with suppress(grpc.RpcError):
        for message in call if kind.endswith("Stream") else [call.result()]:
            messages.append(StringValue.FromString(message).value)  # noqa: PERF401 - up to the end
    return Ended(messages, call)
