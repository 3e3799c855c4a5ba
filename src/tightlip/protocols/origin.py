"""Where an exception came from, read from the frames of its traceback."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import FrameType

from tightlip.slots import is_a, traceback_of


def innermost_frame(exception: BaseException) -> FrameType | None:
    """Return the frame that raised `exception`; None where it was never raised."""
    innermost = None
    for frame in _frames(exception):
        innermost = frame
    return innermost


def is_raised_in(
    exception: BaseException, packages: Collection[str], *, through: Collection[str] = ()
) -> bool:
    """Tell whether code of one of the top-level `packages` raised `exception` by itself.

    Frames of the modules in `through` raise on behalf of their caller, as an `abort` does, and
    are looked through.
    """
    innermost = ""
    for frame in _frames(exception):
        module = frame.f_globals.get("__name__", "")
        if module not in through:
            innermost = module
    return innermost.partition(".")[0] in packages


def is_raised_while_reading(
    exception: BaseException,
    readers: Mapping[str, Collection[str]],
    libraries: Collection[str],
    kinds: tuple[type[BaseException], ...] = (ValueError, RecursionError),
) -> bool:
    """Tell whether a part of the request could not be read as what it claims to be.

    The same types raised by the application's own code are its own failures: only what came
    out of the framework's reading counts.

    Args:
        exception: What was raised.
        readers: For each module of the framework the names of its functions that read it.
        libraries: The top-level packages that may stand below them.
        kinds: The classes of what is raised for a request that cannot be read, beside the plain
            `LookupError` of a charset that Python does not know.
    """
    if not is_a(exception, kinds) and type(exception) is not LookupError:
        return False
    reading = False
    for frame in _frames(exception):
        module = frame.f_globals.get("__name__", "")
        if module in readers:
            # Cython names some functions with their module and class.
            reading = frame.f_code.co_name.rpartition(".")[2] in readers[module]
        elif module.partition(".")[0] not in libraries:
            reading = False
    return reading


def _frames(exception: BaseException) -> Iterator[FrameType]:
    traceback = traceback_of(exception)
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next
