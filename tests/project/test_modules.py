from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tightlip

PACKAGE = Path(tightlip.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
IDS = [str(path.relative_to(PACKAGE)) for path in MODULES]

LONGEST = 450
NAMES_THAT_SAY_NOTHING = {"base", "common", "core", "helper", "helpers", "manager", "misc", "utils"}


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_a_module_says_in_one_sentence_what_it_is(path):
    sentence = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert sentence, "give it a docstring"
    assert sentence.partition("\n")[0].endswith((".", "?"))


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_a_module_is_short_enough_to_read(path):
    count = len(path.read_text(encoding="utf-8").splitlines())
    assert count <= LONGEST, "find the second concept in it, and give that a module"


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_a_module_is_named_after_what_it_defines(path):
    assert not NAMES_THAT_SAY_NOTHING & {path.stem.strip("_"), path.parent.name}


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_annotations_are_not_evaluated(path):
    statements = ast.parse(path.read_text(encoding="utf-8")).body
    first = [node for node in statements if isinstance(node, ast.ImportFrom)][:1]
    assert len(statements) == 1 or any(node.module == "__future__" for node in first)
