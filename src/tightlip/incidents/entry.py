"""Entry: one frame of a spool, prepared for the store while nobody waits for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from tightlip.incidents.encoding import encode
from tightlip.incidents.framing import Frame
from tightlip.incidents.packing import packer
from tightlip.incidents.summary import ASIDE, OUTLETS, read_summary


class Entry(NamedTuple):
    """One frame, prepared for the store.

    Attributes:
        summary: The summary, as it was read.
        time: Its time in microseconds since 1970.
        text: The summary, as JSON.
        report: The open compartment of the report, packed; None where there is no report.
        closed: The closed compartment, likewise.
        outlets: The names of the outlets that are to get the incident.
    """

    summary: dict[str, Any]
    time: int
    text: str
    report: bytes | None
    closed: bytes | None
    outlets: tuple[str, ...] = ()


def prepare(frames: Iterable[Frame]) -> tuple[list[Entry], list[Frame]]:
    """Return the entries of `frames`, and those frames that hold no incident."""
    pack = packer()
    entries, refused = [], []
    for frame in frames:
        try:
            summary, time = read_summary(frame.summary)
            text = frame.summary.decode("ascii")
            aside = summary.pop(ASIDE, None)
            outlets: tuple[str, ...] = ()
            if type(aside) is dict:
                outlets = tuple(name for name in aside.get(OUTLETS, ()) if type(name) is str)
                text = encode(summary)
        except (ValueError, RecursionError):
            refused.append(frame)
            continue
        report, closed = pack(text, frame.report) if frame.report else (None, None)
        entries.append(Entry(summary, time, text, report, closed, outlets))
    return entries, refused
