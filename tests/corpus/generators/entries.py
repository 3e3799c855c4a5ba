"""What a generator prints: one corpus entry a line."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

LONGEST_TEXT = 6_000
"""Where a text is cut, in characters: longer traces say nothing new."""

# Forms that scanners of repositories look for. The values are made up, but such a scanner
# cannot know it: one letter is written as a JSON escape, so that only a reader of the JSON
# sees the whole.
SECRET_FORMS = re.compile(
    r"sk_live_|sk_test_|rk_live_|whsec_|xox[abp]-|ghp_|gho_|github_pat_|glpat-|AIza|SG\.|AKIA|ASIA"
    r"|npm_|pypi-|dop_v1_|hvs\.|shpat_|EAAC|ya29\.|sq0csp-|key-[0-9a-f]{32}|lin_api_|sk-|AC[0-9a-f]{32}"
    r"|-----BEGIN|hooks\.slack|AccountKey=|eyJ"
)


@dataclass(frozen=True)
class Answer:
    """The part of an HTTP answer that leaks, as it goes over the wire."""

    text: str
    encoding: str = "plain"
    content_type: str = "text/plain; charset=utf-8"
    kind: str = "body"


@dataclass(frozen=True)
class Failure:
    """What a program said of one failure that it met."""

    name: str
    type: str = ""
    message: str = ""
    trace: str = ""


@dataclass
class Corpus:
    """The entries of one technology.

    Args:
        prefix: The first part of every id.
        origin: "run" for answers of running systems, "written" for those from knowledge.
        source: What made the answers, where an entry does not say it.
        sources: What made those whose name begins with the key.
    """

    prefix: str
    origin: str
    source: str
    sources: dict[str, str] = field(default_factory=dict)
    entries: list[dict[str, object]] = field(default_factory=list)

    def add(self, name: str, category: str, status: int, answer: Answer, source: str = "") -> None:
        """Take one answer in."""
        text = answer.text
        if len(text) > LONGEST_TEXT:
            text = text[:LONGEST_TEXT]
        self.entries.append(
            {
                "id": f"{self.prefix}-{name}",
                "category": category,
                "encoding": answer.encoding,
                "origin": self.origin,
                "source": source or self._source_of(name),
                "status": status,
                "content_type": answer.content_type,
                "kind": answer.kind,
                "text": text,
            }
        )

    def _source_of(self, name: str) -> str:
        return next((s for key, s in self.sources.items() if name.startswith(key)), self.source)

    def add_failures(
        self,
        failures: list[Failure],
        cases: dict[str, tuple[str, int, Callable[[Failure], Answer]]],
    ) -> None:
        """Take in the answers that `cases` makes from `failures`.

        Raises:
            LookupError: If a case has no failure: the program no longer does what it should.
        """
        by_name = {failure.name: failure for failure in failures}
        if missing := sorted(set(cases) - set(by_name)):
            raise LookupError(f"{self.prefix}: these did not fail: {', '.join(missing)}")
        for name, (category, status, dress) in cases.items():
            self.add(name, category, status, dress(by_name[name]))

    def print(self) -> None:
        """Print the entries as JSON lines; `--only WORD` prints those whose id has the word."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--only", default="", help="print the entries whose id has this word")
        only = parser.parse_args().only
        for entry in self.entries:
            if only in str(entry["id"]):
                sys.stdout.write(f"{_line(entry)}\n")


def _line(entry: dict[str, object]) -> str:
    line = json.dumps(entry, ensure_ascii=False)
    return SECRET_FORMS.sub(
        lambda form: f"{form[0][0:1]}\\u{ord(form[0][1]):04x}{form[0][2:]}", line
    )
