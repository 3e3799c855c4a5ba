"""SARIF 2.1.0: results for code hosts and editors, written as they come.

Facts: OASIS standard "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from tightlip.findings.result import Fault, Result, Summary, printable

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"low": "note", "medium": "warning", "high": "error", "critical": "error"}
_SCORES = {"low": "2.0", "medium": "5.0", "high": "8.0", "critical": "9.5"}
"""What code hosts sort by: `security-severity`, from 0 to 10."""

_STANDARD_INPUT = "-"


class SarifReport:
    """Prints results as a SARIF log with one run.

    The rules that were met stand at the end, so that nothing has to be held until then.

    Args:
        version: The version of Tightlip.
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._rules: dict[str, Result] = {}
        self._indexes: dict[str, int] = {}
        self._is_first = True

    def begin(self) -> str:
        """Return what stands before the results."""
        return (
            f'{{"$schema":"{_SCHEMA}","version":"2.1.0","runs":['
            '{"columnKind":"unicodeCodePoints","results":['
        )

    def result(self, result: Result) -> str:
        """Return the text of one result."""
        index = self._indexes.setdefault(result.rule, len(self._indexes))
        self._rules.setdefault(result.rule, result)
        separator = "\n" if self._is_first else ",\n"
        self._is_first = False
        return separator + _compact(_result(result, index))

    def end(self, summary: Summary, faults: Iterable[Fault]) -> str:
        """Return what stands behind the results."""
        driver = {
            "name": "Tightlip",
            "version": self._version,
            "rules": [_descriptor(result) for result in self._rules.values()],
        }
        notifications = [
            {
                "level": "error",
                "message": {"text": str(fault)},
                "locations": [{"physicalLocation": {"artifactLocation": _artifact(fault.path)}}],
            }
            for fault in faults
        ]
        invocation = {
            "executionSuccessful": summary.faults == 0,
            "toolExecutionNotifications": notifications,
        }
        return (
            f'\n],"tool":{_compact({"driver": driver})},'
            f'"invocations":[{_compact(invocation)}]}}]}}\n'
        )


def _descriptor(result: Result) -> dict[str, Any]:
    return {
        "id": result.rule,
        "shortDescription": {"text": result.says},
        "defaultConfiguration": {"level": _LEVELS[result.severity]},
        "properties": {
            "category": result.category.value,
            "severity": result.severity,
            "security-severity": _SCORES[result.severity],
            "tags": ["security", result.category.value],
        },
    }


def _result(result: Result, index: int) -> dict[str, Any]:
    place = f"{printable(result.path)}:{result.start.line}:{result.start.column}"
    said = result.says
    if result.part is not None:
        place = f"{result.part}:{result.start.line}:{result.start.column}"
        said += f" At {place}" + (f", {result.exchange}." if result.exchange else ".")
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": _artifact(result.path),
            **({"region": region} if (region := _region(result)) else {}),
        },
    }
    if result.part is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": result.part, "kind": "member"}]
    return {
        "ruleId": result.rule,
        "ruleIndex": index,
        "level": _LEVELS[result.severity],
        "message": {"text": f"{said} Found: {result.excerpt.match}"},
        "locations": [location],
        "partialFingerprints": {"tightlipText/v1": _fingerprint(result)},
    }


def _region(result: Result) -> dict[str, Any]:
    """Return where the text stands in the file; a part in another form has no line there."""
    snippet = {"text": str(result.excerpt)}
    if result.part is None:
        region: dict[str, Any] = {
            "startLine": result.start.line,
            "startColumn": result.start.column,
            "endLine": result.end.line,
            "endColumn": result.end.column,
            "charOffset": result.start.character,
            "charLength": result.end.character - result.start.character,
            "snippet": snippet,
        }
        if result.is_verbatim:
            region["byteOffset"] = result.start.byte
            region["byteLength"] = result.end.byte - result.start.byte
        return region
    if result.enclosing is None:
        return {}
    start, end = result.enclosing
    return {"byteOffset": start, "byteLength": end - start, "snippet": snippet}


def _artifact(path: str) -> dict[str, Any]:
    """Return the place of a file; its name becomes a URI reference (RFC 3986)."""
    if path == _STANDARD_INPUT:
        return {"uri": "stdin", "description": {"text": "Standard input"}}
    name = PurePath(path)
    if name.is_absolute():
        return {"uri": name.as_uri()}
    uri = quote(name.as_posix().encode("utf-8", "surrogateescape"), safe="/")
    return {"uri": uri}


def _fingerprint(result: Result) -> str:
    """Return what stays the same when the text moves; made of masked words alone."""
    told = (result.rule, result.path, result.part or "", str(result.excerpt))
    return hashlib.sha256("\0".join(told).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
