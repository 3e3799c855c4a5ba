"""Patience: foreign code that may hang is called in a thread that can be left behind."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from weakref import WeakSet

LONGEST_WAIT = 3.0  # seconds
_MOST = 1000

_all: WeakSet[Patience] = WeakSet()


class LeftBehindError(Exception):
    """It took too long; it may still be done, but nobody waits for it."""


class _Call:
    __slots__ = ("context", "done", "error", "function")

    def __init__(self, function: Callable[[], object]) -> None:
        self.function = function
        self.context: Context = copy_context()
        self.done = threading.Event()
        self.error: BaseException | None = None


class Patience:
    """Calls functions one after the other in a thread of its own; safe to use from threads.

    Whoever calls waits for the end, but no longer than a bound. After one call was left behind,
    nobody waits any more, until one was done within the bound: what hangs costs one wait, and not
    one for each caller.

    Args:
        name: What the thread is called.
        longest: For how many seconds a caller waits.
    """

    _changed: threading.Condition
    _calls: deque[_Call]
    _thread: int | None
    _is_behind: bool

    def __init__(self, name: str, *, longest: float = LONGEST_WAIT) -> None:
        self._name = name
        self._longest = longest
        self._begin_anew()
        _all.add(self)

    def call(self, function: Callable[[], object]) -> None:
        """Call `function`, in the caller's context; what it raises is raised here.

        Raises:
            LeftBehindError: It is not done yet, or too many wait for it to be called.
        """
        call = _Call(function)
        with self._changed:
            can_be_left = self._begins()
            if can_be_left:
                if len(self._calls) >= _MOST:
                    raise LeftBehindError
                self._calls.append(call)
                self._changed.notify()
            waits = not self._is_behind and threading.get_ident() != self._thread
        if not can_be_left:
            function()
            return
        if not waits:
            raise LeftBehindError
        if not call.done.wait(self._longest):
            self._is_behind = True
            raise LeftBehindError
        if call.error is not None:
            raise call.error

    def begin_anew(self) -> None:
        """Know after a fork that the thread, and what waits for it, are the parent's."""
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._calls = deque()
        self._thread = None
        self._is_behind = False

    def _begins(self) -> bool:
        """Begin the thread, unless it is there; tell whether there is one."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # none can be started here, or now
                return False
            self._thread = thread.ident
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._calls:
                    self._changed.wait()
                call = self._calls.popleft()
            start = time.monotonic()
            try:
                call.context.run(call.function)
            except BaseException as error:  # foreign code; whoever waits for it gets it
                call.error = error
            if time.monotonic() - start < self._longest:
                self._is_behind = False
            call.done.set()
            del call


def patiently(name: str, function: Callable[..., object]) -> Callable[..., None]:
    """Return what calls `function` so; see `Patience`."""
    patience = Patience(name)

    def call(*arguments: object) -> None:
        patience.call(partial(function, *arguments))

    return call


def _after_fork_in_child() -> None:
    for patience in tuple(_all):
        patience.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
