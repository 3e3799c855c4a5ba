"""Hearing: the exceptions that one request has raised, set against what is to leave."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from tightlip.catalog.error import PublicError
from tightlip.detection.echo import Echo, judge
from tightlip.detection.encoding import JSON
from tightlip.detection.raises import Notebook, open_notebook, start
from tightlip.exchange import first_of
from tightlip.failure import Failure, HttpFailure, ValidationFailure, Withheld
from tightlip.slots import is_a

if TYPE_CHECKING:
    from tightlip.detection.views import View
    from tightlip.exchange import Request
    from tightlip.findings.finding import Finding
    from tightlip.responder.decision import Read

MOST_OF_A_BODY = 65_536
"""How much of a request's body is kept, to tell what the client said from what code said."""

_FORM = re.compile(
    rb"multipart/form-data\b(?:.*?;\s*boundary=\"?([^\";,\s]{1,70}))?", re.IGNORECASE
)
_LONGEST_EDGE = 74
"""Bytes of the line that ends a form: four hyphens, and a boundary (RFC 2046, section 5.1.1)."""

Declares = Callable[[BaseException, "Read"], bool]
"""Tells whether the words of a framework's exception are declared."""


class Hearing:
    """What is heard while one request is served.

    Where the interpreter tells of raises (`sys.monitoring`, Python 3.12 and later) all are heard,
    else those that `note` is given. It is closed on every way out.

    Args:
        read: The adapter's reader of its framework's exceptions.
        declares: Tells whether what a framework's exception says is declared.

    Attributes:
        read: The same reader.
        notebook: What was heard; None where nothing can have been.
    """

    __slots__ = ("_body", "_declares", "_end", "_room", "notebook", "read")

    def __init__(self, read: Read, declares: Declares) -> None:
        self.read = read
        self._declares = declares
        self.notebook: Notebook | None = open_notebook() if _TOLD else None
        self._body: list[bytes] = []
        self._end = b""
        self._room = MOST_OF_A_BODY

    @property
    def is_empty(self) -> bool:
        """Whether nothing was heard."""
        return self.notebook is None or self.notebook.is_empty

    def note(self, exception: BaseException) -> None:
        """Hear an exception that was seen at the edge, with all that stand behind it."""
        if self.notebook is None:
            self.notebook = open_notebook()
        self.notebook.add(exception)

    def received(self, data: bytes) -> None:
        """Keep the beginning of what the client sends, and its last bytes."""
        if self._room > 0 and data:
            self._body.append(data)
            self._room -= len(data)
        elif data:
            self._end = (self._end + data[-_LONGEST_EDGE - 2 :])[-_LONGEST_EDGE - 2 :]

    def reader(self, request: Request) -> Read:
        """Return the reader of exceptions for a failing request.

        Of a form that breaks off, frameworks read what is there, and miss the rest.
        """
        found = _FORM.match(first_of(request.headers, b"content-type") or b"")
        is_read = self._body or first_of(request.headers, b"content-length") == b"0"
        if found is None or not is_read or self._has_end(found[1]):
            return self.read

        def read(exception: BaseException) -> Failure | None:
            failure = self.read(exception)
            if isinstance(failure, ValidationFailure):
                return failure._replace(malformed=True)
            return failure

        return read

    def _has_end(self, boundary: bytes | None) -> bool:
        """Tell whether the line that ends a form has come (RFC 7578, section 4.1)."""
        return boundary is not None and b"--%b--" % boundary in b"".join((*self._body, self._end))

    def read_by(self, read: Read) -> Hearing:
        """Return the same with another reader, for an error that stands inside of an answer."""
        same = copy(self)
        same.read = read
        return same

    def close(self) -> None:
        """Forget all."""
        if self.notebook is not None:
            self.notebook.close()
        self._body.clear()

    def judge(
        self, views: Sequence[View], request: Callable[[], Request]
    ) -> tuple[tuple[Finding, Echo], ...]:
        """Return where `views` carry the text of an exception, placed in the text as sent."""
        echoes = self._echoes([view.data for view in views], request)
        return tuple((_placed(echo, views[echo.index]), echo) for echo in echoes)

    def repeated(self, text: str, request: Request, *, besides: BaseException) -> Echo | None:
        """Return what `text` repeats of an exception other than `besides`; None if nothing."""
        echoes = self._echoes([text], lambda: request, besides)
        return echoes[0] if echoes else None

    def _echoes(
        self,
        texts: Iterable[str | bytes],
        request: Callable[[], Request],
        besides: BaseException | None = None,
    ) -> tuple[Echo, ...]:
        if self.notebook is None or self.notebook.is_empty:
            return ()
        sent = _Sent(request, self._body)
        return judge(texts, self.notebook, sent, is_declared=self._is_declared, besides=besides)

    def _is_declared(self, exception: BaseException) -> bool:
        if is_a(exception, PublicError):
            return True
        return isinstance(self.read(exception), HttpFailure) and self._declares(
            exception, self.read
        )


def listen() -> None:
    """Have the interpreter tell of raises, where it can."""
    global _TOLD  # noqa: PLW0603 - an interpreter has one such place
    _TOLD = start()


_TOLD = False


@dataclass(frozen=True, slots=True)
class _Sent:
    """What the client sent, read only where it is asked for."""

    request: Callable[[], Request]
    body: Iterable[bytes]

    def __iter__(self) -> Iterator[bytes | str]:
        request = self.request()
        yield request.path
        yield unquote_to_bytes(request.query.replace(b"+", b" "))
        for _, value in request.headers:
            yield value
        body = b"".join(self.body)
        yield body
        if JSON.sign in body:
            yield JSON.decode(body)
        yield unquote_to_bytes(body.replace(b"+", b" "))


def _placed(echo: Echo, view: View) -> Finding:
    start, end = view.trace(echo.finding.start, echo.finding.end)
    return type(echo.finding)(echo.finding.rule, echo.finding.category, start, end)


def told(echo: Echo, text: str, where: str = "body") -> Withheld:
    """Return what the record says of an echo that stood at `where`."""
    place = None if echo.file is None else f"{echo.file}:{echo.line}"
    function = "" if echo.function is None else f", raised in {echo.function}"
    return Withheld(
        where, text, f"{echo.finding.rule}: the text of {echo.exception}{function}", place
    )
