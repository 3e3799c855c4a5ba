"""Raises: which exceptions were raised while a request is served, noted as they are raised.

On Python 3.12 and later the interpreter tells each raise (`sys.monitoring`, PEP 669). A notebook
is open while a request is served and finds its raises by a context variable, which tasks and
`asyncio.to_thread` inherit. A thread that was started without the request's context (an executor,
`threading.Thread`) cannot tell whom it works for: what is raised there is noted for every request
that is open at the time, since the judgement goes by the text in any case.

At the very end of the stack there is no room for a note: as with any call that is made there, a
`RecursionError` takes the exception's place.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from itertools import count
from threading import Lock
from types import CodeType
from typing import Any, Self

from tightlip.detection.note import Key, Note, Words, chain_of, key_of, note_of
from tightlip.slots import arguments_of, traceback_of

MOST_FIRST = 16
MOST_LAST = 48
MOST_STRAYS = 48

_NAME = "tightlip"

# Debuggers, coverage and profilers have numbers of their own: 0, 1 and 2.
_TOOL_IDS = (4, 3, 5)


class Passage:
    """The exception that is on its way from frame to frame, known by what it had at the last.

    It holds nothing but identities. Were they those of something new by chance, one note less
    would be made.
    """

    __slots__ = ("_arguments", "_head")

    def __init__(self) -> None:
        self._arguments = self._head = 0

    def goes_on(self, exception: BaseException) -> bool:
        """Tell whether `exception`, which has come to a frame, was looked at in the one before."""
        head = traceback_of(exception)
        behind = None if head is None else head.tb_next
        arguments = id(arguments_of(exception))
        known = id(behind) == self._head and arguments == self._arguments
        self._head = id(head)
        self._arguments = arguments
        return known and behind is not None


class Notes:
    """What was raised in one request: the first and the last.

    Args:
        outer: The notebook that was open where this one was opened.

    Attributes:
        outer: The same.
        passage: What is on its way through the frames of the request.
    """

    __slots__ = ("_first", "_last", "outer", "passage")

    def __init__(self, outer: Notebook | None) -> None:
        self.outer = outer
        self.passage = Passage()
        self._first: dict[Key, Note] = {}
        self._last: dict[Key, Note] = {}

    def __len__(self) -> int:
        return len(self._first) + len(self._last)

    def __iter__(self) -> Iterator[Note]:
        yield from list(self._first.values())
        yield from list(self._last.values())

    def take(
        self,
        key: Key,
        words: Words | None,
        exception: BaseException,
        code: CodeType | None,
        instruction: int,
    ) -> None:
        """Note what was said, once."""
        first, last = self._first, self._last
        if key in first or key in last:
            return
        note = note_of(exception, words, code, instruction)
        if len(first) < MOST_FIRST:
            first[key] = note
            return
        last[key] = note
        if len(last) > MOST_LAST:
            last.pop(next(iter(last)), None)

    def strike(self, key: Key) -> None:
        """Forget what was said."""
        self._first.pop(key, None)
        self._last.pop(key, None)


class Notebook:
    """The exceptions that were raised while one request is served.

    Of many, the first 16 and the last 48 are kept. Close it on every way out: until then it
    holds exceptions, and with them their frames. It is safe to use from several threads.

    Attributes:
        kept: The notes; None while there are none.
    """

    __slots__ = ("kept",)

    # Set where it is opened: a call of `__init__` for every request is worth avoiding.
    kept: Notes | None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget all; do nothing if that has been done."""
        if _open.pop(self, None) is None:
            return
        kept = self.kept
        if kept is not None:
            self.kept = None
            if kept.outer is not None and _current.get() is self:
                _current.set(kept.outer)
        if _strays:
            _drop_strays()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was raised that says anything: there is nothing to judge."""
        return not self.kept and _open.get(self, _strays_told) == _strays_told

    def notes(self) -> list[Note]:
        """Return what has been noted so far, the earliest first, strays last."""
        notes = [] if self.kept is None else list(self.kept)
        opened = _open.get(self)
        if opened is not None:
            notes += [note for number, note in list(_strays.values()) if number > opened]
        return notes

    def add(self, exception: BaseException) -> None:
        """Note an exception that was seen at the edge, and all that stand behind it.

        At most 64: causes, contexts (suppressed ones too), and members of groups. On Python 3.11
        this is all that is noted; later it adds what was made and never raised.
        """
        for link in chain_of(exception):
            said = key_of(link)
            if said is not None:
                self.note(*said, link, None, 0)

    def note(
        self,
        key: Key,
        words: Words | None,
        exception: BaseException,
        code: CodeType | None,
        instruction: int,
    ) -> None:
        """Note what was said; a notebook that was open where this one was opened notes it too."""
        kept = self.kept
        if kept is None:
            kept = self.kept = Notes(None)
        kept.take(key, words, exception, code, instruction)
        if kept.outer is not None:
            kept.outer.note(key, words, exception, code, instruction)
        if self not in _open:  # it was closed before, or by another thread meanwhile
            self.kept = None


_current: ContextVar[Notebook | None] = ContextVar("tightlip.detection.notebook", default=None)

_open: dict[Notebook, int] = {}
"""The notebooks that are open, in their order, and how many strays had been told before."""

_strays: dict[Key, tuple[int, Note]] = {}
"""What was raised outside every request while one was open, numbered, in the order of raising."""

_stray_passage = Passage()
_numbers = count(1)
_strays_told = 0

_lock = Lock()
_tool: int | None = None


def open_notebook() -> Notebook:
    """Open a notebook for a request that is about to be served in this context."""
    notebook = Notebook()
    outer = _current.get()
    # A server may start a request from the context of one that has ended.
    notebook.kept = None if outer is None or outer not in _open else Notes(outer)
    _open[notebook] = _strays_told
    _current.set(notebook)
    return notebook


def is_open() -> bool:
    """Tell whether a notebook is open in this context."""
    notebook = _current.get()
    return notebook is not None and notebook in _open


def strike(exception: BaseException) -> None:
    """Forget `exception` in the notebooks that are open in this context."""
    said = key_of(exception)
    if said is None:
        return
    key, _ = said
    _strays.pop(key, None)
    notebook = _current.get()
    while notebook is not None and (kept := notebook.kept) is not None:
        kept.strike(key)
        notebook = kept.outer


def start() -> bool:
    """Ask the interpreter to tell of raises; return whether it does.

    It does not before Python 3.12, nor where other tools have taken every number that is no
    debugger's, coverage's or profiler's, nor where an audit hook forbids it. Asking again is
    harmless, and mends what another tool has undone.
    """
    global _tool  # noqa: PLW0603 - an interpreter has one such place
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        return False
    try:
        with _lock:
            _tool = _claim(monitoring)
            if _tool is None:
                return False
            monitoring.register_callback(_tool, monitoring.events.RAISE, _on_raise)
            monitoring.set_events(_tool, monitoring.events.RAISE)
            # While the interpreter ends, modules are emptied, and `_on_raise` could only fail.
            atexit.unregister(stop)
            atexit.register(stop)
    except Exception:  # an audit hook may raise anything; then the edge alone is heard
        return False
    return True


def stop() -> None:
    """Undo `start`; do nothing where that did nothing."""
    global _tool
    monitoring = getattr(sys, "monitoring", None)
    try:
        with _lock:
            tool, _tool = _tool, None
            if monitoring is not None and tool is not None and monitoring.get_tool(tool) == _NAME:
                monitoring.set_events(tool, 0)
                monitoring.register_callback(tool, monitoring.events.RAISE, None)
                monitoring.free_tool_id(tool)
    except Exception:  # an audit hook, as above; no more is told once the events are off
        return


def _claim(monitoring: Any) -> int | None:
    """Return the number that we have, or one that is free; None if there is none."""
    holders = {tool_id: monitoring.get_tool(tool_id) for tool_id in _TOOL_IDS}
    for tool_id, holder in holders.items():
        if holder == _NAME:
            return tool_id
    for tool_id, holder in holders.items():
        if holder is None:
            monitoring.use_tool_id(tool_id, _NAME)
            return tool_id
    return None


def _on_raise(code: CodeType, instruction: int, exception: BaseException) -> None:
    """Note a raise. The interpreter calls this for each frame that an exception passes."""
    notebook = _current.get()
    if notebook is None or notebook not in _open:
        if not _open:
            return
        notebook = None
    try:
        kept = None if notebook is None else notebook.kept
        passage = _stray_passage if notebook is None else None if kept is None else kept.passage
        if passage is not None and passage.goes_on(exception):
            return
        said = key_of(exception)
        if said is None:
            return
        if notebook is None:
            _note_stray(*said, exception, code, instruction)
        else:
            notebook.note(*said, exception, code, instruction)
    except (RuntimeError, LookupError, MemoryError, StopIteration):
        # The end of the stack or of memory, or another thread wrote meanwhile. Nothing wider: a
        # signal's handler may raise here, and what it raises is the application's.
        return


def _note_stray(
    key: Key,
    words: Words | None,
    exception: BaseException,
    code: CodeType,
    instruction: int,
) -> None:
    """Note what was raised outside every request: it may be the work of any that is open.

    Each raise gets a number, so that a notebook knows those that came after it was opened.
    """
    global _strays_told  # noqa: PLW0603 - the process has one such count
    known = _strays.pop(key, None)
    note = known[1] if known is not None else note_of(exception, words, code, instruction)
    number = next(_numbers)
    _strays[key] = (number, note)
    _strays_told = number
    if len(_strays) > MOST_STRAYS:
        _strays.pop(next(iter(_strays)), None)
    if not _open:  # the last one was closed by another thread meanwhile
        _strays.clear()


def _drop_strays() -> None:
    """Forget the strays that are older than every open notebook."""
    try:
        opened = next(iter(_open.values()), None)
        if opened is None:
            _strays.clear()
            return
        for key, (number, _) in list(_strays.items()):
            if number > opened:
                return
            _strays.pop(key, None)
    except RuntimeError:  # another thread opened or closed one; whoever closes next comes by
        return
