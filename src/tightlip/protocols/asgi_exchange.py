"""What the parts of an ASGI exchange share: its state, its request, its framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from opcode import opmap
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from tightlip.exchange import Request, Response, first_of
from tightlip.slots import is_a, set_traceback, traceback_of

if TYPE_CHECKING:
    from tightlip.failure import Failure
    from tightlip.responder.hearing import Hearing
    from tightlip.responder.responder import Answer, Responder

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

Dress: TypeAlias = Callable[[Application], Application]
"""Puts a middleware of the application's around an answer that is made outside of it."""

_ENDING_OTHERS = frozenset({"trio", "greenlet", "_pytest"})
_RAISING = opmap["RAISE_VARARGS"]
_FILES = frozenset({"http.response.pathsend", "http.response.zerocopysend"})

_SERVER_ERROR = 500
_REFERENCE = b"x-error-reference"

IN_BACKGROUND = "http.server.background.exception"
"""The name of the event that nobody waits for: the answer has left before."""

STATE = "tightlip.state"
"""The key of the scope under which the `State` stands; WSGI wants a dot in names of objects."""


class Framework(Protocol):
    """What the guard asks of an adapter."""

    def read(self, exception: BaseException) -> Failure | None:
        """Return what the framework's own exception says; None for any other."""
        ...

    def is_disconnect(self, exception: BaseException) -> bool:
        """Tell whether `exception` says no more than that the client has gone."""
        ...

    def route(self, scope: Scope) -> tuple[str | None, str]:
        """Return the template of the route that matched, and the name of its endpoint."""
        ...

    def is_own_answer(self, body: bytes) -> bool:
        """Tell whether a plain answer was written by the framework itself."""
        ...


class NoFramework:
    """What the guard asks where there is no adapter: a plain ASGI application."""

    def read(self, exception: BaseException) -> Failure | None:  # noqa: ARG002 - the protocol's
        """Know no exception."""
        return None

    def is_disconnect(self, exception: BaseException) -> bool:  # noqa: ARG002 - the protocol's
        """Know no such exception."""
        return False

    def route(self, scope: Scope) -> tuple[str | None, str]:  # noqa: ARG002 - the protocol's
        """Know no route."""
        return None, ""

    def is_own_answer(self, body: bytes) -> bool:  # noqa: ARG002 - the protocol's
        """Know no answer."""
        return False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around every exchange of one application.

    Attributes:
        responder: The decision point.
        framework: The adapter of the application's framework.
        dress: Puts the application's CORS middleware around an answer of ours.
        hear: Begins to hear what one request raises; to be closed on every way out.
    """

    responder: Responder
    framework: Framework
    dress: Dress | None = None
    hear: Callable[[], Hearing] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hear", self.responder.hearing(self.framework.read))


class State:
    """What the parts of one exchange tell each other.

    Attributes:
        exception: The exception that a handler inside the application was given.
        traceback: Its traceback, which some frameworks take off once it is handled.
        answer: What was decided last of this exchange.
        route: The template of the route and the name of its endpoint, where the adapter is told
            of them on the way.
        has_escaped: Whether an exception is on its way out, so that an end of the answer that
            comes meanwhile need not be one.
        given: What a guard, this one or one further inside, has let leave as an error.
        hearing: What the exchange raises, as the innermost guard hears it.
        request: Gives the request, as that guard reads it.
        outer: The state of the exchange that was under way where this one began.
    """

    # Nothing is set where one is made: there is one for every request.
    exception: BaseException | None = None
    traceback: TracebackType | None = None
    answer: Answer | None = None
    route: tuple[str | None, str] = (None, "")
    has_escaped: bool = False
    given: Response | None = None
    hearing: Hearing | None = None
    request: Callable[[], Request] | None = None
    outer: State | None = None

    def decide(self, answer: Answer | None) -> None:
        """Let `answer`, if there is one, leave as it is, where it is what the application sends."""
        self.answer = answer
        if answer is not None:
            self.give(answer.response)

    def give(self, response: Response) -> None:
        """Remember what was decided to leave, for a guard further outside.

        That may be another exchange's: between ASGI and WSGI no bridge hands on what stands in a
        scope or an environment, but each runs the application in the context of its own call.
        """
        self.given = response
        if self.outer is not None:
            self.outer.given = response

    def given_as(self, response: Response, scope: Scope) -> Response | None:
        """Return what a guard has let leave as an error, if `response` to `scope` repeats it.

        What answers HEAD has no body by which it could be known, but has its reference, or the
        length of its content. Without them it is that of another application, which this one has
        called by itself.
        """
        given = self.given
        if given is None or (given.status, given.body) != (response.status, response.body):
            return None
        if not given.body:
            name = b"content-length" if first_of(given.headers, _REFERENCE) is None else _REFERENCE
            is_same = first_of(given.headers, name) == first_of(response.headers, name)
            if not asks_for_head(scope) or not is_same:
                return None
        return given

    def note(self, exception: BaseException) -> None:
        """Remember an exception before a handler turns it into an answer."""
        self.exception = exception
        self.traceback = traceback_of(exception)

    @contextmanager
    def with_traceback(self) -> Iterator[BaseException | None]:
        """Give back the noted exception with its traceback on, and take that off afterwards.

        An exception that is raised again and again would gather the frames of every request.
        """
        exception = self.exception
        if exception is None:
            yield None
            return
        held = traceback_of(exception)
        set_traceback(exception, self.traceback)
        try:
            yield exception
        finally:
            set_traceback(exception, held)

    def forget(self) -> None:
        """Let go of all: the frames of a traceback hold the scope, and the scope holds this.

        Such a circle would keep every object of a failed request until the garbage collector
        comes by.
        """
        if self.exception is not None or self.answer is not None or self.given is not None:
            self.exception = self.traceback = self.answer = self.given = None
        self.hearing = self.request = None
        if _under_way.get() is self:  # the application called this one, and goes on
            _under_way.set(self.outer)
        self.outer = None  # else one state would hold the next, in a context that serves many


_under_way: ContextVar[State | None] = ContextVar("tightlip_state", default=None)
"""The state of the exchange that began last in this context."""


def state_under_way() -> State | None:
    """Return the state of the exchange that began last in this context; None outside of all."""
    return _under_way.get()


def open_state(scope: Scope) -> State:
    """Return the state of an exchange that begins in this context."""
    state = scope[STATE] = State()
    outer = _under_way.get()
    if outer is not None:
        state.outer = outer
    _under_way.set(state)
    return state


class StreamAbortedError(Exception):
    """Tells the server to cut the connection: what was begun cannot be ended honestly.

    ASGI has no message that says so; an exception after the start is the one sign that servers
    take for it.
    """


def state_of(scope: Scope) -> State:
    """Return the state of the exchange, made at the first call."""
    state = scope.get(STATE)
    return open_state(scope) if state is None else state


def asks_for_head(scope: Scope) -> bool:
    """Tell whether the request of a scope, or of WSGI's environment, is answered without a body."""
    return "HEAD" in {scope.get("method"), scope.get("REQUEST_METHOD")}


