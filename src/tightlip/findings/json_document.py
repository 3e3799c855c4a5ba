"""JSON: results as one document, written as they come."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tightlip.findings.result import Fault, Result, Summary


class JsonReport:
    """Prints results as one JSON object with `findings`, `errors` and `summary`.

    Args:
        version: The version of Tightlip.
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._is_first = True

    def begin(self) -> str:
        """Return what stands before the results."""
        return f'{{"tool":"tightlip","version":{json.dumps(self._version)},"findings":['

    def result(self, result: Result) -> str:
        """Return the text of one result."""
        separator = "\n" if self._is_first else ",\n"
        self._is_first = False
        return separator + _compact(_finding(result))

    def end(self, summary: Summary, faults: Iterable[Fault]) -> str:
        """Return what stands behind the results."""
        errors = [
            {"path": fault.path, "line": fault.line, "reason": fault.reason} for fault in faults
        ]
        told = {
            "files": summary.files,
            "leaking": summary.leaking,
            "binaries": summary.binaries,
            "links": summary.links,
            "errors": summary.faults,
            "findings": summary.findings,
        }
        return f'\n],"errors":{_compact(errors)},"summary":{_compact(told)}}}\n'


def _finding(result: Result) -> dict[str, Any]:
    return {
        "rule": result.rule,
        "category": result.category.value,
        "severity": result.severity,
        "says": result.says,
        "path": result.path,
        "part": result.part,
        "exchange": result.exchange,
        "line": result.start.line,
        "column": result.start.column,
        "end_line": result.end.line,
        "end_column": result.end.column,
        "start": result.start.character,
        "end": result.end.character,
        "byte_start": result.start.byte if result.is_verbatim else None,
        "byte_end": result.end.byte if result.is_verbatim else None,
        "before": result.excerpt.before,
        "match": result.excerpt.match,
        "after": result.excerpt.after,
    }


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
