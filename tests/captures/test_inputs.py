from __future__ import annotations

import gzip
import io
import json
import os
import random
import tracemalloc
from pathlib import Path

import pytest

from tightlip.captures import inputs
from tightlip.captures.inputs import Files, Manner, length_of, pieces_of, tasks_of
from tightlip.captures.outcome import Continuity, Outcome
from tightlip.captures.supply import Supply
from tightlip.captures.tasks import Window
from tightlip.detection.reading import Reading

LINES = Manner(is_lines=True)


def run(tasks, inspector) -> Outcome:
    """Do all tasks; return what came of them, in one."""
    whole = Outcome()
    continuity = Continuity()
    for task in tasks:
        if task is not None:
            whole.add(continuity.placed(task.run(inspector)))
    return whole


BODIES = Manner()


def stream(data: bytes, manner=BODIES):
    return pieces_of(Supply("-", io.BytesIO(data)), manner)


def places(outcome: Outcome) -> list[tuple]:
    return [
        (r.start.line, r.start.column, r.start.character, r.start.byte) for r in outcome.results
    ]


@pytest.fixture
def small(monkeypatch):
    """Windows so small that a short text has many."""
    monkeypatch.setattr(inputs, "LONGEST_WHOLE", 40)
    monkeypatch.setattr(inputs, "WINDOW", 30)
    monkeypatch.setattr(inputs, "AROUND", 20)


@pytest.mark.parametrize("case", range(80))
def test_windows_find_what_the_whole_finds(small, inspector, tmp_path, monkeypatch, case):
    seed, is_stored = divmod(case, 2)
    pieces = ["acme_users", "SECRET-1234", "é", "\n", " ", "x" * 9, "acme_", "\n\n", "😀", "y" * 45]
    data = "".join(random.Random(seed).choices(pieces, k=40)).encode()
    path = tmp_path / "a"
    path.write_bytes(data)
    if is_stored:
        cut = run(inputs._file(str(path), Manner(), is_stored=True), inspector)
    else:
        cut = run(stream(data), inspector)
    assert cut.files == 1
    monkeypatch.setattr(inputs, "LONGEST_WHOLE", 10_000)
    whole = run(stream(data), inspector)
    assert places(cut) == places(whole)
    assert [str(r.excerpt.match) for r in cut.results] == [
        str(r.excerpt.match) for r in whole.results
    ]
    for result in cut.results:
        words = data[result.start.byte : result.end.byte].decode()
        assert words in {"acme_users", "SECRET-1234"} or words.startswith("acme_")


def test_a_window_knows_json_that_stands_in_lines(small, inspector):
    line = b'{"a": "acme_users"}\n'
    tasks = list(stream(line * 9))
    assert all(isinstance(task, Window) for task in tasks)
    outcome = run(tasks, inspector)
    assert places(outcome) == [(n + 1, 8, n * 20 + 7, n * 20 + 7) for n in range(9)]


def test_each_window_of_a_flood_tells_its_own(inspector, monkeypatch):
    monkeypatch.setattr(inputs, "LONGEST_WHOLE", 40_000)
    monkeypatch.setattr(inputs, "WINDOW", 40_000)
    outcomes = [task.run(inspector) for task in stream(b"acme_users " * 20_000)]
    assert len(outcomes) == 6
    assert sum(len(outcome.results) for outcome in outcomes) == 20_000


def test_long_messages_are_read_in_windows_with_their_status(small, inspector, monkeypatch):
    monkeypatch.setattr(inputs.http_message, "LARGEST_MESSAGE", 60)
    head = b"HTTP/1.1 500 acme_reason\r\nA: acme_field\r\n\r\n"
    data = head + b"x " * 50 + b"\nacme_users"
    tasks = list(stream(data))
    assert {task.reading.status for task in tasks[1:]} == {500}
    outcome = run(tasks, inspector)
    assert places(outcome) == [(1, 14, 13, 13), (2, 4, 29, 29), (5, 1, 144, 144)]
    assert (outcome.files, outcome.faults) == (1, [])


def test_a_long_message_that_is_packed_is_told(small, inspector, monkeypatch):
    monkeypatch.setattr(inputs.http_message, "LARGEST_MESSAGE", 60)
    head = b"HTTP/1.1 500 Oh\r\nContent-Encoding: gzip\r\n\r\n"
    outcome = run(stream(head + os.urandom(200)), inspector)
    assert "its body was not unpacked" in str(outcome.faults[0])


def test_gzip_is_recognised_in_layers(inspector):
    data = gzip.compress(gzip.compress(b"a\nacme_users"))
    outcome = run(stream(data), inspector)
    assert [(r.start.line, r.is_verbatim) for r in outcome.results] == [(2, False)]


def test_gzip_that_is_cut_off_is_read_as_far_as_it_goes(inspector):
    outcome = run(stream(gzip.compress(b"acme_users ")[:-4]), inspector)
    assert len(outcome.results) == 1
    assert [str(fault) for fault in outcome.faults] == ["-: the gzip data are cut off"]


