"""Which failures are one fault, and which are not: a table of pairs, each failing in real code."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

TABLE = tomllib.loads((Path(__file__).parent / "fingerprints.toml").read_text(encoding="utf-8"))


@pytest.fixture
def fingerprint(record, raised, tmp_path):
    """Let the code of an entry fail, and return the fingerprint of its failure."""
    count = 0

    def of(common: dict, side: dict) -> str:
        nonlocal count
        count += 1
        entry = {**common, **side}
        directory = tmp_path / str(count) / entry.get("directory", "app")
        directory.mkdir(parents=True)
        source = entry["source"]
        for old, new in entry.get("replace", ()):
            assert old in source
            source = source.replace(old, new)
        file = directory / "shop.py"
        file.write_text(source)
        scope = {"__name__": entry.get("module", "shop")}
        for name, library in entry.get("libraries", {}).items():
            text = "def through(call):\n    return call()\n"
            around = {"__name__": library}
            exec(compile(text, f"/lib/{library}.py", "exec"), around)
            scope[name] = around["through"]
        exec(compile(source, str(file), "exec"), scope)
        call = entry.get("call", "run()")
        error = raised(lambda: eval(call, scope))
        facts = {
            name: tuple(v) if isinstance(v, list) else v
            for name, v in entry.get("facts", {}).items()
        }
        return record(error, own=str(tmp_path), facts=facts).fingerprint

    return of


@pytest.mark.parametrize("entry", TABLE["same"], ids=lambda entry: entry["name"])
def test_one_fault_has_one_fingerprint(fingerprint, entry):
    assert fingerprint(entry, entry["left"]) == fingerprint(entry, entry["right"])


@pytest.mark.parametrize("entry", TABLE["different"], ids=lambda entry: entry["name"])
def test_two_faults_have_two(fingerprint, entry):
    left = fingerprint(entry, entry["left"])
    assert left != fingerprint(entry, entry["right"])
    assert left == fingerprint(entry, entry["left"])
