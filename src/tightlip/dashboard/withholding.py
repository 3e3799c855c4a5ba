"""Withholding: what the guard would find in a page is taken out of it, and the rest is shown.

The guard keeps a page back whole on which it finds a secret. A line of source that only reads one
from the settings looks like that, and whoever mends the failure needs the rest of its page.
"""

from __future__ import annotations

from collections.abc import Iterable

from tightlip.detection.reading import Reading
from tightlip.detection.scanner import default_scanner
from tightlip.findings.finding import Category

WITHHELD = "[withheld]"

_PAGE = Reading(200, "text/html; charset=utf-8")
_MOST_ROUNDS = 4  # what is left may be found in what stood around the last finding


def without_credentials(page: str) -> str:
    """Return an HTML page without the texts on it that a rule for credentials finds."""
    for _ in range(_MOST_ROUNDS):
        spans = [
            (finding.start, finding.end)
            for finding in default_scanner().scan(page, _PAGE)
            if finding.category is Category.CREDENTIAL
        ]
        if not spans:
            break
        page = _without(page, sorted(spans))
    return page


def _without(page: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end in spans:
        if start >= at:
            pieces += (page[at:start], WITHHELD)
            at = end
    return "".join((*pieces, page[at:]))
