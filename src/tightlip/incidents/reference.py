"""Reference: the name of an incident, which tells nothing about it."""

from __future__ import annotations

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: without I, L, O and U, so that it survives being read aloud."""

LENGTH = 12

_PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)


def new_reference() -> str:
    """Return 12 characters of Crockford's base32: 60 bits of the system's randomness."""
    bits = secrets.randbits(5 * LENGTH)
    return "".join(_PAIRS[bits >> shift & 1023] for shift in range(0, 5 * LENGTH, 10))
