"""One HTTP exchange over ASGI: an answer is held back until it is known to be good."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from tightlip.exchange import Request, Response, first_of
from tightlip.protocols.asgi_exchange import (
    Application,
    Message,
    Receive,
    Scope,
    Send,
    StreamAbortedError,
    Surroundings,
    is_test_client,
    must_pass,
    request_of,
    route_of,
    state_of,
)

if TYPE_CHECKING:
    from tightlip.responder.responder import Answer

_FIRST_FINAL = 200
_FIRST_ERROR = 400
_SERVER_ERROR = 500
_MOST_WITHHELD = 65536

_EVENT_STREAM = b"text/event-stream"
_JSON_LINES = frozenset(
    {b"application/x-ndjson", b"application/jsonl", b"application/jsonlines", b"application/ndjson"}
)


_BODIES = frozenset(
    # The second and third are extensions of ASGI: the server reads a file by itself.
    {"http.response.body", "http.response.pathsend", "http.response.zerocopysend"}
)


class Phase(Enum):
    """How far the answer has come."""

    WAITING = auto()
    """Nothing has left; a start may be held."""
    WITHHOLDING = auto()
    """An error answer of the application's is being read, and kept."""
    STREAMING = auto()
    """The start and a part of the body have left."""
    DONE = auto()
    """All has left."""


class MissingAnswerError(Exception):
    """The application ended without an answer, or without the end of it."""


class UnsendableError(Exception):
    """The application gave an answer that HTTP has no form for."""


