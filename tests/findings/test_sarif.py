from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tightlip.findings.position import START
from tightlip.findings.result import Excerpt, Fault, Summary
from tightlip.findings.sarif import SarifReport


def printed(*results, faults=()) -> dict:
    report = SarifReport("1.2")
    summary = Summary(files=2, faults=len(faults))
    parts = [report.begin(), *map(report.result, results), report.end(summary, faults)]
    text = "".join(parts)
    assert text.isascii()
    return json.loads(text)


def run_of(*results, **given) -> dict:
    document = printed(*results, **given)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    return run


def test_a_result_has_rule_level_message_place_and_fingerprint(result):
    (told,) = run_of(result)["results"]
    assert (told["ruleId"], told["ruleIndex"], told["level"]) == ("acme-table", 0, "error")
    assert told["message"] == {"text": "A table of Acme. Found: acme_users"}
    (location,) = told["locations"]
    assert location == {
        "physicalLocation": {
            "artifactLocation": {"uri": "captures/a%20b.txt"},
            "region": {
                "startLine": 2,
                "startColumn": 3,
                "endLine": 2,
                "endColumn": 13,
                "charOffset": 4,
                "charLength": 10,
                "byteOffset": 5,
                "byteLength": 10,
                "snippet": {"text": "é acme_users here"},
            },
        }
    }
    assert list(told["partialFingerprints"]) == ["tightlipText/v1"]


def test_each_rule_is_described_once(result, inner):
    other = replace(result, rule="acme-host", severity="low", says="A machine.")
    run = run_of(result, other, inner)
    assert [told["ruleIndex"] for told in run["results"]] == [0, 1, 0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["acme-table", "acme-host"]
    assert rules[1]["shortDescription"] == {"text": "A machine."}
    assert rules[1]["defaultConfiguration"] == {"level": "note"}
    assert not any("helpUri" in rule for rule in rules)


@pytest.mark.parametrize(
    ("severity", "level"),
    [("low", "note"), ("medium", "warning"), ("high", "error"), ("critical", "error")],
)
def test_the_level_comes_from_the_severity(result, severity, level):
    (told,) = run_of(replace(result, severity=severity))["results"]
    assert told["level"] == level


def test_a_part_of_an_archive_lies_in_the_bytes_of_its_entry(inner):
    (told,) = run_of(inner)["results"]
    (location,) = told["locations"]
    region = location["physicalLocation"]["region"]
    assert (region["byteOffset"], region["byteLength"]) == (100, 250)
    assert "startLine" not in region
    assert location["logicalLocations"] == [
        {"fullyQualifiedName": "/log/entries/3/response/content/text", "kind": "member"}
    ]
    assert (
        "/log/entries/3/response/content/text:2:3, GET https://shop.example/ 500."
        in (told["message"]["text"])
    )


def test_a_part_whose_bytes_are_not_known_has_no_region(inner):
    (told,) = run_of(replace(inner, enclosing=None))["results"]
    assert "region" not in told["locations"][0]["physicalLocation"]


def test_a_transcoded_text_has_lines_and_no_bytes(result):
    (told,) = run_of(replace(result, is_verbatim=False))["results"]
    region = told["locations"][0]["physicalLocation"]["region"]
    assert region["startLine"] == 2
    assert "byteOffset" not in region


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("-", "stdin"),
        ("/tmp/a b", "file:///tmp/a%20b"),
        ("ä#?%", "%C3%A4%23%3F%25"),
        ("a\udcff", "a%FF"),
        ("c:d", "c%3Ad"),
    ],
)
def test_a_path_becomes_a_uri(result, path, uri):
    (told,) = run_of(replace(result, path=path))["results"]
    assert told["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_fingerprint_outlives_a_move_and_nothing_else(result):
    def fingerprint(one):
        return run_of(one)["results"][0]["partialFingerprints"]

    moved = replace(result, start=START, end=START)
    assert fingerprint(moved) == fingerprint(result)
    for other in (
        replace(result, rule="acme-host"),
        replace(result, path="b"),
        replace(result, part="body"),
        replace(result, excerpt=Excerpt("", "acme_orders", "")),
    ):
        assert fingerprint(other) != fingerprint(result)


def test_what_could_not_be_read_is_a_notification(result):
    run = run_of(result, faults=[Fault("b.txt", "cannot be read", 7)])
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"] == {"text": "b.txt:7: cannot be read"}
    assert run_of(result)["invocations"][0]["executionSuccessful"] is True


def test_the_document_is_of_the_published_schema(result, inner):
    model = pytest.importorskip("pydantic_sarif.model")  # generated from it, refuses what it lacks
    document = printed(
        result,
        inner,
        replace(inner, enclosing=None),
        replace(result, path="-", is_verbatim=False),
        faults=[Fault("b.txt", "cannot be read")],
    )
    schema = model.StaticAnalysisResultsFormatSarifVersion210JsonSchema
    assert len(schema.model_validate(document).runs[0].results) == 4
    assert schema.model_validate(printed())
    document["runs"][0]["results"][0]["level"] = "dreadful"
    with pytest.raises(ValueError, match="level"):
        schema.model_validate(document)
