"""Note: what is kept of one exception that was raised, taken without running foreign code.

What a built-in exception says is copied, and the exception let go with its frames. Any other is
held, since its text can be had only by code of its own, which runs only when a response is judged.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, TracebackType
from typing import Any, TypeAlias

from tightlip.slots import (
    arguments_of,
    attributes_of,
    cause_of,
    class_members,
    class_order,
    context_of,
    members_of,
    traceback_of,
)

LONGEST_TEXT = 2048
"""How many characters of a text are kept and compared."""

SHORTEST_TEXT = 12
SHORTEST_FOREIGN_TEXT = 6
"""Of a text that is not ASCII: scripts without spaces say more in fewer characters."""

_MOST_LINKS = 64
_FARTHEST = 10_000

# A class may put properties before these, which would be foreign code.
_filename_of = OSError.__dict__["filename"].__get__
_other_filename_of = OSError.__dict__["filename2"].__get__

# Classes are told by their identity: a metaclass could make a comparison or a hash foreign code.
_BUILT_IN = {
    id(cls): cls
    for cls in vars(builtins).values()
    if isinstance(cls, type) and issubclass(cls, BaseException)
}
# What a generator returns is no message; the others pass between a program and its loops.
_SILENT = frozenset(
    map(
        id,
        (
            StopIteration,
            StopAsyncIteration,
            GeneratorExit,
            KeyboardInterrupt,
            BlockingIOError,
            InterruptedError,
        ),
    )
)
# Their arguments say all. The others carry exceptions or documents, or a text of their own.
_PLAIN = frozenset(
    identity
    for identity, cls in _BUILT_IN.items()
    if not issubclass(cls, (BaseExceptionGroup, SyntaxError, UnicodeError))
)
_OF_THE_SYSTEM = frozenset(
    identity for identity, cls in _BUILT_IN.items() if issubclass(cls, OSError)
)
_OF_KEYS = id(KeyError)
_NUMBERS = frozenset(map(id, (int, float, bool, type(None))))
_ATOMS = _NUMBERS | {id(str), id(bytes)}

Words: TypeAlias = tuple[Any, ...]
"""Arguments of built-in types alone, from which a built-in exception is made again."""

Key: TypeAlias = int | tuple[Any, ...]
"""What tells an exception from others: its words, or its identity while it is held."""


@dataclass(slots=True, eq=False)
class Note:
    """One exception that was raised.

    Attributes:
        cls: Its class.
        words: What it says, where that is in its arguments; then `exception` is None.
        exception: The exception, where only it can tell what it says.
        code: The code that raised it, where that is known.
        instruction: Where in that code, in bytes.
        texts: Its texts, once they have been asked for.
    """

    cls: type[BaseException]
    words: Words | None
    exception: BaseException | None
    code: CodeType | None
    instruction: int
    texts: tuple[str, ...] | None = None

    @property
    def line(self) -> int | None:
        """The line of the raise, or None where it is not known."""
        if self.code is None:
            return None
        for start, end, line in self.code.co_lines():
            if start <= self.instruction < end:
                return line
        return None


def key_of(exception: BaseException) -> tuple[Key, Words | None] | None:
    """Return a key for what `exception` says, and its words if they are all; None if nothing.

    A key that is an identity lasts as long as the exception is held.
    """
    kind = id(type(exception))
    if kind in _SILENT:
        return None
    arguments: Words = arguments_of(exception)
    text = arguments[0] if len(arguments) == 1 else None
    if kind not in _PLAIN:
        says = may_tell(text) if type(text) is str else bool(arguments)
        return (id(exception), None) if says or _may_speak(exception) else None
    if type(text) is str:
        if len(text) > LONGEST_TEXT:
            text = text[:LONGEST_TEXT]
        return ((kind, text), (text,)) if may_tell(text) else None
    if not arguments or (len(arguments) == 1 and (kind == _OF_KEYS or id(type(text)) in _NUMBERS)):
        return None
    if kind in _OF_THE_SYSTEM:
        filename = _filename_of(exception)
        if filename is not None:
            arguments = (*arguments[:2], filename, None, _other_filename_of(exception))
    for argument in arguments:
        if id(type(argument)) not in _ATOMS:
            return id(exception), None
    words = tuple([_cut(argument) for argument in arguments])
    return (kind, *words), words


def may_tell(text: str) -> bool:
    """Tell at a glance whether `text` could be more than a word or an identifier.

    Keys that are not found are the most common texts by far. Whoever judges looks closely.
    """
    if text.isascii():
        return len(text) >= SHORTEST_TEXT and (" " in text or "://" in text)
    return len(text) >= SHORTEST_FOREIGN_TEXT


def note_of(
    exception: BaseException, words: Words | None, code: CodeType | None, instruction: int
) -> Note:
    """Make the note of an exception that is under way in `code`.

    The place is that of its innermost frame: it may have been raised in another thread.
    """
    traceback: TracebackType | None = traceback_of(exception)
    for _ in range(_FARTHEST):
        if traceback is None:
            break
        if traceback.tb_next is None:
            code, instruction = traceback.tb_frame.f_code, traceback.tb_lasti
            break
        traceback = traceback.tb_next
    held = exception if words is None else None
    return Note(type(exception), words, held, code, instruction)


def chain_of(exception: BaseException) -> Iterator[BaseException]:
    """Yield `exception` and what stands behind it, the nearest first, at most 64.

    Behind it are causes, contexts (suppressed ones too), and the members of groups.
    """
    seen = {id(exception)}
    links = [exception]
    for link in links:
        yield link
        members = members_of(link) if issubclass(type(link), BaseExceptionGroup) else ()
        for other in (cause_of(link), context_of(link), *members[:_MOST_LINKS]):
            if other is not None and id(other) not in seen and len(links) < _MOST_LINKS:
                seen.add(id(other))
                links.append(other)


def _may_speak(exception: BaseException) -> bool:
    """Tell whether an exception has attributes, or a class with a `__str__` of its own."""
    if attributes_of(exception):
        return True
    for cls in class_order(type(exception)):
        if id(cls) in _BUILT_IN:
            return False
        if "__str__" in class_members(cls):
            return True
    return False


def _cut(argument: Any) -> Any:
    """Return an argument of a built-in type, no longer than is ever compared."""
    kind = type(argument)
    if (kind is str or kind is bytes) and len(argument) > LONGEST_TEXT:
        return argument[:LONGEST_TEXT]
    return argument
