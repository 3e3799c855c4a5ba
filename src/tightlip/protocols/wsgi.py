"""WSGI: the guard around an application (PEP 3333)."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self
from wsgiref.util import FileWrapper

from tightlip.exchange import Headers, Request, Response, reason_phrase
from tightlip.protocols.asgi_answer import WITHOUT_BODY
from tightlip.protocols.asgi_exchange import (
    STATE,
    Framework,
    Message,
    NoFramework,
    StreamAbortedError,
    Surroundings,
    is_for_others,
    state_of,
)
from tightlip.protocols.asgi_faults import MissingAnswerError, UnsendableError
from tightlip.protocols.asgi_http import HttpExchange
from tightlip.protocols.phase import DONE, STREAMING, WAITING
from tightlip.protocols.wsgi_environ import (
    Application,
    Environ,
    ExceptionInformation,
    Input,
    StartResponse,
    Write,
    has_body,
    request_of,
)
from tightlip.slots import is_a

if TYPE_CHECKING:
    from tightlip.responder.responder import Responder

_FIRST_ERROR = 400
_LENGTH_OF_STATUS = 3


class Guard:
    """A WSGI application around another: what leaves is what the responder decides.

    Args:
        application: Any WSGI application.
        responder: The decision point.
        framework: The adapter of the application's framework.
    """

    def __init__(
        self,
        application: Application,
        responder: Responder,
        framework: Framework | None = None,
    ) -> None:
        self._application = application
        self._surroundings = Surroundings(responder, framework or NoFramework())

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one exchange."""
        return WsgiAnswer(self._surroundings, environ, start_response).begin(self._application)


class WsgiExchange(HttpExchange):
    """The exchange of a WSGI server and its application, in the form of ASGI's messages.

    Args:
        surroundings: The decision point and the framework's adapter.
        environ: The request.
        send: Takes what leaves.
    """

    starts_late = True

    def __init__(self, surroundings: Surroundings, environ: Environ, send: Any) -> None:
        super().__init__(surroundings, environ, _receive, send)
        # Some frameworks write it anew, each in a way of its own.
        self._path = environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", "")

    @property
    def has_started(self) -> bool:
        """Whether the application has given a status and headers."""
        return self._held is not None

    @property
    def has_sent(self) -> bool:
        """Whether the start of an answer has left."""
        return self.phase is STREAMING or self.phase is DONE

    @property
    def waits_for_the_end(self) -> bool:
        """Whether no more of the body is wanted, and what is to leave is not decided yet."""
        return self._is_complete and self.phase is not DONE

    def start(self, status: int, headers: Headers) -> None:
        """Take the start of the application's answer."""
        if self.phase is WAITING:
            self._held = {"type": "http.response.start", "status": status, "headers": headers}

    def take(self, part: bytes, *, more: bool) -> None:
        """Take a part of the application's answer."""
        _drive(self.send({"type": "http.response.body", "body": part, "more_body": more}))

    def judge(self, body: bytes) -> Response | None:
        """Return what leaves in place of a whole good answer, as it is taken most often."""
        held = self._held
        if held is None or held["status"] >= _FIRST_ERROR or self.phase is not WAITING:
            return None
        head, changed = self._review_whole(held, body)
        self.phase = DONE
        return Response(held["status"], head.fields, body) if changed is None else changed

    def end(self) -> None:
        """See that the answer is whole."""
        _drive(self.returned())

    def fail(self, exception: BaseException) -> None:
        """Answer an exception, or end what it has broken.

        Raises:
            StreamAbortedError: The connection is to be cut.
        """
        _drive(self._fail(exception))

    def answer_to(self, exception: BaseException) -> Response:
        """Return what leaves in place of an answer whose head the server does not take."""
        return self._answer(exception).response

    def received(self, body: bytes) -> None:
        """Take notice of what the client has sent."""
        self._received += len(body)
        self._hearing.received(body)

    def leave(self) -> None:
        """Take notice that nobody waits for the rest."""
        self._disconnected = self.phase is not DONE

    def hear_no_more(self) -> None:
        """Forget what was raised."""
        self._hearing.close()

    def _request(self) -> Request:
        environ = {**self.scope, "SCRIPT_NAME": self._path[0], "PATH_INFO": self._path[1]}
        return request_of(environ, self._framework, self._received)


