from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import tightlip


def names_for_the_type_checker() -> dict[str, str]:
    """Each name that `tightlip` imports for type checkers, with the module that it is from."""
    tree = ast.parse(Path(tightlip.__file__).read_text(encoding="utf-8"))
    (block,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    return {
        alias.asname or alias.name: statement.module
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def test_the_public_names_are_sorted_and_each_stands_once():
    assert tightlip.__all__ == sorted(set(tightlip.__all__))


@pytest.mark.parametrize("name", tightlip.__all__)
def test_a_public_name_is_what_the_type_checker_sees(name):
    home = import_module(names_for_the_type_checker()[name])
    assert getattr(tightlip, name) is getattr(home, name)


def test_the_type_checker_sees_no_other_names():
    assert sorted(names_for_the_type_checker()) == tightlip.__all__


def test_nothing_else_is_exported():
    names: dict[str, object] = {}
    exec("from tightlip import *", names)
    assert sorted(names.keys() - {"__builtins__"}) == tightlip.__all__
    assert set(tightlip.__all__) <= set(dir(tightlip))


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        tightlip.nope  # noqa: B018 - asking for it is the test


def test_the_name_of_the_function_is_not_taken_by_a_module():
    program = (
        "import pkgutil, tightlip\n"
        "for module in pkgutil.iter_modules(tightlip.__path__):\n"
        "    assert module.name not in tightlip.__all__, module.name\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
