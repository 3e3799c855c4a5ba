"""Excerpts: the words of a finding in their line, without the credentials in and around them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from string import ascii_letters, digits

from tightlip.findings.finding import Category, Finding
from tightlip.findings.result import Excerpt
from tightlip.incidents.scrubbing import scrub_text
from tightlip.incidents.visible import visible_line

MASKED = "[masked]"

_SEARCHED = 1024
"""How many bytes on both sides are searched for secrets: half a secret has no form."""

_SHOWN_AROUND = 60
_SHOWN = 160
_LONGEST = 4096
_GAP = " … "
_OF_TOKENS = ascii_letters + digits + "+/=_-.~"


class Credentials:
    """Where the credentials of a text stand.

    Args:
        findings: All findings in the text, in its order.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._rules: list[str] = []
        for finding in findings:
            if finding.category is not Category.CREDENTIAL:
                continue
            if self._ends and finding.start < self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], finding.end)
            else:
                self._starts.append(finding.start)
                self._ends.append(finding.end)
                self._rules.append(finding.rule)

    def masked(self, data: bytes, start: int, end: int, told: range = range(0)) -> str:
        """Return `data[start:end]` as text, the credentials in it replaced by `[<rule id>]`.

        Args:
            data: The text.
            start: Where to begin.
            end: Where to stop.
            told: A part of `data` that names the credentials in it by itself; they are left out.
        """
        pieces: list[str] = []
        at = start
        for index in range(bisect_right(self._ends, start), len(self._starts)):
            low = self._starts[index]
            if low >= end:
                break
            if low > at:
                pieces.append(data[at:low].decode("utf-8", "replace"))
            if self._ends[index] <= told.start or low >= told.stop:
                pieces.append(f"[{self._rules[index]}]")
            at = self._ends[index]
        if at < end:
            pieces.append(data[at:end].decode("utf-8", "replace"))
        return "".join(pieces)


def excerpt_of(data: bytes, finding: Finding, credentials: Credentials) -> Excerpt:
    """Return the words of `finding` in `data`, and what stands beside them in their line.

    Args:
        finding: Its places are in bytes of `data`.
        credentials: Those of `data`.
    """
    start, end = finding.start, finding.end
    low = _boundary(data, max(0, start - _SEARCHED))
    high = min(len(data), end + _SEARCHED)
    words = range(start, end)
    before = credentials.masked(data, low, start, told=words)
    after = credentials.masked(data, end, high, told=words)
    if finding.category is Category.CREDENTIAL:
        match = f"[{finding.rule}]"
        if data[end - 1 : end].decode("latin-1") in _OF_TOKENS:
            after = after.lstrip(_OF_TOKENS)  # a secret longer than its pattern goes on there
        before, after = scrub_text(before), scrub_text(after)
    else:
        match = credentials.masked(data, start, min(end, start + _LONGEST))
        before, match, after = _scrubbed(before, match, after)
    return Excerpt(
        visible_line(_last_line(before)),
        visible_line(_middle_cut(match)),
        visible_line(_first_line(after)),
    )


def _scrubbed(before: str, match: str, after: str) -> tuple[str, str, str]:
    """Return the three texts without secrets; where one lies across them, none is shown."""
    together = before + match + after
    scrubbed = scrub_text(together)
    if scrubbed == together:
        return before, match, after
    each = scrub_text(before), scrub_text(match), scrub_text(after)
    return each if "".join(each) == scrubbed else ("", MASKED, "")


def _boundary(data: bytes, at: int) -> int:
    """Return the place at `at` or behind it where a character of UTF-8 begins."""
    for place in range(at, min(at + 4, len(data))):
        if data[place] & 0xC0 != 0x80:  # noqa: PLR2004 - the mark of a byte that goes on
            return place
    return at


def _last_line(text: str) -> str:
    line = text[text.rfind("\n") + 1 :]
    return line if len(line) <= _SHOWN_AROUND else "…" + line[-_SHOWN_AROUND:]


def _first_line(text: str) -> str:
    line = text.partition("\n")[0].rstrip("\r")
    return line if len(line) <= _SHOWN_AROUND else line[:_SHOWN_AROUND] + "…"


def _middle_cut(text: str) -> str:
    if len(text) <= _SHOWN:
        return text
    half = _SHOWN // 2
    return text[:half] + _GAP + text[-half:]
