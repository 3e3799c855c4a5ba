"""Reference: the name of an incident, which tells nothing about it."""

from __future__ import annotations

import os

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: without I, L, O and U, so that it survives being read aloud."""

LENGTH = 12

_READ_ALOUD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_AROUND = " \t\r\n.,;:!?#'\"`()[]{}<>\u2018\u2019\u201c\u201d"
"""What a sentence or a ticket puts around a reference: whoever pastes it brings it along."""

_PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)


def new_reference() -> str:
    """Return 12 characters of Crockford's base32: 60 bits of the system's randomness."""
    # As `secrets` does, which would load four modules more at every start.
    bits = int.from_bytes(os.urandom(8))
    return "".join([_PAIRS[bits >> shift & 1023] for shift in range(0, 5 * LENGTH, 10)])


def read_reference(text: str) -> str:
    """Return `text` as the reference that its writer meant.

    As Crockford's base32 has it, small letters and the letters that look like digits count as
    what they look like, and hyphens do not count; neither do marks around it.
    """
    return text.strip(_AROUND).upper().translate(_READ_ALOUD)
