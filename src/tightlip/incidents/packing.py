"""Packing: a report as stores keep it: its two compartments, each compressed by itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import zstandard

from tightlip.incidents.compartments import BETWEEN_PARTS, CLOSED_PART, joined, split
from tightlip.incidents.encoding import JSON, encode
from tightlip.incidents.incident import Incident
from tightlip.incidents.sealing import Seal, SealedError, is_sealed, open_sealed

_LEVEL = 3
_BETWEEN = BETWEEN_PARTS.encode()
_SEALED = "sealed"
"""Where an earlier version put the closed compartment of a report, sealed, in base64."""
_LARGEST = 1 << 21

PAST_RETENTION = (
    "past its retention: messages, values, source lines, headers and bodies are kept no longer"
)
NOT_SENT = "not in this store: the option `closed` of the sink that sends here is off"
UNREADABLE = "damaged: it cannot be read"


def sealed(closed: str, seal: Seal, reference: str) -> str:
    """Return the closed compartment of a report, sealed, as a spool keeps it: in base64."""
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(closed.encode("ascii"))
    return base64.b64encode(seal.close(packed, reference)).decode("ascii")


def packer() -> Callable[[str, bytes], tuple[bytes, bytes]]:
    """Return what packs a summary and a report into the open and the closed compartment.

    In a spool, a report is what is open beside the summary and, after a line break, the closed
    compartment: JSON, or sealed and in base64. One that has not this form is closed as a whole,
    and the open compartment is empty. One packer serves one thread.
    """
    compress = zstandard.ZstdCompressor(level=_LEVEL).compress

    def pack(summary: str, report: bytes) -> tuple[bytes, bytes]:
        others, between, rest = report.partition(_BETWEEN)
        if not between:
            return pack_whole(report)
        try:
            closed = compress(rest) if rest[:1] == b"{" else base64.b64decode(rest, validate=True)
        except ValueError:
            return b"", compress(report)
        known = summary.encode("ascii")
        return compress(known if others == b"{}" else known[:-1] + b"," + others[1:]), closed

    def pack_whole(report: bytes) -> tuple[bytes, bytes]:
        """Pack a report of a spool of an earlier version: JSON in one line."""
        try:
            fields = json.loads(report)
            if _SEALED in fields:
                closed = base64.b64decode(fields.pop(_SEALED), validate=True)
                return compress(encode(fields).encode("ascii")), closed
            part, rest = split(fields)
            return compress(encode(part).encode("ascii")), compress(encode(rest).encode("ascii"))
        except (ValueError, TypeError, AttributeError, RecursionError):
            return b"", compress(report)

    return pack


def unpack(summary: str, report: bytes, closed: bytes | None) -> Incident:
    """Return an incident with as much of its report as can be read.

    Where the closed compartment is gone or cannot be read, `closed_part` says so.

    Args:
        summary: The summary, as JSON.
        report: The open compartment, packed; empty where the summary is all of it.
        closed: The closed one; None where it is gone, and empty where it never came here.
    """
    try:
        part: dict[str, JSON] = _read(report) if report else json.loads(summary)
    except (ValueError, zstandard.ZstdError):
        return Incident({**json.loads(summary), CLOSED_PART: UNREADABLE})
    if closed is None:
        return Incident({**part, CLOSED_PART: PAST_RETENTION})
    if not closed:
        return Incident({**part, CLOSED_PART: NOT_SENT})
    try:
        if is_sealed(closed):
            closed = open_sealed(closed, str(part["reference"]))
        return Incident(joined(part, _read(closed)))
    except SealedError as error:
        return Incident({**part, CLOSED_PART: str(error)})
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError, zstandard.ZstdError):
        return Incident({**part, CLOSED_PART: UNREADABLE})


def _read(packed: bytes) -> Any:
    return json.loads(zstandard.ZstdDecompressor().decompress(packed, _LARGEST))
