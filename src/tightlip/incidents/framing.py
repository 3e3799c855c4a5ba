"""Framing: incidents as bytes in a row that can be cut at any place, and read up to there.

A frame is a header (magic, the lengths of its two parts, a CRC-32 of these and of both parts) and
the parts: the summary of an incident, and its report or nothing. Both are ASCII, so the magic,
which is not, never stands inside of a frame.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import NamedTuple
from zlib import crc32

MAGIC = b"\xa7TL\x01"
LARGEST_PART = 1 << 20
"""No part has more bytes: a length beyond it is damage."""

_HEADER = struct.Struct("<4sIII")
_LENGTHS = struct.Struct("<II")


class Frame(NamedTuple):
    """One incident in a spool.

    Attributes:
        summary: The summary, as JSON.
        report: The full report, as `packing` reads it; empty where it was thinned out.
        start: Where the frame begins, from the start of what was read.
    """

    summary: bytes
    report: bytes
    start: int = 0


class Damage(NamedTuple):
    """Bytes of a spool that are no frame.

    Attributes:
        start: Where they begin, from the start of what was read.
        data: The bytes.
    """

    start: int
    data: bytes


@dataclass(slots=True)
class Reading:
    """What was read of a part of a spool.

    Attributes:
        frames: The whole frames, in order.
        damages: What stands between them and cannot be read.
        torn: How many bytes at the end are a frame that was never finished.
        length: How many bytes have been dealt with; the rest is to be read again with what
            follows it.
    """

    frames: list[Frame] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)
    torn: int = 0
    length: int = 0


def frame(summary: bytes, report: bytes = b"") -> bytes:
    """Return the frame of a summary and a report.

    Raises:
        ValueError: One of them is longer than a part may be.
    """
    if len(summary) > LARGEST_PART or len(report) > LARGEST_PART:
        raise ValueError("an incident has outgrown its frame")
    lengths = _LENGTHS.pack(len(summary), len(report))
    digest = crc32(report, crc32(summary, crc32(lengths)))
    return b"".join((MAGIC, lengths, digest.to_bytes(4, "little"), summary, report))


def read(data: bytes, *, is_all: bool) -> Reading:
    """Read the frames of `data`, which begins where a frame does.

    Args:
        data: A part of a spool.
        is_all: Whether nothing follows or ever will: then an unfinished frame at the end is
            cut off. Else the end is left for the next time.
    """
    reading = Reading()
    position, end = 0, len(data)
    while position < end:
        whole = _frame_at(data, position)
        if whole is not None:
            reading.frames.append(whole)
            position += _HEADER.size + len(whole.summary) + len(whole.report)
            continue
        following = data.find(MAGIC, position + 1)
        if following >= 0:
            reading.damages.append(Damage(position, data[position:following]))
            position = following
            continue
        if is_all:
            if _is_unfinished(data, position):
                reading.torn = end - position
            else:
                reading.damages.append(Damage(position, data[position:]))
            position = end
        break
    reading.length = position
    return reading


def _frame_at(data: bytes, position: int) -> Frame | None:
    if len(data) - position < _HEADER.size:
        return None
    magic, summary_length, report_length, digest = _HEADER.unpack_from(data, position)
    if magic != MAGIC or max(summary_length, report_length) > LARGEST_PART:
        return None
    middle = position + _HEADER.size + summary_length
    end = middle + report_length
    if end > len(data):
        return None
    summary, report = data[position + _HEADER.size : middle], data[middle:end]
    lengths = _LENGTHS.pack(summary_length, report_length)
    if crc32(report, crc32(summary, crc32(lengths))) != digest:
        return None
    return Frame(summary, report, position)


def _is_unfinished(data: bytes, position: int) -> bool:
    """Tell whether what stands at `position` is the beginning of a frame that ends too early."""
    head = data[position : position + _HEADER.size]
    if len(head) < _HEADER.size:
        return head.startswith(MAGIC) or MAGIC.startswith(head)
    magic, summary_length, report_length, _ = _HEADER.unpack(head)
    if magic != MAGIC or max(summary_length, report_length) > LARGEST_PART:
        return False
    whole: int = position + _HEADER.size + summary_length + report_length
    return whole > len(data)
