from __future__ import annotations

from dataclasses import replace

import pytest

from tightlip.findings.result import Excerpt, Fault, Summary
from tightlip.findings.text import TextReport, summary_line


def test_a_result_is_a_place_a_sentence_and_a_marked_excerpt(result):
    assert TextReport().result(result) == (
        "captures/a b.txt:2:3: acme-table (database_error, high): A table of Acme.\n"
        "  é acme_users here\n"
        "    ^^^^^^^^^^\n"
    )


def test_a_result_in_a_part_names_it_and_the_exchange(inner):
    assert TextReport().result(inner).splitlines()[:2] == [
        (
            "s.har#/log/entries/3/response/content/text:2:3: "
            "acme-table (database_error, high): A table of Acme."
        ),
        "  in GET https://shop.example/ 500",
    ]


@pytest.mark.parametrize(
    ("before", "match", "marks"),
    [
        ("日本 ", "a", "       ^"),
        ("e\u0301 ", "a", "    ^"),
        ("", "日本", "  ^^^^"),
        ("ab", "", "    ^"),
    ],
    ids=["wide before", "combining before", "wide", "empty"],
)
def test_the_mark_stands_below_the_match(result, before, match, marks):
    shown = TextReport().result(replace(result, excerpt=Excerpt(before, match, "!")))
    assert shown.splitlines()[-1] == marks


def test_colours_are_closed(result):
    shown = TextReport(has_colors=True).result(result)
    assert "\x1b[1;31macme_users\x1b[0m" in shown
    for line in shown.splitlines():
        assert line.count("\x1b[0m") * 2 == line.count("\x1b[")


def test_a_path_cannot_write_to_the_terminal(result):
    shown = TextReport().result(replace(result, path="a\x1b[2J\n\u202e\udcff.txt"))
    assert shown.startswith(r"a\x1b[2J\n\u202e\udcff.txt:2:3: ")
    assert str(Fault("a\nb", "is bad", 7)) == r"a\nb:7: is bad"


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        (Summary(), "No findings; 0 files read."),
        (Summary(files=1, findings={"high": 0}), "No findings; 1 file read."),
        (
            Summary(files=3, leaking=1, findings={"critical": 1, "high": 0}),
            "1 finding in 1 file (1 critical); 3 files read.",
        ),
        (
            Summary(9, 2, 3, 1, 2, {"high": 5, "low": 1}),
            (
                "6 findings in 2 files (5 high, 1 low); 9 files read, 3 of them passed over as "
                "binary; 1 link not followed; 2 errors."
            ),
        ),
    ],
)
def test_the_summary(summary, said):
    assert summary_line(summary) == said


def test_nothing_stands_around_the_results():
    assert TextReport().begin() + TextReport().end(Summary(), []) == ""
