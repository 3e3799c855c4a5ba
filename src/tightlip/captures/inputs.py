"""Inputs: what the user names, cut into pieces of work in a fixed order."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import BinaryIO

from tightlip.captures import har, http_message, json_elements, json_lines
from tightlip.captures.directories import Found, Link, files_under
from tightlip.captures.form import Form, declared_charset, form_of, marked_charset
from tightlip.captures.inspection import Inspector
from tightlip.captures.outcome import Continuity, Outcome
from tightlip.captures.supply import Bytes, DamagedError, Held, Stored, Supply
from tightlip.captures.tasks import Entries, Lines, Task, Told, Whole, Window, unreadable
from tightlip.detection.reading import UNKNOWN, Reading
from tightlip.findings.result import Fault

LONGEST_WHOLE = 4 << 20
"""How many bytes of a text are read as one; a longer one is read window by window."""

WINDOW = 2 << 20
AROUND = 64 << 10
"""How many bytes before and behind its own a window shows, so that no leak is cut in two."""

STANDARD_INPUT = "-"

_BATCH = 1 << 20
_MOST_IN_BATCH = 256
_MOST_LAYERS = 3
_LINES = 1 << 20
_PACKED = ".gz"


@dataclass(frozen=True, slots=True)
class Manner:
    """How inputs are read.

    Attributes:
        known: What is known of texts that do not tell it themselves.
        is_lines: Whether they are JSON lines.
        skips_binaries: Whether a file that holds no text is passed over.
    """

    known: Reading = UNKNOWN
    is_lines: bool = False
    skips_binaries: bool = False


def tasks_of(
    arguments: Iterable[str], manner: Manner, standard_input: Callable[[], BinaryIO]
) -> Iterator[Task | None]:
    """Yield the work that files, directories and standard input (`-`) make.

    None among them says that whoever writes the input takes time: what is done can be shown.
    """
    for argument in arguments:
        try:
            if argument == STANDARD_INPUT:
                supply = Supply(STANDARD_INPUT, standard_input())
                yield from pieces_of(supply, manner, waits=True)
                continue
            status = os.stat(argument)  # noqa: PTH116 - the path may be any bytes' name
            if stat.S_ISDIR(status.st_mode):
                yield from _directory(argument, manner)
            elif stat.S_ISREG(status.st_mode) and _is_small(argument, status.st_size):
                yield Files((argument,), status.st_size, manner)
            else:
                yield from _file(argument, manner, is_stored=stat.S_ISREG(status.st_mode))
        except OSError as error:
            yield _told(argument, error)


def length_of(arguments: Iterable[str]) -> int:
    """Return how many bytes the files and directories among `arguments` hold."""
    total = 0
    for argument in arguments:
        try:
            status = os.stat(argument)  # noqa: PTH116 - as above
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode):
            total += sum(one.size for one in files_under(argument) if isinstance(one, Found))
        elif stat.S_ISREG(status.st_mode):
            total += status.st_size
    return total


@dataclass(frozen=True, slots=True)
class Files:
    """Small files, each read by whoever does the work."""

    paths: tuple[str, ...]
    size: int
    manner: Manner

    def run(self, inspector: Inspector) -> Outcome:
        """See `Task.run`."""
        outcome = Outcome()
        for path in self.paths:
            continuity = Continuity()
            for task in _file(path, self.manner, is_stored=False):
                if task is not None:
                    outcome.add(continuity.placed(task.run(inspector)))
        return outcome


def _directory(directory: str, manner: Manner) -> Iterator[Task | None]:
    manner = replace(manner, skips_binaries=True)
    batch: list[str] = []
    size = 0
    for found in files_under(directory):
        is_small = isinstance(found, Found) and _is_small(found.path, found.size)
        if batch and (not is_small or size >= _BATCH or len(batch) >= _MOST_IN_BATCH):
            yield Files(tuple(batch), size, manner)
            batch, size = [], 0
        if isinstance(found, Link):
            yield Told(Outcome(found.path, links=1))
        elif isinstance(found, Fault):
            yield Told(Outcome(found.path, faults=[found]))
        elif is_small:
            batch.append(found.path)
            size += found.size
        else:
            yield from _file(found.path, manner, is_stored=True)
    if batch:
        yield Files(tuple(batch), size, manner)


def _is_small(path: str, size: int) -> bool:
    """Tell whether a file is work for one process; a packed one may hold far more than it has."""
    return size <= LONGEST_WHOLE and not path.endswith(_PACKED)


def _file(path: str, manner: Manner, *, is_stored: bool) -> Iterator[Task | None]:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            yield from pieces_of(Supply(path, file, is_stored=is_stored), manner)
    except OSError as error:
        yield _told(path, error)


def pieces_of(supply: Supply, manner: Manner, *, waits: bool = False) -> Iterator[Task | None]:
    """Yield the work that one input makes.

    Args:
        waits: Whether to tell, by None, that reading on would wait.
    """
    try:
        yield from _pieces_of(supply, manner, waits=waits, layers=_MOST_LAYERS)
    except (DamagedError, OSError) as error:
        yield _told(supply.path, error)


def _pieces_of(
    supply: Supply, manner: Manner, *, waits: bool, layers: int
) -> Iterator[Task | None]:
    """Yield the work of an input that is packed at most `layers` times."""
    head = supply.look(4)
    charset = marked_charset(head)
    if layers and form_of(head) is Form.GZIP:
        yield from _pieces_of(supply.unpacked(), manner, waits=waits, layers=layers - 1)
    elif layers and charset is not None:
        yield from _pieces_of(supply.transcoded(charset), manner, waits=waits, layers=0)
    elif manner.is_lines:
        yield from _line_pieces(supply, manner.known, waits=waits)
    else:
        yield from _pieces_of_form(supply, manner)


def _pieces_of_form(supply: Supply, manner: Manner) -> Iterator[Task]:
    form = form_of(supply.look(LONGEST_WHOLE + 1))
    if form is Form.BINARY and manner.skips_binaries:
        yield Told(Outcome(supply.path, files=1, binaries=1))
    elif form is Form.HAR or supply.path.endswith(har.SUFFIX):
        yield from _har_pieces(supply, manner.known)
    else:
        yield from _text_pieces(supply, manner.known)


def _text_pieces(supply: Supply, known: Reading) -> Iterator[Task]:
    head = supply.look(LONGEST_WHOLE + 1)
    if http_message.looks_like_message(head):
        yield from _message_pieces(supply, known)
        return
    charset = declared_charset(known)
    if charset is not None:
        supply = supply.transcoded(charset)
        known = replace(known, content_type=known.media_type)
        head = supply.look(LONGEST_WHOLE + 1)
    if len(head) <= LONGEST_WHOLE:
        yield _whole(supply, supply.read(len(head)), known)
        _finish(supply)
    else:
        yield from _windows(supply, known, continues=False)


def _message_pieces(supply: Supply, known: Reading) -> Iterator[Task]:
    most = http_message.LARGEST_MESSAGE
    data = supply.look(most + 1)
    if len(data) <= most:
        yield _whole(supply, supply.read(len(data)), known)
        _finish(supply)
        return
    head = http_message.head_of(data[: http_message.LARGEST_HEAD])
    if head is None or head.is_encoded:
        yield from _windows(supply, known, continues=False)
        raise DamagedError(f"is larger than {most >> 20} MiB: its body was not unpacked")
    yield replace(_whole(supply, supply.read(head.end), known), is_followed=True)
    yield from _windows(supply, head.reading(is_packed=False), continues=True)


def _windows(supply: Supply, reading: Reading, *, continues: bool) -> Iterator[Task]:
    before = b""
    while True:
        offset = supply.offset
        seen = supply.look(WINDOW + AROUND)
        own = supply.read(min(WINDOW, len(seen)))
        if not own:
            return
        yield Window(
            supply.path,
            _place(supply, offset - len(before), before + seen),
            len(before),
            len(own),
            reading,
            is_verbatim=supply.is_verbatim,
            progress=supply.progress(),
            continues=continues,
        )
        continues = True
        before = own[-AROUND:]


def _har_pieces(supply: Supply, known: Reading) -> Iterator[Task]:
    head = supply.look(LONGEST_WHOLE + 1)
    batch: list[tuple[int, bytes]] = []
    first = 0
    failure: Exception | None = None
    try:
        for offset, entry in json_elements.elements(supply, *har.ARRAY):
            if batch and offset + len(entry) - batch[0][0] > _BATCH:
                yield _entries(supply, batch, first)
                first += len(batch)
                batch = []
            batch.append((offset, entry))
    except (json_elements.StructureError, DamagedError, OSError) as error:
        failure = error
    if batch:
        yield _entries(supply, batch, first)
    if isinstance(failure, json_elements.StructureError):
        is_short = len(head) <= LONGEST_WHOLE
        is_nothing = not first and not batch
        if supply.path.endswith(har.SUFFIX) or not is_short or not is_nothing:
            fault = Fault(supply.path, f"is no whole HAR: {failure}")
            yield Told(Outcome(supply.path, faults=[fault]))
        if is_short and is_nothing:
            yield _whole(supply, head, known)
    elif failure is not None:
        raise failure
    elif not first and not batch:
        yield Told(Outcome(supply.path, files=1))


def _entries(supply: Supply, batch: list[tuple[int, bytes]], first: int) -> Entries:
    offsets = tuple(offset for offset, _ in batch)
    begin, last = offsets[0], batch[-1]
    if supply.is_stored:
        place: Bytes = Stored(supply.path, begin, last[0] + len(last[1]) - begin)
        starts = [offset - begin for offset in offsets]
    else:
        place = Held(b"".join(entry for _, entry in batch))
        starts = list(accumulate((len(entry) for _, entry in batch[:-1]), initial=0))
    spans = tuple(
        (start, start + len(entry)) for start, (_, entry) in zip(starts, batch, strict=True)
    )
    return Entries(
        supply.path,
        place,
        spans,
        offsets if supply.is_verbatim else None,
        first,
        progress=supply.progress(),
    )


def _line_pieces(supply: Supply, known: Reading, *, waits: bool) -> Iterator[Task | None]:
    if supply.look(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
        supply.read(len(codecs.BOM_UTF8))
    has_told = False

    def read() -> bytes | None:
        nonlocal has_told
        if not waits:
            return supply.read(_LINES)
        if supply.is_waiting() and not has_told:
            has_told = True
            return None
        has_told = False
        data = supply.read_some(_LINES)
        while data and len(data) < _LINES and not supply.is_waiting():
            more = supply.read_some(_LINES)
            if not more:
                break
            data += more
        return data

    continues = False
    for piece in json_lines.whole_lines(read):
        if piece is None:
            yield None
            continue
        data, too_long = piece
        yield Lines(
            supply.path,
            data,
            known,
            too_long,
            progress=supply.progress(),
            continues=continues,
        )
        continues = True


def _place(supply: Supply, offset: int, data: bytes) -> Bytes:
    if supply.is_stored:
        return Stored(supply.path, offset, len(data))
    return Held(data)


def _whole(supply: Supply, data: bytes, known: Reading) -> Whole:
    return Whole(
        supply.path, data, known, is_verbatim=supply.is_verbatim, progress=supply.progress()
    )


def _finish(supply: Supply) -> None:
    """Raise what kept a supply from being read to its end."""
    supply.read(1)


def _told(path: str, error: OSError | DamagedError) -> Told:
    if isinstance(error, OSError):
        return Told(Outcome(path, faults=[unreadable(path, error)]))
    return Told(Outcome(path, faults=[Fault(path, str(error))]))
