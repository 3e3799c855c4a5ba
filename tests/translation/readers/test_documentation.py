from __future__ import annotations

import re
from pathlib import Path

from tightlip.translation import readers

ROOT = Path(__file__).parents[3]
READERS = {path.stem for folder in readers.__path__ for path in Path(folder).glob("*.py")} - {
    "__init__"
}


def test_every_reader_has_a_row_in_the_documentation_and_every_row_a_reader():
    page = (ROOT / "docs" / "databases.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert rows == sorted(READERS)


def test_every_reader_has_its_tests():
    """A library that has taken over another's classes is named in the tests of that one."""
    paths = list(Path(__file__).parent.glob("test_*.py"))
    named = "".join(path.read_text(encoding="utf-8") for path in paths if path != Path(__file__))
    tested = {path.stem.removeprefix("test_") for path in paths}
    assert [name for name in READERS - tested if f'"{name}"' not in named] == []
