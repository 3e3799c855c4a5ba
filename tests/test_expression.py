"""A regular expression that is compiled late matches like any other."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import tightlip
from tightlip import expression as module
from tightlip.expression import expression

ROOMS = tuple(
    f"tightlip.{room}." for room in ("detection", "incidents", "translation", "responder", "wire")
)


def test_it_matches_like_a_compiled_one():
    late = expression(r"(?P<word>[a-z]+)-\d", re.IGNORECASE)
    assert late.fullmatch("ABC-1")["word"] == "ABC"
    assert late.match("abc") is None
    assert [found.start() for found in late.finditer("a-1 b-2")] == [0, 4]
    assert late.sub("x", "a-1 b-2 c") == "x x c"
    assert late.search("b-2 a-1", 1).start() == 4
    assert late.groups == 1


def test_it_matches_bytes():
    assert expression(rb"\d+").findall(b"1 22") == [b"1", b"22"]


def test_it_is_compiled_when_it_is_asked():
    late = expression("(")
    with pytest.raises(re.error):
        late.match("a")


def test_a_failed_compilation_leaves_no_trace(monkeypatch):
    late = expression("a late one")

    def fails(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(module.re, "compile", fails)
        with pytest.raises(MemoryError):
            late.match("a late one")
    assert late.match("a late one") is not None


def test_every_expression_of_the_package_compiles():
    found = 0
    for name in {name.name for name in pkgutil.walk_packages(tightlip.__path__, "tightlip.")}:
        if not name.startswith(ROOMS):
            continue
        try:
            home = importlib.import_module(name)
        except ImportError:  # a library that is not installed
            continue
        for value in vars(home).values():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, module._Expression):
                    found += 1
                    assert one.groups >= 0
    assert found > 100
