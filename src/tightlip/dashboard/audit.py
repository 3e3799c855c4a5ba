"""Audit: who has looked at messages, locals and requests, one line of JSON a view."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from tightlip.incidents.incident import now

if TYPE_CHECKING:
    from tightlip.incidents.directory import PrivateDirectory

FILE = "audit.jsonl"

_OURS_ALONE = 0o600


class Audit:
    """Writes to a file beside the store.

    Args:
        directory: Where the incidents are kept.
    """

    def __init__(self, directory: PrivateDirectory) -> None:
        self._path = directory.path / FILE

    def note(self, visitor: str, address: str | None, did: str, what: str) -> None:
        """Note what a visitor does, before it is done.

        Args:
            visitor: Who it is.
            address: The address that the request came from.
            did: What is done, such as `viewed` or `resolved`.
            what: The reference or the fingerprint.

        Raises:
            OSError: It could not be noted, and so is not to be done.
        """
        entry = {"time": now(), "visitor": visitor, "address": address, "did": did, "what": what}
        line = json.dumps(entry).encode("ascii") + b"\n"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, _OURS_ALONE)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)
