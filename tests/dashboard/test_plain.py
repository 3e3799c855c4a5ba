"""Pages as Markdown and as text."""

from __future__ import annotations

import pytest

from tightlip.dashboard import plain
from tightlip.dashboard.report import arrange
from tightlip.incidents.incident import Incident


def test_a_cell_cannot_end_its_row():
    text = plain.table(["a", "b"], [["x | y", "1\n| z"]])
    assert text.splitlines() == ["| a | b |", "| --- | --- |", r"| x \| y | 1\\n\| z |"]


def test_rows_of_text_stay_rows():
    assert plain.columns([["a\nb", 1], ["", 2]]) == "a\\nb  1\n  2\n"


@pytest.mark.parametrize("words", ["```\n# forged", "````", "a\n``````\nb"])
def test_words_cannot_leave_their_block(words):
    incident = Incident(
        {
            "reference": "AAAAAAAAAAAA",
            "fingerprint": "v1:0",
            "severity_number": 17,
            "exceptions": [
                {"relation": "raised", "exception.type": "E", "exception.message": words}
            ],
        }
    )
    lines = plain.markdown(arrange(incident)).splitlines()
    (begin,) = (number for number, line in enumerate(lines) if line == "## Raised: E")
    fence = lines[begin + 2]
    assert set(fence) == {"`"}
    end = lines.index(fence, begin + 3)
    assert "\n".join(lines[begin + 3 : end]) == words
    assert fence not in words
