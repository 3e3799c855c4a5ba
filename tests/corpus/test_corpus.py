"""Is the corpus of leaks well formed, and no entry a copy of another?"""

from __future__ import annotations

import base64
import html
import json
import re
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path
from urllib.parse import unquote_plus

LEAKING = Path(__file__).parent / "leaking"
FILES = {
    path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for path in sorted(LEAKING.glob("*.jsonl"))
}
ENTRIES = [entry for entries in FILES.values() for entry in entries]

CATEGORIES = {
    "stack_trace",
    "source_path",
    "database_error",
    "library",
    "infrastructure",
    "credential",
    "debug_page",
    "server_banner",
}
ENCODINGS = {"plain", "json", "nested_json", "html", "xml", "percent", "utf16", "base64"}
KEYS = ["id", "category", "encoding", "origin", "source", "status", "content_type", "kind", "text"]

# Wording that more entries share than this is how they are dressed, not what they say.
SHARED = 4

# Two entries of which more than this share is the same say the same.
ALIKE = 0.6


def test_ids_are_unique():
    counts = Counter(entry["id"] for entry in ENTRIES)
    assert [name for name, count in counts.items() if count > 1] == []


def test_an_entry_is_well_formed(each):
    @each
    def check(entry):
        assert list(entry) == KEYS
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", entry["id"])
        assert entry["category"] in CATEGORIES
        assert entry["encoding"] in ENCODINGS
        assert entry["origin"] in {"run", "written"}
        assert entry["source"].strip()
        assert 200 <= entry["status"] <= 599
        assert 0 < len(entry["text"].strip()) <= len(entry["text"]) <= 6_000
        if entry["kind"] == "header":
            assert entry["content_type"] == ""
            assert re.fullmatch(r"[A-Za-z0-9-]+: [^\r\n]+", entry["text"])
        else:
            assert entry["kind"] == "body"
            assert re.match(r"[a-z]+/[a-z0-9.+-]+", entry["content_type"])


def test_json_is_json_and_nested_json_is_nested(each):
    @each
    def check(entry):
        whole = len(entry["text"]) < 6_000
        if (
            entry["encoding"] in {"json", "nested_json"}
            and whole
            and "json" in entry["content_type"]
        ):
            values = [json.loads(row) for row in _documents(entry)]
            if entry["encoding"] == "nested_json":
                assert any(_is_nested(value) for value in values)


def test_a_dress_can_be_seen(each):
    @each
    def check(entry):
        marks = {
            "html": r"<\w+|&\w+;",
            "xml": r"<\w+",
            "percent": r"%[0-9A-Fa-f]{2}|\w\+\w",
            "utf16": "\0",
            "base64": r"[A-Za-z0-9+/_-]{16,}",
        }
        assert re.search(marks.get(entry["encoding"], ""), entry["text"])


def test_no_two_entries_say_the_same():
    shingles = {entry["id"]: _shingles(_undressed(entry)) for entry in ENTRIES}
    counts = Counter(shingle for own in shingles.values() for shingle in own)
    owners = defaultdict(list)
    for name, own in shingles.items():
        shingles[name] = {shingle for shingle in own if counts[shingle] <= SHARED} or own
        for shingle in shingles[name]:
            owners[shingle].append(name)
    met = Counter(
        pair for names in owners.values() if len(names) <= SHARED for pair in combinations(names, 2)
    )
    alike = {
        (one, other): round(shared / len(shingles[one] | shingles[other]), 2)
        for (one, other), shared in met.items()
        if shared > ALIKE * len(shingles[one] | shingles[other])
    }
    assert alike == {}


def _documents(entry):
    return entry["text"].splitlines() if "ndjson" in entry["content_type"] else [entry["text"]]


def _is_nested(value):
    if isinstance(value, dict):
        return any(map(_is_nested, value.values()))
    if isinstance(value, list):
        return any(map(_is_nested, value))
    return isinstance(value, str) and bool(re.search(r'[\[{]\s*\\?"|\[\{|\{\}', value))


def _undressed(entry):
    text = entry["text"].replace("\0", "")
    if entry["encoding"] == "base64":
        for run in re.findall(r"[A-Za-z0-9+/]{16,}=*", text):
            text += base64.b64decode(run + "=" * (-len(run) % 4)).decode("utf-8", "replace")
    for _ in range(3):
        text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), text)
        text = re.sub(r"\\+[nrt]", " ", text).replace("\\", "")
        text = html.unescape(text)
    return unquote_plus(text) if entry["encoding"] == "percent" else text


def _shingles(text):
    words = re.findall(r"[^\W\d_]+", text)
    if len(words) < 3:
        return {tuple(words)}
    return set(zip(words, words[1:], words[2:], strict=False))
