"""The detectors' say over declared words: at start for the catalog, later text by text."""

from __future__ import annotations

from tightlip.catalog.catalog import catalog
from tightlip.catalog.error import DeclarationError
from tightlip.detection.scanner import Scanner


class Detectors:
    """Asks the built-in rules whether a text carries internals."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner

    def flags(self, text: str) -> str | None:
        """Return the id of the rule that `text` breaks, or None.

        A scanner that fails flags everything: what cannot be read does not leave.
        """
        try:
            finding = self._scanner.first(text)
        except Exception as fault:
            return f"the detectors failed: {type(fault).__name__}"
        return finding.rule if finding is not None else None

    def check_catalog(self) -> None:
        """See that no declared message is one that a detector flags.

        Raises:
            DeclarationError: One is; its code, place and the rule are named.
        """
        for declared in catalog:
            rule = self.flags(declared.error.message)
            if rule is not None:
                raise DeclarationError(
                    f"{declared.code} at {declared.place}: the message breaks the rule {rule}; "
                    f"say what happened in the client's own words"
                )
