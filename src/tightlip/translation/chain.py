"""The exceptions behind an exception: causes, contexts, members of groups."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from tightlip.slots import cause_of, context_of, is_a, members_of

_MOST_LINKS = 256
_LONGEST_TEXT = 8192


def text_of(exception: BaseException) -> str:
    """Return the text of `exception`; empty where it has none, or none that can be had.

    `str()` runs foreign code, which may raise anything, return no string, or recurse. What it
    returns may be of a subclass of `str`: a plain one goes out. At most 8192 characters.
    """
    try:
        return str.__getitem__(str(exception), slice(_LONGEST_TEXT))
    except BaseException:  # whatever a foreign __str__ raises, there is no text
        return ""


def related(exception: BaseException) -> Iterator[BaseException]:
    """Yield every other exception behind `exception`, the nearest first, each once.

    A context that was suppressed by `from None` is among them; so are members of groups. At
    most 256 are followed.
    """
    return islice(_behind(exception), _MOST_LINKS)


def _behind(exception: BaseException) -> Iterator[BaseException]:
    seen = {id(exception)}
    open_links = [exception]
    for current in open_links:
        members = members_of(current) if is_a(current, BaseExceptionGroup) else ()
        for other in (cause_of(current), context_of(current), *members):
            if other is not None and id(other) not in seen:
                seen.add(id(other))
                open_links.append(other)
                yield other
