"""How much do the rules find, and where do they cry wolf? `python tests/corpus/report.py`.

Runs `tightlip scan --jsonl` over both halves of the corpus. Exit codes: 0 all goals are met, 1 one
is missed, 2 the scan could not run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

RECALL = 0.97
RECALL_IN_EACH = 0.95
FALSE_ALARMS = 0.003
FALSE_ALARMS_ON_ERRORS = 0.0

LONGEST_EXCERPT = 100
MARGIN = 40


class ScanError(Exception):
    """The scan could not run, or did not answer as agreed."""


@dataclass(frozen=True)
class Verdict:
    """What the scan says of an entry of the corpus."""

    entry: Mapping[str, Any]
    leak: bool
    findings: Sequence[Mapping[str, Any]]

    @property
    def group(self) -> str:
        """The kind of a clean entry."""
        return str(self.entry.get("class", ""))


@dataclass(frozen=True)
class Measure:
    """How many of some entries were called a leak, and the share that is asked for."""

    name: str
    entries: int
    called: int
    goal: float | None
    is_recall: bool

    @property
    def share(self) -> float:
        """The share of the entries that were called a leak; with none, that of the goal."""
        return self.called / self.entries if self.entries else self.goal or 0.0

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached; without one it is."""
        if self.goal is None:
            return True
        return self.share >= self.goal if self.is_recall else self.share <= self.goal

    def as_json(self) -> dict[str, Any]:
        """Return the measure as JSON values."""
        return {
            "name": self.name,
            "entries": self.entries,
            "called": self.called,
            "share": round(self.share, 5),
            "goal": self.goal,
            "met": self.is_met,
        }


def read(directory: Path) -> list[dict[str, Any]]:
    """Return the entries in the `*.jsonl` files of `directory`.

    Raises:
        ScanError: If there are none.
    """
    entries = [
        json.loads(line)
        for path in sorted(directory.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").split("\n")
        if line
    ]
    if not entries:
        raise ScanError(f"no entries in {directory}")
    return entries


def scan(entries: Sequence[Mapping[str, Any]]) -> list[Verdict]:
    """Return the verdict of `tightlip scan --jsonl` on each entry.

    Raises:
        ScanError: If the command fails, or does not answer to each entry.
    """
    keys = ("id", "text", "content_type", "status", "kind")
    lines = [json.dumps({key: entry[key] for key in keys if entry[key]}) for entry in entries]
    done = subprocess.run(
        [sys.executable, "-m", "tightlip", "scan", "--jsonl"],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode not in {0, 1}:
        raise ScanError(f"tightlip scan ended with {done.returncode}:\n{done.stderr}")
    answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    if missing := [entry["id"] for entry in entries if entry["id"] not in answers]:
        raise ScanError(f"tightlip scan gave no answer to: {', '.join(missing)}")
    return [
        Verdict(entry, answers[entry["id"]]["leak"], answers[entry["id"]]["findings"])
        for entry in entries
    ]


def recall(leaking: Sequence[Verdict]) -> dict[str, list[Measure]]:
    """Return what was found of the leaks: overall, by category, by encoding, by origin."""
    goals = {"category": RECALL_IN_EACH, "encoding": RECALL_IN_EACH, "origin": None}
    return {"recall": [_measure("all leaks", leaking, RECALL, is_recall=True)]} | {
        f"recall by {key}": [
            _measure(name, group, goal, is_recall=True) for name, group in _by(key, leaking)
        ]
        for key, goal in goals.items()
    }


def false_alarms(clean: Sequence[Verdict]) -> dict[str, list[Measure]]:
    """Return what was called a leak and is none: overall, on errors, by class."""
    errors = [verdict for verdict in clean if verdict.group == "error"]
    return {
        "false alarms": [
            _measure("all clean answers", clean, FALSE_ALARMS, is_recall=False),
            _measure("clean errors", errors, FALSE_ALARMS_ON_ERRORS, is_recall=False),
        ],
        "false alarms by class": [
            _measure(name, group, None, is_recall=False) for name, group in _by("class", clean)
        ],
    }


def _by(key: str, verdicts: Sequence[Verdict]) -> list[tuple[str, list[Verdict]]]:
    names = sorted({str(verdict.entry[key]) for verdict in verdicts})
    return [
        (name, [verdict for verdict in verdicts if verdict.entry[key] == name]) for name in names
    ]


def _measure(
    name: str, verdicts: Sequence[Verdict], goal: float | None, *, is_recall: bool
) -> Measure:
    called = sum(verdict.leak for verdict in verdicts)
    return Measure(name, len(verdicts), called, goal, is_recall)


def table(title: str, measures: Sequence[Measure]) -> str:
    """Return `measures` as an aligned table."""
    called = "found" if measures[0].is_recall else "alarms"
    rows = [(title, "entries", called, "share", "goal", "")]
    for measure in measures:
        sign = ">=" if measure.is_recall else "<="
        goal = "" if measure.goal is None else f"{sign} {_percent(measure.goal)}"
        mark = "" if measure.is_met else "MISSED"
        share = _percent(measure.share)
        rows.append((measure.name, str(measure.entries), str(measure.called), share, goal, mark))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if 0 < index < len(widths) - 1 else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def misses(leaking: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Return the leaks that were not found, with the start of their text."""
    return [
        {key: verdict.entry[key] for key in ("id", "category", "encoding", "origin", "status")}
        | {"text": _line(verdict.entry["text"][:LONGEST_EXCERPT])}
        for verdict in leaking
        if not verdict.leak
    ]


def alarms(clean: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Return the findings in clean entries, each marked in the words around it."""
    return [
        {
            "id": verdict.entry["id"],
            "rule": finding["rule"],
            "excerpt": _marked(verdict.entry["text"], finding["start"], finding["end"]),
        }
        for verdict in clean
        if verdict.leak
        for finding in verdict.findings
    ]


def _marked(text: str, start: int, end: int) -> str:
    found = text[start : min(end, start + LONGEST_EXCERPT)]
    before, after = text[max(0, start - MARGIN) : start], text[end : end + MARGIN]
    return _line(f"{before}>>>{found}<<<{after}")


def _line(text: str) -> str:
    return " ".join(text.split())


def _listed(title: str, items: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"{title}: {len(items)}"]
    for item in items:
        *words, text = item.values()
        lines += ["  " + "  ".join(map(str, words)), f"      {text}"]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure the rules on the corpus.")
    parser.add_argument("--leaking", type=Path, default=HERE / "leaking", metavar="DIRECTORY")
    parser.add_argument("--clean", type=Path, default=HERE / "clean", metavar="DIRECTORY")
    parser.add_argument("--misses", action="store_true", help="list the leaks not found")
    parser.add_argument("--alarms", action="store_true", help="list the false alarms")
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")
    options = parser.parse_args(arguments)
    try:
        leaking, clean = scan(read(options.leaking)), scan(read(options.clean))
    except ScanError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    tables = recall(leaking) | false_alarms(clean)
    met = all(measure.is_met for measures in tables.values() for measure in measures)
    if options.json:
        content = {
            "goals_met": met,
            "tables": {name: [m.as_json() for m in measures] for name, measures in tables.items()},
            "misses": misses(leaking),
            "alarms": alarms(clean),
        }
        sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    else:
        parts = [table(name, measures) for name, measures in tables.items()]
        parts += [_listed("leaks not found", misses(leaking))] if options.misses else []
        parts += [_listed("false alarms", alarms(clean))] if options.alarms else []
        parts += ["All goals are met." if met else "Not all goals are met."]
        sys.stdout.write("\n\n".join(parts) + "\n")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
