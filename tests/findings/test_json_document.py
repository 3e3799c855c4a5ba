from __future__ import annotations

import json
from dataclasses import replace

from tightlip.findings.json_document import JsonReport
from tightlip.findings.result import Fault, Summary


def printed(*results, faults=()) -> dict:
    report = JsonReport("1.2")
    summary = Summary(files=2, leaking=1, faults=len(faults), findings={"high": len(results)})
    parts = [report.begin(), *map(report.result, results), report.end(summary, faults)]
    text = "".join(parts)
    assert text.isascii()
    assert text.endswith("\n")
    return json.loads(text)


def test_a_result_is_told_in_full(result):
    document = printed(result)
    assert (document["tool"], document["version"]) == ("tightlip", "1.2")
    assert document["findings"] == [
        {
            "rule": "acme-table",
            "category": "database_error",
            "severity": "high",
            "says": "A table of Acme.",
            "path": "captures/a b.txt",
            "part": None,
            "exchange": None,
            "line": 2,
            "column": 3,
            "end_line": 2,
            "end_column": 13,
            "start": 4,
            "end": 14,
            "byte_start": 5,
            "byte_end": 15,
            "before": "é ",
            "match": "acme_users",
            "after": " here",
        }
    ]
    assert document["summary"]["findings"] == {"high": 1}


def test_a_part_in_another_form_has_no_bytes_in_the_file(inner):
    (finding,) = printed(inner)["findings"]
    assert (finding["byte_start"], finding["byte_end"]) == (None, None)
    assert finding["part"] == "/log/entries/3/response/content/text"


def test_many_results_and_odd_paths_make_one_document(result):
    document = printed(result, replace(result, path='"\n\udcff'), faults=[Fault("b", "is bad", 3)])
    assert [one["path"] for one in document["findings"]] == ["captures/a b.txt", '"\n\udcff']
    assert document["errors"] == [{"path": "b", "line": 3, "reason": "is bad"}]


def test_no_result_makes_a_document_too():
    document = printed()
    assert (document["findings"], document["errors"]) == ([], [])
