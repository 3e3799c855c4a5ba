"""Tasks: pieces of the inputs that can be scanned apart from each other, in any process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from tightlip.captures import har, http_message, json_lines
from tightlip.captures.inspection import Inspector
from tightlip.captures.outcome import Outcome
from tightlip.captures.part import Part
from tightlip.captures.supply import Bytes
from tightlip.detection.reading import Reading
from tightlip.detection.unpacking import UnreadableError
from tightlip.findings.position import START, Position
from tightlip.findings.result import Fault

_BEFORE = 1024


class Task(Protocol):
    """A piece of work.

    Attributes:
        size: How much work it is, in bytes.
    """

    @property
    def size(self) -> int:
        """How much work it is, in bytes."""
        ...

    def run(self, inspector: Inspector) -> Outcome:
        """Do it. What cannot be read is told in the outcome."""
        ...


def inspect(inspector: Inspector, part: Part, outcome: Outcome) -> None:
    """Scan `part`, and put what comes of it into `outcome`."""
    try:
        outcome.results += inspector.results(part)
    except UnreadableError as error:
        name = "" if part.name is None else f"{part.name}: "
        outcome.faults.append(Fault(part.path, f"{name}cannot be read: {error}"))


@dataclass(frozen=True, slots=True)
class Told:
    """Something that is known without work: a fault, or a file that was passed over."""

    outcome: Outcome
    size: int = 0

    def run(self, inspector: Inspector) -> Outcome:  # noqa: ARG002 - the protocol's signature
        """See `Task.run`."""
        return self.outcome


@dataclass(frozen=True, slots=True)
class Whole:
    """A text that is read as one: a body, header fields, or HTTP messages.

    Attributes:
        is_followed: Whether windows of the same text follow.
    """

    path: str
    data: bytes
    reading: Reading
    is_verbatim: bool
    progress: int
    is_followed: bool = False

    @property
    def size(self) -> int:
        """See `Task.size`."""
        return len(self.data)

    def run(self, inspector: Inspector) -> Outcome:
        """See `Task.run`."""
        outcome = Outcome(self.path, files=1, progress=self.progress)
        for part in self._parts():
            inspect(inspector, part, outcome)
        if self.is_followed:
            outcome.travelled = START.after(self.data)
        return outcome

    def _parts(self) -> Iterator[Part]:
        if http_message.looks_like_message(self.data):
            parts = http_message.messages_of(self.path, self.data)
        elif self.reading.kind == "header":
            parts = self._lines()
        else:
            parts = iter([Part(self.path, self.data, self.reading)])
        for part in parts:
            yield part if self.is_verbatim else _in_another_form(part)

    def _lines(self) -> Iterator[Part]:
        begin = START
        for line in self.data.splitlines(keepends=True):
            yield Part(self.path, line, self.reading, begin=begin)
            begin = begin.after(line)


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a text that is too long to be read as one.

    Attributes:
        place: Its bytes, with those around it.
        before: How many of them stand before its own.
        own: How many are its own.
    """

    path: str
    place: Bytes
    before: int
    own: int
    reading: Reading
    is_verbatim: bool
    progress: int
    continues: bool

    @property
    def size(self) -> int:
        """See `Task.size`."""
        return self.own

    def run(self, inspector: Inspector) -> Outcome:
        """See `Task.run`."""
        outcome = _outcome_of(self)
        try:
            data = self.place.load()
        except OSError as error:
            outcome.faults.append(unreadable(self.path, error))
            return outcome
        # What stands before its own begins with a line, so that JSON is known for what it is.
        # It is kept short: of many findings of one rule, only the first ones are told.
        cut = data.rfind(b"\n", 0, self.before) + 1 or max(0, self.before - _BEFORE)
        own = (self.before - cut, self.before - cut + self.own)
        data = data[cut:]
        outcome.travelled = START.after(data[slice(*own)])
        part = Part(
            self.path,
            data,
            self.reading,
            own=own,
            is_verbatim=self.is_verbatim,
        )
        inspect(inspector, part, outcome)
        return outcome


@dataclass(frozen=True, slots=True)
class Entries:
    """Some entries of a HAR that follow each other.

    Attributes:
        place: The bytes that they stand in.
        spans: Where in these bytes each begins and ends.
        offsets: Where in the file each begins; None if the file holds them in another form.
        first: The number of the first, from 0.
    """

    path: str
    place: Bytes
    spans: tuple[tuple[int, int], ...]
    offsets: tuple[int, ...] | None
    first: int
    progress: int

    @property
    def size(self) -> int:
        """See `Task.size`."""
        return self.spans[-1][1] - self.spans[0][0]

    def run(self, inspector: Inspector) -> Outcome:
        """See `Task.run`."""
        outcome = Outcome(self.path, files=int(self.first == 0), progress=self.progress)
        try:
            data = self.place.load()
        except OSError as error:
            outcome.faults.append(unreadable(self.path, error))
            return outcome
        for index, (start, end) in enumerate(self.spans):
            number = self.first + index
            enclosing = None
            if self.offsets is not None:
                enclosing = (self.offsets[index], self.offsets[index] + end - start)
            try:
                entry = har.entry_of(data[start:end])
            except har.EntryError as error:
                outcome.faults.append(_bad_entry(self.path, number, error))
                continue
            for part in har.parts_of(entry, self.path, number, enclosing):
                if isinstance(part, har.EntryError):
                    outcome.faults.append(_bad_entry(self.path, number, part))
                else:
                    inspect(inspector, part, outcome)
        return outcome


@dataclass(frozen=True, slots=True)
class Lines:
    """Some JSON lines that follow each other.

    Attributes:
        data: Their bytes, from the beginning of a line to the end of one.
        known: What is known of their texts where they are silent.
        too_long: How many lines stand before them that are too long to be read.
    """

    path: str
    data: bytes
    known: Reading
    too_long: int
    progress: int
    continues: bool

    @property
    def size(self) -> int:
        """See `Task.size`."""
        return len(self.data)

    def run(self, inspector: Inspector) -> Outcome:
        """See `Task.run`."""
        outcome = _outcome_of(self)
        most = json_lines.LONGEST_LINE >> 20
        outcome.faults += (
            Fault(self.path, f"the line is longer than {most} MiB", line=number)
            for number in range(1, self.too_long + 1)
        )
        lines = self.data.split(b"\n")
        answers: list[str] = []
        for number, line in enumerate(lines, start=self.too_long + 1):
            if not line.strip():
                continue
            try:
                about = json_lines.asked(line, self.known)
            except json_lines.LineError as error:
                outcome.faults.append(Fault(self.path, f"the line {error}", line=number))
                continue
            findings = inspector.findings(about.text, about.reading)
            outcome.is_leaking |= bool(findings)
            answers.append(json_lines.answered(about, findings))
        outcome.answers = "".join(f"{answer}\n" for answer in answers)
        outcome.travelled = Position(line=self.too_long + len(lines))
        return outcome


def unreadable(path: str, error: OSError) -> Fault:
    """Return the fault of a file that the system does not give."""
    return Fault(path, f"cannot be read: {error.strerror or error}")


def _outcome_of(task: Window | Lines) -> Outcome:
    """Return the outcome of a piece of a file, before anything is found in it."""
    return Outcome(
        task.path,
        files=int(not task.continues),
        progress=task.progress,
        continues=task.continues,
    )


def _bad_entry(path: str, number: int, error: har.EntryError) -> Fault:
    return Fault(path, f"/log/entries/{number} {error}")


def _in_another_form(part: Part) -> Part:
    """Return a part of a text that the file holds packed or in another charset."""
    return replace(part, is_verbatim=False)
