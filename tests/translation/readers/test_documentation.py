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
    folder = Path(__file__).parent
    assert [name for name in READERS if not (folder / f"test_{name}.py").exists()] == []