@pytest.mark.parametrize("charset", ["utf-16", "utf-32"])
def test_a_marked_charset_is_read_in_every_form(inspector, charset):
    text = '{"id": 1, "text": "é acme_users"}'
    body = run(stream(text.encode(charset)), inspector)
    assert [(r.start.column, r.is_verbatim) for r in body.results] == [(22, False)]
    lines = run(stream(f"{text}\n".encode(charset), LINES), inspector)
    assert json.loads(lines.answers)["findings"][0]["start"] == 2


def test_a_declared_charset_is_read_in_windows(small, inspector):
    manner = Manner(known=Reading(content_type="text/plain; charset=UTF-16-LE"))
    data = ("é" * 100 + " acme_users").encode("utf-16-le")
    outcome = run(stream(data, manner), inspector)
    assert [(r.start.column, r.is_verbatim) for r in outcome.results] == [(102, False)]


@pytest.mark.parametrize("charset", ["no-such", "rot13", "utf-8"])
def test_a_declared_charset_that_is_none_changes_nothing(inspector, charset):
    manner = Manner(known=Reading(content_type=f"text/plain; charset={charset}"))
    outcome = run(stream("é acme_users".encode(), manner), inspector)
    assert [r.start.column for r in outcome.results] == [3]


@pytest.mark.parametrize(
    "data",
    [b"\0" * 9000 + b"acme_users", b"%PDF-1.7 acme_users", b"\x7fELF\x02\0\0\0\0 acme_users"],
)
def test_what_holds_no_text_is_passed_over_in_directories_alone(inspector, tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    found = run(tasks_of([str(tmp_path)], Manner(), io.BytesIO), inspector)
    assert (found.files, found.binaries, found.results) == (1, 1, [])
    named = run(tasks_of([str(tmp_path / "a")], Manner(), io.BytesIO), inspector)
    assert (named.files, named.binaries, len(named.results)) == (1, 0, 1)


def test_small_files_are_read_in_batches_and_large_ones_in_their_place(inspector, tmp_path, small):
    for name, data in [("a", b"x"), ("b", b"x"), ("c", b"y" * 200), ("d", b"x"), ("e.gz", b"z")]:
        (tmp_path / name).write_bytes(data)
    tasks = list(tasks_of([str(tmp_path)], Manner(), io.BytesIO))
    batches = [
        [Path(path).name for path in task.paths] if isinstance(task, Files) else task.path[-1:]
        for task in tasks
    ]
    assert batches[0] == ["a", "b"]
    assert set(batches[1:-2]) == {"c"}
    assert batches[-2] == ["d"]
    assert run(tasks, inspector).files == 5


def test_a_file_that_vanishes_is_told(inspector, tmp_path):
    (tmp_path / "a").write_bytes(b"acme_users")
    (tmp_path / "b").write_bytes(b"acme_users")
    tasks = tasks_of([str(tmp_path)], Manner(), io.BytesIO)
    (task,) = tasks
    (tmp_path / "a").unlink()
    outcome = task.run(inspector)
    assert [fault.reason for fault in outcome.faults] == [
        "cannot be read: No such file or directory"
    ]
    assert len(outcome.results) == 1


def test_a_large_file_that_vanishes_is_told(inspector, tmp_path, small):
    (tmp_path / "a").write_bytes(b"acme_users " * 20)
    tasks = list(tasks_of([str(tmp_path)], Manner(), io.BytesIO))
    (tmp_path / "a").unlink()
    outcome = run(tasks, inspector)
    assert {fault.reason for fault in outcome.faults} == {
        "cannot be read: No such file or directory"
    }


def entry(text: str) -> dict:
    return {"response": {"status": 200, "content": {"text": text}}}


def archive(*texts: str) -> bytes:
    return json.dumps({"log": {"entries": [entry(text) for text in texts]}}).encode()


@pytest.mark.parametrize("is_stored", [True, False])
@pytest.mark.parametrize("batch", [1, 100, 1 << 20])
def test_entries_are_read_in_batches(inspector, monkeypatch, tmp_path, is_stored, batch):
    monkeypatch.setattr(inputs, "_BATCH", batch)
    data = archive("acme_users", "", "é", "acme_orders")
    path = tmp_path / "a.har"
    path.write_bytes(data)
    outcome = run(inputs._file(str(path), Manner(), is_stored=is_stored), inspector)
    assert outcome.files == 1
    assert [r.part for r in outcome.results] == [
        "/log/entries/0/response/content/text",
        "/log/entries/3/response/content/text",
    ]
    for result, words in zip(outcome.results, ["acme_users", "acme_orders"], strict=True):
        start, end = result.enclosing
        assert json.loads(data[start:end])["response"]["content"]["text"] == words
    assert outcome.progress == len(data)


def test_an_entry_of_a_packed_archive_has_no_bytes_in_the_file(inspector):
    outcome = run(stream(gzip.compress(archive("acme_users"))), inspector)
    assert [r.enclosing for r in outcome.results] == [None]


def test_entries_before_damage_are_read(inspector):
    packed = gzip.compress(archive(*["acme_users"] * 3, os.urandom(9000).hex()))
    outcome = run(stream(packed[:-4000]), inspector)
    assert len(outcome.results) == 3
    assert [str(fault) for fault in outcome.faults] == ["-: the gzip data are cut off"]


def test_an_archive_without_entries_is_read(inspector, tmp_path):
    outcome = run(stream(archive()), inspector)
    assert (outcome.files, outcome.faults) == (1, [])


def test_a_page_under_the_name_of_an_archive_is_told_and_read_as_a_body(inspector, tmp_path):
    path = tmp_path / "a.har"
    path.write_bytes(b"<html>acme_users")
    outcome = run(tasks_of([str(path)], Manner(), io.BytesIO), inspector)
    assert len(outcome.results) == 1
    assert [fault.reason for fault in outcome.faults] == [
        "is no whole HAR: it has no '{' at byte 0"
    ]


def test_bad_entries_are_told_by_their_number(inspector):
    data = json.dumps(
        {
            "log": {
                "entries": [
                    7,
                    entry("acme_users"),
                    {"response": {"content": {"text": "%", "encoding": "base64"}}},
                ]
            }
        }
    )
    outcome = run(stream(data.encode()), inspector)
    assert [fault.reason.partition(":")[0] for fault in outcome.faults] == [
        "/log/entries/0 is no object",
        "/log/entries/2 has a body that is no base64",
    ]
    assert len(outcome.results) == 1


def test_a_body_that_cannot_be_unpacked_is_told(inspector):
    data = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\xff"
    outcome = run(stream(data), inspector)
    assert str(outcome.faults[0]).startswith("-: body: cannot be read: ")


def test_lines_keep_their_numbers_over_pieces(inspector, monkeypatch):
    monkeypatch.setattr(inputs, "_LINES", 50)
    good = b'{"id": 1, "text": "acme_users"}\n'
    outcome = run(stream((good * 3 + b"bad\n") * 5, LINES), inspector)
    assert [fault.line for fault in outcome.faults] == [4, 8, 12, 16, 20]
    assert outcome.answers.count("\n") == 15
    assert (outcome.files, outcome.is_leaking) == (1, True)


def test_a_line_that_is_too_long_is_told_and_the_rest_goes_on(inspector, monkeypatch):
    monkeypatch.setattr(inputs, "_LINES", 50)
    monkeypatch.setattr(inputs.json_lines, "LONGEST_LINE", 100)
    good = b'{"id": 1, "text": "acme_users"}\n'
    data = good + b'{"id": 2, "text": "' + b"x" * 500 + b'"}\n' + good + b"bad\n"
    outcome = run(stream(data, LINES), inspector)
    assert [(fault.line, fault.reason.partition(":")[0]) for fault in outcome.faults] == [
        (2, "the line is longer than 0 MiB"),
        (4, "the line is no JSON"),
    ]
    assert outcome.answers.count("\n") == 2


def test_lengths_are_summed(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_bytes(b"de")
    (tmp_path / "d").symlink_to("a")
    assert length_of([str(tmp_path), str(tmp_path / "a"), "missing", "-"]) == 8


class Generated:
    """An input of many megabytes that is nowhere kept."""

    def __init__(self, megabytes: int, piece: bytes) -> None:
        self.left = megabytes
        self.piece = piece * ((1 << 20) // len(piece))
        self.first = b""

    def read(self, size: int) -> bytes:
        if self.first:
            first, self.first = self.first, b""
            return first
        self.left -= 1
        return self.piece if self.left >= 0 else b""


@pytest.mark.parametrize(
    ("first", "piece", "manner"),
    [
        (b"", b"Item not found. " * 64, Manner()),
        (b"", b"Item not found.\n" * 64, Manner()),
        (b"", b'{"id": 1, "text": "' + b"x" * 16_000 + b'"}\n', LINES),
        (
            b'{"log": {"entries": [{}',
            b',{"response": {"content": {"text": "' + b"x" * 16_000 + b'"}}}',
            Manner(),
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"Item not found.\n" * 64, Manner()),
    ],
    ids=["one line", "lines", "JSON lines", "archive", "message"],
)
def test_a_long_input_is_never_held_whole(inspector, monkeypatch, first, piece, manner):
    monkeypatch.setattr(inputs.http_message, "LARGEST_MESSAGE", 4 << 20)
    stream = Generated(48, piece)
    stream.first = first
    tracemalloc.start()
    try:
        done = 0
        for task in pieces_of(Supply("-", stream), manner):
            done += task.size
            task.run(inspector)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert done > 46 << 20
    assert stream.left < 0
    assert peak < 24 << 20


def test_entries_of_a_file_that_vanishes_are_told(inspector, tmp_path):
    path = tmp_path / "a.har"
    path.write_bytes(archive("acme_users"))
    tasks = list(inputs._file(str(path), Manner(), is_stored=True))
    path.unlink()
    outcome = run(tasks, inspector)
    assert [fault.reason for fault in outcome.faults] == [
        "cannot be read: No such file or directory"
    ]


def test_what_a_rule_finds_twice_in_one_place_is_told_once(inspector):
    # The escape is seen as it stands, and as what it means, which is longer.
    outcome = run(stream(rb'{"a": "acme_users\u0061bc"}'), inspector)
    assert len(outcome.results) == 1
