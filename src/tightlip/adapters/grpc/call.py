"""Call: one RPC under way, and what may leave of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from grpc import StatusCode

from tightlip.adapters.grpc.codes import code_for, failing_code, http_status
from tightlip.adapters.grpc.message import texts_of
from tightlip.adapters.grpc.refusal import RefusalError, refusal_here
from tightlip.adapters.grpc.status import LAST_RESORT, Metadata, Status, status_of
from tightlip.exchange import Head, Request
from tightlip.failure import Failure, HttpFailure, ValidationFailure, Withheld
from tightlip.protocols.asgi_exchange import is_for_others, must_pass
from tightlip.responder.fault import tell

if TYPE_CHECKING:
    from tightlip.responder.responder import Answer, Responder

_EVENT = "rpc.server.exception"
_LOST = (grpc.RpcError, grpc._cython.cygrpc.ExecuteBatchError)  # noqa: SLF001 - nowhere else
_TOO_LARGE = 413
_GOOD = 200


class UnknownMethodError(Exception):
    """The client called a method that is not there."""


class LeakError(Exception):
    """A message of a good answer carried internals.

    Args:
        answer: What ends the call in its place.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class Call:
    """One RPC under way.

    Args:
        responder: The decision point.
        details: What gRPC tells an interceptor of the call.
        peer: Gives the address of the client. None for a plain function on a server of asyncio:
            once the client has gone, gRPC reads there what it has freed, and the process dies.
        largest: How many bytes a message of the client's may have; None for any number.
    """

    def __init__(
        self,
        responder: Responder,
        details: Any,
        peer: Callable[[], str] | None,
        largest: int | None,
    ) -> None:
        self._responder = responder
        self._method: str = details.method
        self._details = details
        self._peer = peer
        self._largest = largest
        self._reading: list[tuple[BaseException, Failure]] = []
        self._lost: BaseException | None = None
        self._is_heard_out = False
        self._aborted: RefusalError | None = None
        self._words: RefusalError | None = None
        self._leak: LeakError | None = None
        self._hearing = responder.hearing(self._read)()
        self.code: Any = None
        self.trailers: Metadata = ()

    def abort(self, code: Any, words: Any, metadata: Any) -> NoReturn:
        """End the call as the application asks.

        Raises:
            RefusalError: Always.
        """
        self._aborted = RefusalError(failing_code(code), words)
        self.trailers = (*self.trailers, *_pairs(metadata))
        raise self._aborted

    @property
    def words(self) -> Any:
        """What the application has to say of the call's end; setting it notes where it was set."""
        return None if self._words is None else self._words.words

    @words.setter
    def words(self, words: Any) -> None:
        self._words = refusal_here(words)

    def check(self) -> None:
        """See whether the application has set a code, or aborted or leaked and gone on.

        Raises:
            RefusalError: It has set a code, or aborted.
            LeakError: It has leaked.
        """
        if self._leak is not None:
            raise self._leak
        if self._aborted is not None:
            raise self._aborted
        if self.code in {None, StatusCode.OK, 0}:
            return
        refusal = self._words or RefusalError(StatusCode.UNKNOWN, None)
        refusal.code = failing_code(self.code)
        raise refusal

    def deserialise(self, data: Any, deserialiser: Callable[[bytes], Any] | None) -> Any:
        """Read a message of the client's."""
        self._hearing.received(data)
        if self._largest is not None and len(data) > self._largest:
            large = ValueError(f"a message of {len(data)} bytes; {self._largest} are allowed")
            self._reading.append((large, HttpFailure(_TOO_LARGE)))
            raise large
        if deserialiser is None:
            return data
        try:
            message = deserialiser(data)
        except Exception as exception:
            self._reading.append((exception, ValidationFailure(malformed=True)))
            raise
        if message is None:  # so gRPC is told of one that cannot be read
            unread = ValueError("the deserialiser returned None")
            self._reading.append((unread, ValidationFailure(malformed=True)))
            raise unread
        return message

    def serialise(self, message: Any, serialiser: Callable[[Any], bytes] | None) -> bytes:
        """Write a message of the application's, and read what it says.

        Raises:
            TypeError: It comes to no bytes.
            LeakError: It carries internals.
        """
        data = message if serialiser is None else serialiser(message)
        if not isinstance(data, bytes):
            raise TypeError(f"a message is bytes once it is serialised, not {type(data).__name__}")
        answer = self._responder.review_message(texts_of(data), self._request, self._hearing)
        if answer is not None:
            self._leak = LeakError(answer)
            raise self._leak
        return data

    def messages(self, requests: Any, deserialiser: Callable[[bytes], Any] | None) -> Iterator[Any]:
        """Yield what the client sends."""
        while True:
            try:
                data = next(requests)
            except StopIteration:
                self._is_heard_out = True
                return
            except BaseException as gone:  # a `CancelledError` too, on a server of asyncio
                self._lost = gone
                raise
            yield self.deserialise(data, deserialiser)

    def look_at(self, exception: BaseException) -> None:
        """Note `exception`, of gRPC's own sending, if it says that the client has gone."""
        if isinstance(exception, _LOST):
            self._lost = exception

    def may_pass(self, exception: BaseException, context: Any = None) -> bool:
        """Tell whether `exception` is no failure: the client has gone, or asks for no more.

        Args:
            exception: What the application raised.
            context: Of a plain function on a server of asyncio. There the messages of a client
                that leaves end as if they were all, and nothing but sending tells.
        """
        if exception is self._lost:
            return True
        if isinstance(exception, GeneratorExit):  # one that code raises is a failure
            return must_pass(exception)
        if context is None or not self._is_heard_out:
            return False
        try:
            context.send_initial_metadata(())
        except Exception as refused:  # or it was sent before
            return isinstance(refused, _LOST)
        return False

    def status_of(self, exception: BaseException) -> Status:
        """Answer an exception; never raises."""
        try:
            answer = self._answer(exception)
            refused = self._aborted
            if refused is not None:
                exception = refused
            code = code_for(answer.error.status)
            if isinstance(exception, UnknownMethodError):
                code = StatusCode.UNIMPLEMENTED
            elif isinstance(exception, RefusalError) and answer.error.status == http_status(
                exception.code
            ):
                code = exception.code
            return status_of(answer, self._responder, code, self._method)
        except BaseException as fault:  # whatever it is, the client gets the precomputed status
            tell(fault)
            return LAST_RESORT

    def _answer(self, exception: BaseException) -> Answer:
        if isinstance(exception, LeakError):
            return exception.answer
        request, withheld = self._request(), self._withheld()
        refused = self._aborted
        if refused is not None and exception is not refused:
            # As in gRPC an abort stands, whatever follows it; the record has both.
            self._responder.answer(exception, request, read=self._read, event=_EVENT, leaves=False)
            exception = refused
        return self._responder.answer(
            exception, request, hearing=self._hearing, withheld=withheld, event=_EVENT
        )

    def _withheld(self) -> tuple[Withheld, ...]:
        """Return the trailing metadata, of which nothing leaves with an error."""
        if not self.trailers:
            return ()
        lines = [
            f"{name}: {_bytes(value).decode('utf-8', 'replace')}" for name, value in self.trailers
        ]
        reason = "of a failed call the application's metadata does not leave: declare parameters"
        return (Withheld("trailing metadata", "\n".join(lines), reason),)

    def filtered(self, metadata: Any) -> Metadata:
        """Return the metadata of a good answer that may leave; never raises."""
        try:
            return self._filtered(_pairs(metadata))
        except Exception as fault:  # what could not be read does not leave
            tell(fault)
            return ()

    def contained(self, callback: Callable[[], Any]) -> Callable[[], None]:
        """Return what is called once the call has ended, and whose failure is recorded."""
        request = self._request()

        def run() -> None:
            try:
                callback()
            except BaseException as exception:
                if is_for_others(exception):
                    raise
                self._responder.keep(exception, request, {}, _EVENT)

        return run

    def close(self) -> None:
        """Forget the call."""
        self._hearing.close()
        self._aborted = self._words = self._lost = self._leak = None
        self._reading.clear()

    def _filtered(self, metadata: Metadata) -> Metadata:
        if not metadata:
            return ()
        names = [(name.lower().encode(), b"") for name, _ in metadata]
        allowed = {name.decode() for name, _ in self._responder.read_head(names).fields}
        kept = tuple(field for field in metadata if field[0].lower() in allowed)
        fields = tuple((name.lower().encode(), _bytes(value)) for name, value in kept)
        head = Head(fields, (b"", b""), (), fields, is_usual=False)
        reviewed = self._responder.review_success(_GOOD, head, b"", self._request, self._hearing)
        if reviewed is None:
            return kept
        left = set(reviewed.headers)
        return tuple(field for field, sent in zip(kept, fields, strict=True) if sent in left)

    def _read(self, exception: BaseException) -> Failure | None:
        for refused, failure in self._reading:
            if refused is exception:
                return failure
        return read(exception)

    def _request(self) -> Request:
        metadata = self._details.invocation_metadata or ()
        return Request(
            method="POST",
            path=self._method,
            route=self._method,
            headers=tuple((str(name).encode(), _bytes(value)) for name, value in metadata),
            client=None if self._peer is None else str(self._peer()),
            http_version="2",
        )


def read(exception: BaseException) -> Failure | None:
    """Return what ended a call by `abort`, or because there is no such method."""
    if isinstance(exception, RefusalError):
        return HttpFailure(http_status(exception.code), exception.words or None)
    if isinstance(exception, UnknownMethodError):
        return HttpFailure(404)
    return None


def _pairs(metadata: Any) -> Metadata:
    """Return the pairs of metadata; what cannot be read as such is none."""
    try:
        return tuple((str(name), value) for name, value in metadata or ())
    except Exception:  # a foreign object: it does not leave either way
        return ()


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
