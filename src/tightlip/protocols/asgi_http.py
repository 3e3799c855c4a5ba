"""One HTTP exchange over ASGI: an answer is held back until it is known to be good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tightlip.exchange import Head, Request, Response, first_of, without
from tightlip.protocols.asgi_answer import (
    WITHOUT_BODY,
    application_of,
    outgoing,
    plain,
    reviewed_fields,
    started_by,
    with_status,
)
from tightlip.protocols.asgi_exchange import (
    IN_BACKGROUND,
    STATE,
    Message,
    Receive,
    Scope,
    Send,
    State,
    StreamAbortedError,
    Surroundings,
    is_sudden,
    is_test_client,
    must_pass,
    open_state,
    request_of,
    route_of,
    tells_of_leaving,
    without_files,
)
from tightlip.protocols.asgi_faults import LeakError, MissingAnswerError
from tightlip.protocols.phase import DONE, STREAMING, WAITING, WITHHOLDING, Phase
from tightlip.protocols.stream_form import form_of, gathered_length
from tightlip.slots import is_a, set_traceback

if TYPE_CHECKING:
    from tightlip.protocols.late_end import LateEnd
    from tightlip.responder.responder import Answer
    from tightlip.responder.stream import StreamReview

_FIRST_ERROR = 400
_MOST_WITHHELD = 65536

# The second and third are extensions of ASGI: the server reads a file by itself.
_BODIES = frozenset({f"http.response.{part}" for part in ("body", "pathsend", "zerocopysend")})


class HttpExchange:
    """Stands between an application and its server for one request.

    The start of an answer waits for the first part of its body, so that a failure in between is
    still answered cleanly. An answer of status 400 or above is read to its end and replaced by
    what the responder decides.
    """

    # What few requests ask for has its value here: every one would pay for setting it.
    _withheld = b""
    _review: StreamReview[Answer] | None = None
    _last_chunk = b""
    _received = 0
    _disconnected = False
    _is_complete = False
    _listeners = 0
    starts_late = False  # whether a status leaves with the first part of the body only

    def __init__(
        self, surroundings: Surroundings, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._dress = surroundings.dress
        self._responder = surroundings.responder
        self._framework = surroundings.framework
        self.scope = without_files(scope) if "extensions" in scope else scope
        self._receive, self._send = receive, send
        state = scope.get(STATE)
        self.is_outermost = state is None
        if state is None:
            state = open_state(scope)
        self._state: State = state
        self._hearing = state.hearing = surroundings.hear()
        state.request = self._request
        self.phase: Phase = WAITING
        self._held: Message | None = None
        self._gathered: bytearray | None = None
        self._is_ours = False
        self._late: LateEnd | None = None

    async def failed(self, exception: BaseException) -> None:
        """Answer an exception that came out of the application, and is being handled.

        Raises:
            BaseException: The same, where it is none that may be answered.
            StreamAbortedError: The connection is to be cut.
        """
        if must_pass(exception):
            raise exception
        if self._late is not None:
            await self._late.settle()
        await self._fail(exception)

    def close(self) -> None:
        """Forget the request; the outermost guard's exchange forgets for those inside, too."""
        if self._late is not None:
            self._late.stop()
        self._hearing.close()
        if self.is_outermost:
            self._state.forget()

    async def receive(self) -> Message:
        """Hand on what the client sends, counting its bytes."""
        if self._is_complete:
            await self._end_held()
        self._listeners += 1
        try:
            message = await self._receive()
        finally:
            self._listeners -= 1
        if message["type"] == "http.request":
            body = message.get("body", b"")
            self._received += len(body)
            self._hearing.received(body)
        elif message["type"] == "http.disconnect":
            # Once the answer is whole, servers say so to everyone who asks.
            self._disconnected = self.phase is not DONE
        return message

    async def send(self, message: Message) -> None:
        """Take a message of the application's; hand on what may leave."""
        kind = message["type"]
        held = self._held
        if kind == "http.response.start":
            if self.phase is WAITING:
                self._held = with_status(message)
            return
        if not (
            held is not None
            and kind == "http.response.body"
            and self.phase is WAITING
            and held["status"] < _FIRST_ERROR
            and held["status"] not in WITHOUT_BODY
            and type(message.get("body")) is bytes
            and not message.get("more_body", False)
            and not (self._gathered or self._is_ours or self._state.has_escaped)
        ):
            whole = await self._take(held, message)
            if whole is None:
                return
            held, message = whole
        # No coroutine for this: every request would pay for one.
        head, changed = self._review_whole(held, message.get("body", b""))
        if changed is None:
            self.phase = STREAMING  # a server may refuse what is shorter than announced
            await self._send({**held, "headers": list(head.fields)})
            await self._send(message)
            self.phase = DONE
        elif changed.status >= _FIRST_ERROR:
            await self._deliver(changed)
        else:
            self.phase = DONE
            await self._send({**held, "headers": list(changed.headers)})
            await self._finish(changed.body)

    async def _take(self, held: Message | None, message: Message) -> tuple[Message, Message] | None:
        """Take a message that is not all of a good answer.

        Return the start and the body of that answer where it has come as a whole by now.
        """
        kind, body = message["type"], message.get("body", b"")
        if kind == "http.response.debug":
            await self._send(message)
        elif self._is_ours:
            if message.get("more_body", False) and body:
                raise StreamAbortedError("another answer has left in place of this one")
        elif held is not None:
            if held["status"] in WITHOUT_BODY:  # it would be taken for a part of the next answer
                message, body = {**message, "body": b""}, b""
            elif type(body) is not bytes:
                message = {**message, "body": plain(body)}
            ends = kind in _BODIES and not message.get("more_body", False)
            is_good = kind == "http.response.body" and held["status"] < _FIRST_ERROR
            if ends and is_good and not body and self._state.has_escaped:
                self._is_complete = True  # what broke the answer comes after such an end
            elif ends and is_good and self.phase is WAITING and not self._gathered:
                return held, message
            else:
                whole = await self._send_part(held, message, ends=ends)
                return None if whole is None else (held, whole)
        return None

    async def _send_part(self, held: Message, message: Message, *, ends: bool) -> Message | None:
        """Hand on or withhold a part of an answer; return all of a good one, if it is whole now."""
        is_stream = self.phase is STREAMING
        if self.phase is WAITING:
            gathered = self._gather(held, message, ends=ends)
            if gathered is None:
                return None
            message = gathered
            is_body = message["type"] == "http.response.body"
            if (ends or self._is_ours) and is_body and held["status"] < _FIRST_ERROR:
                return message
            await self._begin(held)
        if self.phase is WITHHOLDING:
            await self._withhold(message.get("body", b""), ends=ends)
            return None
        if self._review is not None and message["type"] == "http.response.body":
            body = await self._reviewed(message.get("body", b""), ends=ends)
            if body is None or not (body or ends):
                return None
            message = {**message, "body": body}
        self._last_chunk = message.get("body", b"") or self._last_chunk
        if ends and is_stream and form_of(started_by(self._held).headers) is not None:
            # FastAPI ends a stream of events first, and raises what broke it afterwards.
            self._is_complete = True
            self._hold()
            message = {**message, "more_body": True}
        elif ends:
            self.phase = DONE
        elif message["type"] == "http.response.trailers":
            about = held["status"], self._request, self._hearing
            message = reviewed_fields(self._responder, message, *about)
        await self._send(message)
        return None

    def _gather(self, held: Message, message: Message, *, ends: bool) -> Message | None:
        """Return what has come of an answer, as one part; None while it waits for more.

        Only a good answer waits that is small, and whole but for coming in parts.
        """
        if not self._gathered:
            if ends or held["status"] >= _FIRST_ERROR or held.get("trailers", False):
                return message
            self._gathered = bytearray()
        length = gathered_length(started_by(self._held).headers)
        if length is None:
            return message
        self._gathered += message.get("body", b"")
        missing = length - len(self._gathered)
        if missing > 0 and not ends:
            return None
        # A middleware sends the end once all behind it is done, which the client need not wait for.
        # One that is longer than announced is refused as a whole.
        self._is_ours = missing <= 0 and not ends
        body = bytes(self._gathered)
        self._gathered.clear()
        return {**message, "body": body, "more_body": False}

    def _review_whole(self, held: Message, body: bytes) -> tuple[Head, Response | None]:
        """Return the head of a whole good answer, and what leaves in its place, if need be."""
        head = outgoing(self._responder, held, self.scope, self._request, body)
        if self._state.exception is not None:
            self._hearing.note(self._state.exception)
        changed = self._responder.review_success(
            held["status"], head, body, self._request, self._hearing
        )
        if changed is not None:
            self._state.give(changed)
        return head, changed

    async def _begin(self, held: Message) -> None:
        """Let the start of a good answer leave; withhold that of an error."""
        if held["status"] >= _FIRST_ERROR:
            self.phase = WITHHOLDING
            return
        status, head = held["status"], outgoing(self._responder, held, self.scope, self._request)
        form = form_of(started_by(self._held).headers)
        about = None if form is None else form.separator, self._request, self._hearing
        headers, self._review = self._responder.open_stream(
            status, head, *about, starts_late=self.starts_late and not form
        )
        await self._send({**held, "headers": list(headers)})
        self.phase = STREAMING

    async def _reviewed(self, body: bytes, *, ends: bool) -> bytes | None:
        """Return what of a stream may leave; None where a leak has ended it."""
        assert self._review is not None
        passed = self._review.feed(body, ends=ends)
        if passed.end is None:
            return passed.data
        self._review = None
        await self._hand_on(passed.data)
        await self._break(passed.end, LeakError("the stream carried internals"))
        return None

    async def _flush(self) -> None:
        """Send what was held of a stream that breaks off."""
        review, self._review = self._review, None
        if review is None:
            return
        try:
            rest = review.flush()
        except Exception:  # a fault of our own: what could not be read does not leave
            return
        await self._hand_on(rest)

    async def _hand_on(self, data: bytes) -> None:
        """Send a part of a stream, if it is not empty."""
        if data:
            self._last_chunk = data
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def _withhold(self, body: bytes, *, ends: bool) -> None:
        """Keep a part of an error answer; reply in its place once it is whole, or too long."""
        room = _MOST_WITHHELD - len(self._withheld)
        self._withheld += body[:room]
        if not ends and room > len(body):
            return
        self._is_complete = True
        if is_sudden(started_by(self._held).status, self._state):
            self._hold()
        else:
            await self._replace()

    def _hold(self) -> None:
        """Hold the end of the answer, which what broke it may follow."""
        if self._listeners:
            from tightlip.protocols.late_end import LateEnd  # few applications listen on

            self._late = LateEnd(self._end_held)

    async def _end_held(self) -> None:
        """End what is held: the application waits for the client, who waits for the end."""
        if self.phase is WITHHOLDING:
            await self._replace()
        elif self.phase is STREAMING:
            await self._finish(b"")

    async def _replace(self) -> None:
        """Reply to an error answer of the application's with what the responder decides."""
        response = started_by(self._held, self._withheld)
        given = self._state.given_as(response, self.scope)
        if given is not None:
            # A guard further inside has decided already.
            await self._deliver(self._responder.repeat(given, response, self._request()))
            return
        if self._framework.is_own_answer(self._withheld):
            response = Response(response.status, without(response.headers, b"content-length"))
        with self._state.with_traceback() as exception:
            page = self._responder.error_page(response, self._request, self._hearing, exception)
            if page is not None:
                answer = page
            elif exception is None:
                endpoint = route_of(self.scope, self._framework)[1]
                answer = self._responder.review(response, self._request(), made_by=endpoint)
            elif self._disconnected and tells_of_leaving(self._framework, exception):
                return
            else:
                answer = self._answer(exception, response)
        self._state.answer = answer
        await self._deliver(answer.response)

    async def _fail(self, exception: BaseException) -> None:
        """Answer an exception that came out of the application."""
        if self._disconnected and tells_of_leaving(self._framework, exception):
            return
        if is_a(exception, (StreamAbortedError, LeakError)):
            # A guard has cut its stream, as a leak has been told of, or answered in its place.
            if self.phase is STREAMING:
                await self._flush()
                raise exception
            return
        if self.phase is WAITING or self.phase is WITHHOLDING:
            made = started_by(self._held, self._withheld) if self.phase is WITHHOLDING else None
            answer = self._answer(exception, made)
            await self._deliver(answer.response)
        elif self._disconnected:
            return
        elif self.phase is STREAMING:
            answer = self._answer(exception, event="http.server.response.broken")
            await self._break(answer, exception)
        elif self._state.answer is None or exception is not self._state.exception:
            answer = self._answer(exception, event=IN_BACKGROUND)
        else:
            answer = self._state.answer
        if is_test_client(self.scope) and answer.is_server_error:
            raise exception
        # One that is raised again and again would gather the frames of every request.
        set_traceback(exception, None)

    async def returned(self) -> None:
        """See that the answer is whole once the application has returned."""
        if self._late is not None:
            await self._late.settle()
        if self.phase is WITHHOLDING:
            await self._replace()
        elif self._disconnected or self.phase is DONE:
            return
        elif self.phase is WAITING and self._is_complete:
            self._state.has_escaped = False  # the application has dealt with it
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        elif self.phase is WAITING:
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
        self._state.answer = answer
        words = self._responder.last_words(answer)
        await self._flush()
        form = form_of(started_by(self._held).headers)
        if form is not None:
            await self._finish(form.last(words, bytes(self._last_chunk[-4:])))
        elif not is_test_client(self.scope):
            raise StreamAbortedError(
                f"cut after a failure, see the incident {answer.reference}"
            ) from None
        else:
            raise exception

    async def _finish(self, chunk: bytes) -> None:
        self.phase, self._is_ours = DONE, True
        await self._send({"type": "http.response.body", "body": chunk, "more_body": False})

    async def _deliver(self, response: Response) -> None:
        """Send a whole answer of ours, with the CORS headers that the application would add."""
        self.phase, self._is_ours = DONE, True
        self._state.give(response)
        served = application_of(response)
        crosses = first_of(response.headers, b"access-control-allow-origin") is None
        if self._dress is not None and crosses and self.scope.get("method") != "OPTIONS":
            served = self._dress(served)
        await served(self.scope, self._receive, self._send)

    def _answer(
        self,
        exception: BaseException,
        response: Response | None = None,
        event: str = "http.server.request.exception",
    ) -> Answer:
        self._state.answer = answer = self._responder.answer(
            exception,
            self._request(),
            hearing=self._hearing,
            response=response,
            event=event,
            leaves=self.phase is not DONE,  # else it is in the background
        )
        return answer

    def _request(self) -> Request:
        return request_of(self.scope, self._framework, self._received)