_ATTRIBUTES = (
    "_announced",
    "_body",
    "_cut",
    "_environ",
    "_exchange",
    "_given",
    "_has_length",
    "_is_closed",
    "_is_ended",
    "_is_head",
    "_is_outermost",
    "_parts",
    "_rest",
    "_sent",
    "_start_response",
    "_started",
    "_write",
)


class WsgiAnswer:
    """The body that a server is given: it asks the application for more as the server does.

    Args:
        surroundings: The decision point and the framework's adapter.
        environ: The request.
        start_response: The server's.
    """

    __slots__ = _ATTRIBUTES

    def __init__(
        self, surroundings: Surroundings, environ: Environ, start_response: StartResponse
    ) -> None:
        self._is_outermost = STATE not in environ
        self._environ = environ
        self._start_response = start_response
        self._is_head = environ.get("REQUEST_METHOD") == "HEAD"
        self._exchange = WsgiExchange(surroundings, environ, self._send)
        self._parts: deque[bytes] = deque()
        self._body: Iterable[bytes] = ()
        self._rest: Iterator[bytes] = iter(())
        self._started: Response | None = None
        self._write: Write | None = None
        self._cut: StreamAbortedError | None = None
        self._is_ended = False
        self._is_closed = False
        self._announced: int | None = None
        self._has_length = False
        self._given = 0
        self._sent = 0

    def begin(self, application: Application) -> Self:
        """Call the application; return once the start of an answer has left."""
        # By its own wrapper the server would read a file by itself, and nobody else. The name
        # stays, since gunicorn asks for it after the call.
        if "wsgi.file_wrapper" in self._environ:
            self._environ["wsgi.file_wrapper"] = FileWrapper
        if has_body(self._environ):
            stream = self._environ.get("wsgi.input")
            self._environ["wsgi.input"] = Input(stream, self._exchange.received)
        try:
            try:
                self._body = application(self._environ, self.start_response)
                self._rest = iter(self._body)
            except BaseException as exception:
                self._fail(exception)
            while not self._parts and not self._is_ended:
                self._advance()
        except BaseException:
            self.close()
            raise
        if self._is_ended:
            self._exchange.hear_no_more()
        self._start()
        return self

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        while not self._parts:
            if self._cut is not None:
                raise self._cut
            if self._is_ended:
                self._exchange.hear_no_more()  # nothing says that whoever asked will close this
                raise StopIteration
            self._advance()
        return self._parts.popleft()

    def close(self) -> None:
        """Let the application end, whatever became of its answer."""
        if self._is_closed:
            return
        self._is_closed = True
        if not self._is_ended:
            self._exchange.leave()
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        except BaseException as exception:
            if _must_pass(exception):
                raise
            self._exchange.fail(exception)
        finally:
            self._exchange.hear_no_more()
            if self._is_outermost:
                state_of(self._environ).forget()

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExceptionInformation | None = None,
        /,
    ) -> Write:
        """Take the start of the application's answer.

        Raises:
            UnsendableError: HTTP has no form for it, or it is a second one.
        """
        if exc_info is not None and exc_info[1] is not None:
            state_of(self._environ).note(exc_info[1])
            if self._exchange.has_sent:
                raise exc_info[1]
        elif self._exchange.has_started:
            raise UnsendableError("start_response was called twice, without an exception")
        try:
            encoded = tuple(
                [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            )
            number = int(status[:_LENGTH_OF_STATUS])
        except (AttributeError, TypeError, ValueError) as error:
            raise UnsendableError(f"an answer cannot start like this: {error}") from None
        self._announced = _length_in(encoded)
        self._has_length = self._announced is not None
        if self._is_head or number in WITHOUT_BODY:
            self._announced = None
        self._exchange.start(number, encoded)
        return self.write

    def write(self, data: bytes) -> None:
        """Take a part of the body that is to leave at once."""
        self._take(data, more=True)
        if self._parts:
            write = self._start()
            while self._parts:
                write(self._parts.popleft())

    def _advance(self) -> None:
        """Hand the application's next part on; see to it that what fails ends as a failure."""
        try:
            self._step()
        except BaseException as exception:
            self._fail(exception)

    def _step(self) -> None:
        part = next(self._rest, None)
        if part is None:
            self._end()
        elif not isinstance(part, bytes):
            raise UnsendableError(f"a body is made of bytes, not of {type(part).__name__}")
        elif not part:
            return
        elif not self._exchange.has_started:
            raise MissingAnswerError("a body came before start_response was called")
        elif self._exchange.has_sent or self._given:
            self._take(part, more=True)
        elif isinstance(self._body, list | tuple):
            self._take(part + b"".join(self._rest), more=False)
        else:
            is_whole = self._announced == len(part) or _is_single(self._body)
            self._take(part, more=not is_whole)

    def _take(self, part: bytes, *, more: bool) -> None:
        is_whole = not more and not self._given
        self._given += len(part)
        if not more:
            self._check_length()
        answer = self._exchange.judge(part) if is_whole else None
        if answer is not None:
            self._started = answer
            self._add(answer, answer.body, more=False)
            return
        self._exchange.take(part, more=more)
        if self._exchange.waits_for_the_end:
            self._exchange.end()

    def _end(self) -> None:
        if not self._exchange.has_started:
            raise MissingAnswerError("the application returned no answer")
        self._take(b"", more=False)

    def _check_length(self) -> None:
        announced = self._announced
        if announced is not None and self._given < announced:
            raise MissingAnswerError(f"{announced} bytes were announced, {self._given} came")

    def _fail(self, exception: BaseException) -> None:
        if _must_pass(exception):
            raise exception
        try:
            self._exchange.fail(exception)
        except StreamAbortedError as cut:
            self._cut = cut
        self._is_ended = True

    async def _send(self, message: Message) -> None:
        """Take what leaves; the server gets it when it asks."""
        if message["type"] == "http.response.start" or self._started is None:
            self._started = Response(message["status"], tuple(message["headers"]))
        else:
            self._add(self._started, message["body"], more=message.get("more_body", False))

    def _add(self, started: Response, part: bytes, *, more: bool) -> None:
        if part and started.status not in WITHOUT_BODY:
            self._sent += len(part)
            if not self._is_head:
                self._parts.append(part)
        if not more:
            self._is_ended = True

    def _start(self) -> Write:
        """Start the answer at the server, once."""
        if self._write is None:
            try:
                self._write = self._start_response(*_told(self._settled()))
            except Exception as refused:  # it takes no field of a connection (PEP 3333)
                answer = self._exchange.answer_to(refused)
                self._parts = deque([answer.body] if answer.body else ())
                self._cut, self._is_ended = None, True
                self._write = self._start_response(*_told(answer), sys.exc_info())
        return self._write

    def _settled(self) -> Response:
        """Return the start of what leaves, now that it is known as far as it can be."""
        if self._cut is not None and not self._parts:
            # Nothing has left: the failure can still be told in a whole answer.
            self._cut = None
            answer = state_of(self._environ).answer
            self._started = None if answer is None else answer.response
            if answer is not None and answer.response.body:
                self._parts.append(answer.response.body)
        if self._started is None:
            self._exchange.fail(MissingAnswerError("the application returned no answer"))
        assert self._started is not None
        headers = self._started.headers
        is_whole = self._is_ended and self._cut is None
        if is_whole and self._sent and not (self._has_length or _length_in(headers)):
            # Servers do so where they see a body of one part, as ours no longer is.
            length = (b"content-length", str(self._sent).encode())
            return replace(self._started, headers=(*headers, length))
        return self._started


def _told(started: Response) -> tuple[str, list[tuple[str, str]]]:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in started.headers]
    return f"{started.status} {reason_phrase(started.status)}", headers


def _must_pass(exception: BaseException) -> bool:
    """Tell whether `exception` is no failure.

    There is neither a task that could be cancelled nor a coroutine that could be closed: a
    `CancelledError` or a `GeneratorExit` is one that code raised.
    """
    return not is_a(exception, GeneratorExit) and is_for_others(exception)


def _length_in(headers: Headers) -> int | None:
    for name, value in headers:
        if name.lower() == b"content-length":
            return int(value) if value.isdigit() else None
    return None


def _is_single(body: Iterable[bytes]) -> bool:
    """Tell whether a body has one part alone, as servers do (PEP 3333)."""
    try:
        return len(body) == 1  # type: ignore[arg-type]
    except TypeError:
        return False


def _drive(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that waits for nothing: what it sends is taken at once."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("an exchange over WSGI waits for nothing")


async def _receive() -> Message:
    raise RuntimeError("the application reads its request from wsgi.input")