class HttpExchange:
    """Stands between an application and its server for one request.

    The start of an answer waits for the first part of its body, so that a failure in between is
    still answered cleanly. An answer of status 400 or above is read to its end and replaced by
    what the responder decides.
    """

    __slots__ = (
        "_disconnected",
        "_dress",
        "_framework",
        "_held",
        "_is_complete",
        "_is_ours",
        "_last_chunk",
        "_phase",
        "_receive",
        "_received",
        "_responder",
        "_scope",
        "_send",
        "_state",
        "_withheld",
    )

    def __init__(
        self,
        surroundings: Surroundings,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        self._dress = surroundings.dress
        self._responder = surroundings.responder
        self._framework = surroundings.framework
        self._scope = scope
        self._receive = receive
        self._send = send
        self._state = state_of(scope)
        self._phase = Phase.WAITING
        self._held: Message | None = None
        self._withheld = b""
        self._last_chunk = b""
        self._received = 0
        self._disconnected = False
        self._is_complete = False
        self._is_ours = False

    async def run(self, application: Application) -> None:
        """Let the application answer; see that what leaves is whole and clean."""
        try:
            await application(self._scope, self.receive, self.send)
        except BaseException as exception:
            if must_pass(exception):
                raise
            await self._fail(exception)
        else:
            await self._end()

    async def receive(self) -> Message:
        """Hand on what the client sends, counting its bytes."""
        if self._is_complete:
            # The application waits for the client to leave, who waits for the answer's end.
            if self._phase is Phase.WITHHOLDING:
                await self._replace()
            elif self._phase is Phase.STREAMING:
                await self._finish(b"")
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
        elif message["type"] == "http.disconnect":
            # Once the answer is whole, servers say so to everyone who asks.
            self._disconnected = self._phase is not Phase.DONE
        return message

    async def send(self, message: Message) -> None:
        """Take a message of the application's; hand on what may leave."""
        kind = message["type"]
        if kind == "http.response.debug":
            await self._send(message)
        elif kind == "http.response.start":
            if self._phase is Phase.WAITING:
                self._held = message
        elif self._is_ours:
            if message.get("more_body", False):
                raise StreamAbortedError("another answer has left in place of this one")
        elif self._held is not None:
            ends = kind in _BODIES and not message.get("more_body", False)
            await self._send_part(self._held, message, ends=ends)

    async def _send_part(self, held: Message, message: Message, *, ends: bool) -> None:
        """Hand on or withhold a part of the answer that `held` starts."""
        is_stream = self._phase is Phase.STREAMING
        if self._phase is Phase.WAITING:
            await self._begin(held)
        if self._phase is Phase.WITHHOLDING:
            await self._withhold(message.get("body", b""), ends=ends)
            return
        self._last_chunk = message.get("body", b"") or self._last_chunk
        if ends and is_stream and self._takes_events() is not None:
            # FastAPI ends a stream of events first, and raises what broke it afterwards.
            self._is_complete = True
            message = {**message, "more_body": True}
        elif ends:
            self._phase = Phase.DONE
        await self._send(message)

    async def _begin(self, held: Message) -> None:
        """Let the start of a good answer leave; withhold that of an error."""
        status = held["status"]
        if status >= _FIRST_ERROR:
            self._phase = Phase.WITHHOLDING
            return
        if status < _FIRST_FINAL:
            raise UnsendableError(f"an answer cannot have the status {status}")
        try:
            headers = self._responder.outgoing(held.get("headers", ()))
        except (TypeError, ValueError) as error:
            raise UnsendableError(f"an answer cannot have this header: {error}") from None
        await self._send({**held, "headers": headers})
        self._phase = Phase.STREAMING

    async def _withhold(self, body: bytes, *, ends: bool) -> None:
        """Keep a part of an error answer; reply in its place once it is whole, or too long."""
        room = _MOST_WITHHELD - len(self._withheld)
        self._withheld += body[:room]
        if not ends and room > len(body):
            return
        self._is_complete = True
        if not self._is_sudden():
            await self._replace()

    def _is_sudden(self) -> bool:
        """Tell whether a server error came without an exception so far.

        Frameworks answer first and raise on afterwards: the exception says more, and is worth
        the wait until the application returns.
        """
        held = self._held
        return (
            held is not None
            and held["status"] >= _SERVER_ERROR
            and self._state.exception is None
            and self._state.answer is None
        )

    async def _replace(self) -> None:
        """Reply to an error answer of the application's with what the responder decides."""
        response = replace(self._started(), body=self._withheld)
        decided = self._state.answer
        if decided is not None and decided.response.body == response.body:
            # A guard further inside has decided already.
            await self._deliver(self._responder.repeat(decided.response, response.headers))
            return
        if self._framework.is_own_answer(self._withheld):
            response = replace(response, body=b"")
        with self._state.with_traceback() as exception:
            if exception is None:
                _, endpoint = route_of(self._scope, self._framework)
                answer = self._responder.review(response, self._request(), made_by=endpoint)
                self._state.answer = answer
            elif self._has_left(exception):
                return
            else:
                answer = self._answer(exception, response)
        await self._deliver(answer.response)

    async def _fail(self, exception: BaseException) -> None:
        """Answer an exception that came out of the application."""
        if self._has_left(exception):
            return
        if isinstance(exception, StreamAbortedError):
            # A guard further inside has cut its stream, or this one has answered in its place.
            if self._phase is Phase.STREAMING:
                raise exception
            return
        if self._phase is Phase.WAITING:
            answer = self._answer(exception)
            await self._deliver(answer.response)
        elif self._phase is Phase.WITHHOLDING:
            answer = self._answer(exception, replace(self._started(), body=self._withheld))
            await self._deliver(answer.response)
        elif self._disconnected:
            return
        elif self._phase is Phase.STREAMING:
            answer = self._answer(exception, event="http.server.response.broken")
            await self._break(answer, exception)
        elif self._state.answer is None or exception is not self._state.exception:
            answer = self._answer(exception, event="http.server.background.exception")
        else:
            answer = self._state.answer
        if is_test_client(self._scope) and answer.is_server_error:
            raise exception
        # One that is raised again and again would gather the frames of every request.
        exception.__traceback__ = None

    def _has_left(self, exception: BaseException) -> bool:
        """Tell whether `exception` says no more than that the client has gone, who has."""
        return self._disconnected and self._framework.is_disconnect(exception)

    async def _end(self) -> None:
        """See that the answer is whole once the application has returned."""
        if self._phase is Phase.WITHHOLDING:
            await self._replace()
        elif self._disconnected or self._phase is Phase.DONE:
            return
        elif self._phase is Phase.WAITING:
            answer = self._answer(MissingAnswerError("the application returned no answer"))
            await self._deliver(answer.response)
        elif self._is_complete:
            await self._finish(b"")
        else:
            missing = MissingAnswerError("the application returned in the middle of an answer")
            answer = self._answer(missing, event="http.server.response.broken")
            await self._break(answer, missing)

    async def _break(self, answer: Answer, exception: BaseException) -> None:
        """End a broken stream honestly: by a declared event where the form has one, else cut."""
        words = self._responder.last_words(answer)
        end = bytes(self._last_chunk[-4:])
        form = self._takes_events()
        if form == _EVENT_STREAM:
            gap = b"" if end.endswith((b"\n\n", b"\r\n\r\n", b"\r\r")) else b"\n\n"
            await self._finish(gap + b"event: error\ndata: " + words + b"\n\n")
        elif form is not None:
            gap = b"" if end.endswith(b"\n") else b"\n"
            await self._finish(gap + words + b"\n")
        elif not is_test_client(self._scope):
            raise StreamAbortedError(
                f"cut after a failure, see the incident {answer.reference}"
            ) from None
        else:
            raise exception

    def _takes_events(self) -> bytes | None:
        """Return the media type of a stream that can take one more event; None for any other."""
        headers = self._started().headers
        for name in (b"content-encoding", b"content-length"):
            if first_of(headers, name) is not None:
                return None
        media_type = (first_of(headers, b"content-type") or b"").partition(b";")[0].strip().lower()
        return media_type if media_type == _EVENT_STREAM or media_type in _JSON_LINES else None

    async def _finish(self, chunk: bytes) -> None:
        self._phase = Phase.DONE
        self._is_ours = True
        await self._send({"type": "http.response.body", "body": chunk, "more_body": False})

    async def _deliver(self, response: Response) -> None:
        """Send a whole answer of ours, with the CORS headers that the application would add."""
        self._phase = Phase.DONE
        self._is_ours = True

        async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
            headers = list(response.headers)
            await send(
                {"type": "http.response.start", "status": response.status, "headers": headers}
            )
            await send({"type": "http.response.body", "body": response.body})

        served: Application = answer
        crosses = first_of(response.headers, b"access-control-allow-origin") is None
        if self._dress is not None and crosses and self._scope.get("method") != "OPTIONS":
            served = self._dress(answer)
        await served(self._scope, self._receive, self._send)

    def _started(self) -> Response:
        """Return the status and headers that the application gave, names in lower case."""
        held = self._held or {}
        headers = (
            (header[0].lower(), header[1])
            for header in held.get("headers", ())
            if len(header) == 2 and all(type(part) is bytes for part in header)  # noqa: PLR2004 - a name and a value
        )
        return Response(held.get("status", _SERVER_ERROR), tuple(headers))

    def _answer(
        self,
        exception: BaseException,
        response: Response | None = None,
        event: str = "http.server.request.exception",
    ) -> Answer:
        answer = self._responder.answer(
            exception,
            self._request(),
            read=self._framework.read,
            response=response,
            event=event,
        )
        self._state.answer = answer
        return answer

    def _request(self) -> Request:
        return request_of(self._scope, self._framework, self._received)
