"""Context: gRPC's context as the application sees it, which lets nothing out by itself."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tightlip.adapters.grpc.call import Call


class _Shared:
    """What both contexts do alike.

    Args:
        call: The call under way.
        context: gRPC's own context, which has whatever is not here.
    """

    def __init__(self, call: Call, context: Any) -> None:
        self._call = call
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    @contextmanager
    def _sending(self) -> Iterator[None]:
        """See whether gRPC fails because the client has gone."""
        try:
            yield
        except Exception as exception:
            self._call.look_at(exception)
            raise

    def set_code(self, code: Any) -> None:
        """Note the code to end with."""
        self._call.code = code

    def code(self) -> Any:
        """Return the code that was set."""
        return self._call.code

    def set_details(self, details: Any) -> None:
        """Note the words to end with; they leave where they are declared."""
        self._call.words = details

    def set_trailing_metadata(self, trailing_metadata: Any) -> None:
        """Note the metadata to end a good answer with."""
        self._call.trailers = tuple(trailing_metadata or ())

    def trailing_metadata(self) -> Any:
        """Return the metadata that was set."""
        return self._call.trailers


class Context(_Shared):
    """What stands for `grpc.ServicerContext`."""

    def details(self) -> bytes:
        """Return the words that were set, in UTF-8 as gRPC does."""
        words = self._call.words or ""
        return words if isinstance(words, bytes) else str(words).encode()

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Have `callback` called at the end; a server of asyncio would tell what it raises."""
        return bool(self._context.add_callback(self._call.contained(callback)))

    def abort(self, code: Any, details: Any = "", trailing_metadata: Any = ()) -> NoReturn:
        """End the call.

        Raises:
            RefusalError: Always.
        """
        self._call.abort(code, details, trailing_metadata)

    def abort_with_status(self, status: Any) -> NoReturn:
        """End the call by the code and the words of `status`.

        Raises:
            RefusalError: Always.
        """
        self._call.abort(status.code, status.details, status.trailing_metadata)

    def send_initial_metadata(self, initial_metadata: Any) -> None:
        """Send what may leave of the metadata."""
        with self._sending():
            self._context.send_initial_metadata(self._call.filtered(initial_metadata))


class AsyncContext(_Shared):
    """What stands for `grpc.aio.ServicerContext`.

    Args:
        call: The call under way.
        context: gRPC's own context.
        deserialiser: Reads messages.
        serialiser: Writes messages.
    """

    def __init__(
        self,
        call: Call,
        context: Any,
        deserialiser: Callable[[bytes], Any] | None,
        serialiser: Callable[[Any], bytes] | None,
    ) -> None:
        super().__init__(call, context)
        self._deserialiser = deserialiser
        self._serialiser = serialiser

    def details(self) -> Any:
        """Return the words that were set."""
        return self._call.words or ""

    async def abort(self, code: Any, details: Any = "", trailing_metadata: Any = ()) -> NoReturn:
        """End the call.

        Raises:
            RefusalError: Always.
        """
        self._call.abort(code, details, trailing_metadata)

    async def abort_with_status(self, status: Any) -> NoReturn:
        """End the call by the code and the words of `status`.

        Raises:
            RefusalError: Always.
        """
        self._call.abort(status.code, status.details, status.trailing_metadata)

    async def send_initial_metadata(self, initial_metadata: Any) -> None:
        """Send what may leave of the metadata."""
        with self._sending():
            await self._context.send_initial_metadata(self._call.filtered(initial_metadata))

    async def read(self) -> Any:
        """Return the next message of the client's, or `grpc.aio.EOF`."""
        with self._sending():
            data = await self._context.read()
        if data is grpc.aio.EOF:
            return data
        return self._call.deserialise(data, self._deserialiser)

    async def write(self, message: Any) -> None:
        """Send a message."""
        data = self._call.serialise(message, self._serialiser)
        with self._sending():
            await self._context.write(data)


grpc.ServicerContext.register(Context)
grpc.aio.ServicerContext.register(AsyncContext)
