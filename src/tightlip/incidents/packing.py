"""Packing: a report as stores keep it: its two compartments, each compressed by itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import zstandard

from tightlip.incidents.compartments import CLOSED_PART, joined, split
from tightlip.incidents.encoding import JSON, encode
from tightlip.incidents.incident import Incident
from tightlip.incidents.sealing import Seal, SealedError, is_sealed, open_sealed

_LEVEL = 3
_SEALED = "sealed"
"""The key of a report in a spool that holds the closed compartment sealed, in base64."""
_LARGEST = 1 << 21

PAST_RETENTION = (
    "past its retention: messages, values, source lines, headers and bodies are kept no longer"
)
NOT_SENT = "not in this store: the option `closed` of the sink that sends here is off"
UNREADABLE = "damaged: it cannot be read"


def seal_report(incident: Incident, seal: Seal) -> str:
    """Return a report, as JSON for a spool, whose closed compartment is sealed."""
    part, rest = split(dict(incident.fields))
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(encode(rest).encode("ascii"))
    sealed = seal.close(packed, incident.reference)
    return encode({**part, _SEALED: base64.b64encode(sealed).decode("ascii")})


def packer() -> Callable[[bytes], tuple[bytes, bytes]]:
    """Return what packs reports, as JSON, into their open and closed compartments.

    One packer serves one thread. A report that has not the form of one is closed as a whole, and
    its open compartment is empty.
    """
    compress = zstandard.ZstdCompressor(level=_LEVEL).compress

    def pack(report: bytes) -> tuple[bytes, bytes]:
        try:
            fields = json.loads(report)
            if _SEALED in fields:
                sealed = base64.b64decode(fields.pop(_SEALED), validate=True)
                return compress(encode(fields).encode("ascii")), sealed
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
    part: dict[str, JSON] = _read(report) if report else json.loads(summary)
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
