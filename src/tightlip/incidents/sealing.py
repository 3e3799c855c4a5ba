"""Sealing: the closed compartment encrypted, with a key that only the environment holds.

AES-256 in Galois/Counter Mode (NIST SP 800-38D) by the library `cryptography`, with a random nonce
of 96 bits: the standard allows 2**32 uses of one key. What is sealed for one incident opens for no
other.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VARIABLE = "TIGHTLIP_ENCRYPTION_KEY"
"""The environment variable that holds the key: 32 bytes in base64."""

OLD_VARIABLE = "TIGHTLIP_OLD_ENCRYPTION_KEY"
"""The one that holds the key before: with it, what was sealed then is read."""

_MAGIC = b"\xa7TS\x01"
_STANDARD_ALPHABET = str.maketrans("-_", "+/")  # RFC 4648, sections 4 and 5
_KEY_BYTES = 32
_NAME_BYTES = 8
_NONCE_BYTES = 12
_HEAD_BYTES = len(_MAGIC) + _NAME_BYTES + _NONCE_BYTES


class UnusableKeyError(Exception):
    """The environment holds something else than a key; the message says what is accepted."""


class SealedError(Exception):
    """A seal does not open; the message says what would open it."""


class Seal:
    """Seals with one key, and opens with that and with an older one.

    Args:
        key: 32 random bytes.
        old_key: The key before, if there is one.

    Raises:
        ImportError: `cryptography` is not installed.
    """

    def __init__(self, key: bytes, old_key: bytes | None = None) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._name = _name(key)
        self._ciphers: dict[bytes, AESGCM] = {self._name: AESGCM(key)}
        if old_key is not None:
            self._ciphers.setdefault(_name(old_key), AESGCM(old_key))

    def close(self, data: bytes, reference: str) -> bytes:
        """Return `data` sealed for the incident of `reference`."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._name].encrypt(nonce, data, reference.encode())
        return b"".join((_MAGIC, self._name, nonce, sealed))

    def open(self, sealed: bytes, reference: str) -> bytes:
        """Return what was sealed for the incident of `reference`.

        Raises:
            SealedError: The key is another one, or the bytes are not what was sealed.
        """
        from cryptography.exceptions import InvalidTag

        name, nonce = sealed[len(_MAGIC) :][:_NAME_BYTES], sealed[_HEAD_BYTES - _NONCE_BYTES :]
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise SealedError(
                f"encrypted with another key than those given: set {VARIABLE}, or {OLD_VARIABLE} "
                "for the key before it, to the one that the application had"
            )
        try:
            return cipher.decrypt(nonce[:_NONCE_BYTES], sealed[_HEAD_BYTES:], reference.encode())
        except (InvalidTag, ValueError):
            raise SealedError("damaged: its seal is broken") from None


def is_sealed(data: bytes) -> bool:
    """Tell whether `data` is what a seal returns."""
    return data.startswith(_MAGIC)


def seal_of(environment: Mapping[str, str]) -> Seal | None:
    """Return the seal whose keys are in `environment`; None where there is none.

    Raises:
        UnusableKeyError: It holds something else than keys, or `cryptography` is missing.
    """
    given, old = environment.get(VARIABLE), environment.get(OLD_VARIABLE)
    if given is None:
        if old is not None:
            raise UnusableKeyError(
                f"{OLD_VARIABLE} is set without {VARIABLE}: set that to the key of today"
            )
        return None
    key, old_key = _key(VARIABLE, given), None if old is None else _key(OLD_VARIABLE, old)
    try:
        return Seal(key, old_key)
    except ImportError:
        raise UnusableKeyError(
            f"{VARIABLE} is set, and needs the library cryptography: "
            'pip install "tightlip[encryption]"'
        ) from None


def open_sealed(sealed: bytes, reference: str) -> bytes:
    """Open what was sealed for the incident of `reference`, with the keys of this environment.

    Raises:
        SealedError: It cannot be opened; the message says what would open it.
    """
    try:
        seal = seal_of(os.environ)
    except UnusableKeyError as error:
        raise SealedError(f"encrypted; {error}") from None
    if seal is None:
        raise SealedError(f"encrypted: set {VARIABLE} to the key that the application has")
    return seal.open(sealed, reference)


def _key(variable: str, value: str) -> bytes:
    try:
        text = value.strip().translate(_STANDARD_ALPHABET).encode("ascii")
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise UnusableKeyError(
            f"{variable} holds no key: give 32 random bytes in base64, as "
            "`openssl rand -base64 32` prints them"
        )
    return key


def _name(key: bytes) -> bytes:
    """Return what a key is known by, and what tells nothing of it."""
    return hashlib.sha256(b"tightlip, the name of a key:" + key).digest()[:_NAME_BYTES]
