"""Is the clean half of the corpus well formed, diverse, and no entry a copy of another?"""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

CLEAN = Path(__file__).parent / "clean"
FILES = {
    path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    for path in sorted(CLEAN.glob("*.jsonl"))
}
ENTRIES = [entry for entries in FILES.values() for entry in entries]

KEYS = ["id", "class", "origin", "source", "status", "content_type", "kind", "text"]
LEAST = {"error": 180, "success": 180, "prose": 60, "header": 60}

# Wording that more entries share than this is the form of an API, not what an answer says.
SHARED = 6

# Two entries of which more than this share is the same say the same.
ALIKE = 0.5


def test_there_are_enough_of_each_class():
    counts = Counter(entry["class"] for entry in ENTRIES)
    assert counts.keys() == LEAST.keys()
    assert {name for name, least in LEAST.items() if counts[name] < least} == set()
    assert counts.total() >= 500


def test_ids_are_unique():
    counts = Counter(entry["id"] for entry in ENTRIES)
    assert [name for name, count in counts.items() if count > 1] == []


def test_an_entry_is_well_formed(each):
    @each
    def check(entry):
        assert list(entry) == KEYS
        assert re.fullmatch(rf"{entry['class']}(-[a-z0-9]+)+", entry["id"])
        assert entry["origin"] in {"run", "written"}
        assert len(entry["source"]) > 3
        assert 0 < len(entry["text"].strip()) <= len(entry["text"]) <= 6_000
        if entry["class"] == "header":
            assert entry["kind"] == "header"
            assert entry["content_type"] == ""
            assert re.fullmatch(r"[A-Za-z0-9-]+: [^\r\n]+", entry["text"])
            assert 100 <= entry["status"] <= 599
        else:
            assert entry["kind"] == "body"
            assert re.match(r"[a-z]+/[a-z0-9.+-]+", entry["content_type"])
            assert 200 <= entry["status"] <= 599


def test_only_an_error_has_the_status_of_one(each):
    @each
    def check(entry):
        if entry["class"] in {"success", "prose"}:
            assert entry["status"] < 400


def test_a_body_is_what_its_type_says(each):
    @each
    def check(entry):
        content_type = entry["content_type"].partition(";")[0]
        if content_type.endswith(("/json", "+json")):
            json.loads(entry["text"])
        elif content_type == "application/x-ndjson":
            assert all(map(json.loads, entry["text"].splitlines()))
        elif content_type.endswith(("/xml", "+xml")):
            ET.fromstring(entry["text"])


def test_no_two_entries_say_the_same():
    shingles = {entry["id"]: _shingles(entry["text"]) for entry in ENTRIES}
    counts = Counter(shingle for own in shingles.values() for shingle in own)
    rare = {
        name: {shingle for shingle in own if counts[shingle] <= SHARED} or own
        for name, own in shingles.items()
    }
    alike = {
        (one, other): round(len(first & second) / len(first | second), 2)
        for (one, first), (other, second) in combinations(rare.items(), 2)
        if len(first & second) > ALIKE * len(first | second)
    }
    assert alike == {}


def _shingles(text):
    text = re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), text)
    words = re.findall(r"\w+", re.sub(r"\d+", "", text).casefold())
    return set(zip(words, words[1:], words[2:], strict=False)) or {tuple(words)}