def route_of(scope: Scope, framework: Framework) -> tuple[str | None, str]:
    """Return the route's template and the endpoint's name, as far as the framework tells them."""
    try:
        return framework.route(scope)
    except Exception:  # a foreign route object may fail; the record does without
        return None, ""


def tells_of_leaving(framework: Framework, exception: BaseException) -> bool:
    """Tell whether `exception` says no more than that the client has gone."""
    try:
        return framework.is_disconnect(exception)
    except Exception:  # a foreign exception may fail at any question
        return False


def request_of(scope: Scope, framework: Framework, body_size: int = 0) -> Request:
    """Read the neutral request from an ASGI scope (ASGI 3.0, HTTP and WebSocket).

    Middleware may have put odd things into the scope: what cannot be read stays empty.
    """
    route, _ = route_of(scope, framework)
    try:
        headers = tuple([(bytes(name), bytes(value)) for name, value in scope.get("headers", ())])
    except (TypeError, ValueError):
        headers = ()
    client = scope.get("client")
    return Request(
        method=scope.get("method", "WEBSOCKET"),
        path=scope.get("path", ""),
        route=route,
        query=scope.get("query_string", b""),
        headers=headers,
        client=":".join(map(str, client)) if isinstance(client, list | tuple) else None,
        scheme=scope.get("scheme", "http"),
        http_version=scope.get("http_version", "1.1"),
        body_size=body_size,
    )


def must_pass(exception: BaseException) -> bool:
    """Tell whether `exception` is no failure: the end of the process, of the task, of a generator.

    A `CancelledError` passes where the task really is being cancelled, and a `GeneratorExit` where
    a coroutine is closed; one that code raised by itself is a failure like any other.
    """
    if is_a(exception, Exception):
        return False
    if is_a(exception, GeneratorExit):
        return not _was_raised_by_code(exception)
    import asyncio  # a server of ASGI has it; a start without one need not wait for it

    if is_a(exception, asyncio.CancelledError):
        try:
            task = asyncio.current_task()
        except RuntimeError:  # no event loop of asyncio's: nothing says that it is not real
            return True
        return task is None or task.cancelling() > 0
    return is_for_others(exception)


def _was_raised_by_code(exception: BaseException) -> bool:
    """Tell whether a statement `raise` stands where `exception` came up, and no `await`."""
    traceback = exception.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return False
    return traceback.tb_frame.f_code.co_code[traceback.tb_lasti] == _RAISING


def is_for_others(exception: BaseException) -> bool:
    """Tell whether `exception` is no failure, but how others end what runs here.

    These are the interrupt of the process, the end of a generator or coroutine, trio's
    cancellation, gevent's kill, and what ends a test of pytest's. Any other `BaseException`, as
    gevent's timeout, would end a server's thread or task without an answer.
    """
    if is_a(exception, Exception):
        return False
    if is_a(exception, (KeyboardInterrupt, GeneratorExit)):
        return True
    packages = {cls.__module__.partition(".")[0] for cls in type(exception).__mro__}
    return not packages.isdisjoint(_ENDING_OTHERS)


def is_sudden(status: int, state: State) -> bool:
    """Tell whether a server error came without an exception so far.

    Frameworks answer first and raise on afterwards: the exception says more, and is worth the wait
    until the application returns.
    """
    return status >= _SERVER_ERROR and state.exception is None and state.answer is None


def is_test_client(scope: Scope) -> bool:
    """Tell whether Starlette's test client asks: only it offers this extension.

    It re-raises what goes wrong in the application, in the user's own test.
    """
    return "http.response.debug" in scope.get("extensions", ())


def without_files(scope: Scope) -> Scope:
    """Hide that the server could send a file by itself: nobody would read it."""
    extensions = scope.get("extensions")
    if extensions and not _FILES.isdisjoint(extensions):
        scope["extensions"] = {name: extensions[name] for name in extensions if name not in _FILES}
    return scope
