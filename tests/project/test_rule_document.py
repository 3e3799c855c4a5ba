"""The document of the rules shows a file that stands, and names every key and choice."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from tightlip.detection.rule import Context, Rule, Severity
from tightlip.detection.rule_checks import check_files
from tightlip.findings.finding import Category

DOCUMENT = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")


def test_the_file_in_the_document_passes_its_own_examples(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)
    file = tmp_path / "leaks.toml"
    file.write_text(text, encoding="utf-8")
    tested = check_files([file])
    assert tested.rules == 1
    assert tested.failures == ()


def test_the_document_has_every_key_of_a_rule_and_every_choice():
    keys = re.findall(r"^\| `(\w+)` \|", DOCUMENT, re.MULTILINE)
    assert sorted(keys) == sorted(field.name for field in fields(Rule))
    for choice in (*Category, *Context, *Severity):
        assert f"`{choice.value}`" in DOCUMENT
