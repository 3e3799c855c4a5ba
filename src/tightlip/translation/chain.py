"""The exceptions behind an exception: causes, contexts, members of groups."""

from __future__ import annotations

from collections.abc import Iterator

_MOST_LINKS = 64
_LONGEST_TEXT = 8192


def text_of(exception: BaseException) -> str:
    """Return the text of `exception`; empty where it has none, or none that can be had.

    `str()` runs foreign code, which may raise anything, return no string, or recurse.
    """
    try:
        text = str(exception)
    except BaseException:  # whatever a foreign __str__ raises, there is no text
        return ""
    return text[:_LONGEST_TEXT]


def related(exception: BaseException) -> Iterator[BaseException]:
    """Yield every other exception behind `exception`, the nearest first, each once.

    A context that was suppressed by `from None` is among them; so are members of groups. At
    most 64 are followed.
    """
    seen = {id(exception)}
    open_links = [exception]
    while open_links and len(seen) <= _MOST_LINKS:
        current = open_links.pop(0)
        members = current.exceptions if isinstance(current, BaseExceptionGroup) else ()
        for other in (current.__cause__, current.__context__, *members):
            if other is not None and id(other) not in seen:
                seen.add(id(other))
                open_links.append(other)
                yield other
