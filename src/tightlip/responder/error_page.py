"""Error pages that the application wrote for people, below paths that were named for them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from html import unescape
from typing import TYPE_CHECKING

from tightlip.exchange import Response, first_of
from tightlip.responder.exemption import parts_of
from tightlip.responder.inspection import Inspector
from tightlip.translation.chain import related, text_of
from tightlip.wire.headers import read_head

if TYPE_CHECKING:
    from tightlip.detection.scanner import Scanner
    from tightlip.exchange import Request
    from tightlip.responder.hearing import Hearing

_LOGGER = logging.getLogger("tightlip")
_PAGE = b"text/html"
_SHORTEST = 3
_LONGEST = 65_535  # of what is longer, the guard keeps no more than its beginning


class ErrorPages:
    """Tells which error pages may leave as the application wrote them.

    It must be HTML, whole, asked for below one of the paths, and clean: it is read as a good
    answer is, without exemptions, and whatever a detector finds in it, or an exception has said
    meanwhile, keeps it back. What the exception that it is about says is looked for besides
    (`shows`), since in an error page even two words of it are too many.

    Args:
        paths: As `checked_paths` returns them.
        scanner: The detectors.
    """

    def __init__(self, paths: Sequence[str], scanner: Scanner) -> None:
        self._paths = tuple(paths)
        self._inspector = Inspector(scanner)
        if paths:
            _LOGGER.warning(
                "error pages in HTML leave as the application wrote them below %s",
                ", ".join(paths),
            )

    def path_of(self, path: str) -> str | None:
        """Return the named path that `path` lies below; None where there is none.

        A path with an empty part or dots for one lies below none: servers differ in what they
        make of it.
        """
        if not self._paths or not {"", ".", ".."}.isdisjoint(parts_of(path)):
            return None
        return next((own for own in self._paths if f"{path}/".startswith(own)), None)

    def admits(
        self,
        response: Response,
        request: Callable[[], Request],
        hearing: Hearing,
        exception: BaseException | None,
    ) -> str | None:
        """Return the named path for which `response` may leave as it is; None where it may not.

        Args:
            response: What the application answered.
            request: Gives the request; asked for only where a path is named.
            hearing: What the request has raised.
            exception: The exception that the page is about.
        """
        path = self.path_of(request().path) if self._paths else None
        if path is None or not 0 < len(response.body) <= _LONGEST:
            return None
        content_type = first_of(response.headers, b"content-type") or b""
        if content_type.partition(b";")[0].strip().lower() != _PAGE:
            return None
        if exception is not None:
            hearing.note(exception)
        head = read_head(response.headers)
        found = self._inspector.inspect(head, response.body, request, hearing)
        return None if found else path

    @staticmethod
    def as_sent(response: Response, reference: str | None) -> Response:
        """Return the page with the reference of its incident, and without what names machinery."""
        headers = read_head(response.headers).fields
        if reference is not None:
            headers = (*headers, (b"x-error-reference", reference.encode()))
        return Response(response.status, headers, response.body)


def shows(page: bytes, exception: BaseException, *, is_declared: bool) -> bool:
    """Tell whether `page` holds what `exception`, or one behind it, says, however short it is.

    Args:
        page: The body, in HTML.
        exception: The exception that the page is about.
        is_declared: Whether what it says by itself is declared, and may be shown.
    """
    text = unescape(page.decode("utf-8", "replace"))
    said = related(exception) if is_declared else (exception, *related(exception))
    return any(words in text for other in said for words in _words_of(other))


def _words_of(exception: BaseException) -> Iterator[str]:
    for words in (text_of(exception), *exception.args):
        if type(words) is str and len(words) >= _SHORTEST:
            yield words
