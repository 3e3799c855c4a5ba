from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("report", Path(__file__).parent / "report.py")
report = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = report
_SPEC.loader.exec_module(report)


def _leaks(count, found, **keys):
    entry = {"id": "a-leak", "category": "library", "encoding": "json", "origin": "run"}
    entry |= {"status": 500, "content_type": "text/plain", "kind": "body", "text": "x"} | keys
    return [report.Verdict(entry, number < found, []) for number in range(count)]


def _clean(count, called, kind):
    finding = {"rule": "a-rule", "category": "library", "start": 4, "end": 8}
    entry = {"id": "a-clean", "class": kind, "status": 200, "text": "not what\nit seems"}
    return [
        report.Verdict(entry, number < called, [finding] if number < called else [])
        for number in range(count)
    ]


def _missed(tables):
    return {m.name for measures in tables.values() for m in measures if not m.is_met}


@pytest.mark.parametrize(("found", "missed"), [(97, set()), (96, {"all leaks"})])
def test_recall_overall_has_a_goal(found, missed):
    assert _missed(report.recall(_leaks(100, found))) == missed


@pytest.mark.parametrize(
    ("found", "missed"), [(19, set()), (18, {"credential", "percent"})], ids=["met", "missed"]
)
def test_each_category_and_encoding_has_a_goal(found, missed):
    rare = _leaks(20, found, category="credential", encoding="percent", origin="written")
    assert _missed(report.recall(_leaks(980, 980) + rare)) == missed


@pytest.mark.parametrize(
    ("called", "kind", "missed"),
    [
        (3, "success", set()),
        (4, "success", {"all clean answers"}),
        (1, "error", {"clean errors"}),
        (0, "error", set()),
    ],
)
def test_false_alarms_have_a_goal_and_errors_may_have_none(called, kind, missed):
    verdicts = _clean(998, called, kind) + _clean(1, 0, "error") + _clean(1, 0, "success")
    assert _missed(report.false_alarms(verdicts)) == missed


def test_a_table_is_aligned_and_says_what_is_missed():
    (measures,) = [m for name, m in report.recall(_leaks(200, 180)).items() if name == "recall"]
    assert report.table("recall", measures).splitlines() == [
        "recall     entries  found   share       goal",
        "all leaks      200    180  90.0 %  >= 97.0 %  MISSED",
    ]


def test_a_false_alarm_is_marked_in_its_words():
    assert report.alarms(_clean(2, 1, "prose")) == [
        {"id": "a-clean", "rule": "a-rule", "excerpt": "not >>>what<<< it seems"}
    ]


def test_a_miss_is_listed_with_the_start_of_its_text():
    (miss,) = report.misses(_leaks(2, 1, text="a\nb" + "c" * 200))
    assert miss["id"] == "a-leak"
    assert miss["text"] == "a b" + "c" * 97


def test_a_folder_without_entries_is_refused(tmp_path, capsys):
    assert report.main(["--leaking", str(tmp_path), "--clean", str(tmp_path)]) == 2
    assert "no entries" in capsys.readouterr().err


def test_the_command_is_asked_for_each_entry(tmp_path, monkeypatch, capsys):
    leak, clean = _leaks(1, 0)[0].entry, _clean(1, 0, "error")[0].entry
    for name, entry in {
        "leaking": leak,
        "clean": clean | {"content_type": "", "kind": "body"},
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jsonl").write_text(json.dumps(entry) + "\n", encoding="utf-8")
    (tmp_path / "tightlip.py").write_text(
        "import json, sys\n"
        "assert sys.argv[1:] == ['scan', '--jsonl']\n"
        "for line in sys.stdin:\n"
        "    name = json.loads(line)['id']\n"
        "    print(json.dumps({'id': name, 'leak': name == 'a-leak', 'findings': []}))\n"
        "sys.exit(1)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    folders = ["--leaking", str(tmp_path / "leaking"), "--clean", str(tmp_path / "clean")]
    assert report.main([*folders, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["goals_met"]
