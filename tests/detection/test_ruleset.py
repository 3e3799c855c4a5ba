from __future__ import annotations

import re

import pytest

from tightlip.detection.rule import Rule, RuleError
from tightlip.detection.rule_files import RulesetError
from tightlip.detection.ruleset import Ruleset, Technology, load, read
from tightlip.findings.finding import Category

RULE = {
    "id": "acme-ticket",
    "category": "infrastructure",
    "says": "A ticket of Acme.",
    "source": "Acme's handbook",
    "patterns": ["ACME-[0-9]{4}"],
    "leaks": ["see ACME-1234"],
    "clean": ["Acme ticket"],
}


def _file(path, *, technology='"Acme"', top="", **changes):
    table = {**RULE, **changes}
    lines = [f"{key} = {value!r}" for key, value in table.items() if value is not None]
    path.write_text(f"technology = {technology}\n{top}\n[[rule]]\n" + "\n".join(lines), "utf-8")
    return path


def _fault(path):
    with pytest.raises(RulesetError) as caught:
        load([path])
    return str(caught.value)


def test_a_rule_is_read_whole(tmp_path):
    technology = read(_file(tmp_path / "acme.toml"))
    assert technology.name == "Acme"
    assert technology.rules == (
        Rule(
            id="acme-ticket",
            category=Category.INFRASTRUCTURE,
            says="A ticket of Acme.",
            source="Acme's handbook",
            patterns=("ACME-[0-9]{4}",),
            leaks=("see ACME-1234",),
            clean=("Acme ticket",),
        ),
    )
    assert type(technology.rules[0].category) is Category


def test_rules_of_a_user_stand_after_the_built_in_ones(tmp_path):
    ruleset = load([_file(tmp_path / "acme.toml")])
    assert ruleset.rules[:-1] == load().rules
    assert ruleset.rules[-1].id == "acme-ticket"


def test_a_fault_names_file_rule_and_key(tmp_path):
    fault = _fault(_file(tmp_path / "acme.toml", category="gossip"))
    assert fault.startswith(f"{tmp_path / 'acme.toml'}: rule 'acme-ticket': category is 'gossip'")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weight": "high"}, "unknown key 'weight'"),
        ({"source": None}, "source is missing"),
        ({"source": "  "}, "source is empty"),
        ({"says": ""}, "says is empty"),
        ({"says": 7}, "says is 7: write one sentence"),
        ({"id": None}, "rule 1: id is missing"),
        ({"id": "Acme_Ticket"}, "id is 'Acme_Ticket'"),
        ({"id": "ticket"}, "id is 'ticket'"),
        ({"id": "other-ticket"}, "id must begin with 'acme-'"),
        ({"id": 7}, "id is 7"),
        ({"category": 7}, "category is 7"),
        ({"category": ["credential"]}, "category is ['credential']"),
        ({"patterns": []}, "patterns is empty"),
        ({"patterns": "ACME"}, "patterns is 'ACME', and no list: write a list of texts"),
        ({"patterns": [7]}, "patterns holds 7"),
        ({"patterns": ["ACME.*"]}, "patterns cannot stand"),
        ({"patterns": ["ACME", "ACME"]}, "patterns holds the same text twice"),
        ({"leaks": []}, "leaks is empty"),
        ({"leaks": [" "]}, "leaks holds ' '"),
        ({"clean": []}, "clean is empty"),
        ({"clean": None}, "clean is missing"),
        ({"check": "taste"}, "check is 'taste'"),
        ({"check": ["luhn"]}, "check is ['luhn']"),
    ],
)
def test_a_rule_that_cannot_stand_is_refused(tmp_path, changes, words):
    assert words in _fault(_file(tmp_path / "acme.toml", **changes))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("technology = ", "is no TOML"),
        ("", "technology is missing"),
        ("technology = 7", "technology is 7: name"),
        ("technology = '!'", "technology is '!'"),
        ("technology = 'Acme'\nrule = 7", "rule is no list of tables"),
        ("technology = 'Acme'", "rule is missing"),
        ("technology = 'Acme'\nrule = []", "rule is missing"),
        ("technology = 'Acme'\nrule = [7]", "rule 1: is no table"),
        ("technology = 'Acme'\nauthor = 'x'", "unknown key 'author'"),
        ("a = " + "[" * 5000, "is no TOML"),
    ],
)
def test_a_file_that_holds_no_rules_is_refused(tmp_path, content, words):
    path = tmp_path / "acme.toml"
    path.write_text(content, "utf-8")
    assert re.match(re.escape(f"{path}: ") + ".*" + re.escape(words), _fault(path), re.DOTALL)


def test_a_file_that_is_not_there_is_named(tmp_path):
    assert _fault(tmp_path / "acme.toml").startswith(f"{tmp_path / 'acme.toml'}: cannot be read")


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "acme.toml").write_bytes(b"\xff")
    assert "acme.toml: is not UTF-8 text" in _fault(tmp_path / "acme.toml")


def test_two_rules_of_one_id_are_refused_with_both_places(tmp_path):
    first, second = _file(tmp_path / "one.toml"), _file(tmp_path / "two.toml")
    with pytest.raises(RulesetError) as caught:
        load([first, second])
    assert str(first) in str(caught.value)
    assert str(second) in str(caught.value)


def test_two_rules_of_one_id_in_one_file_are_refused():
    rule = Rule(**RULE)
    with pytest.raises(RulesetError, match="'acme-ticket': id is taken"):
        Ruleset((Technology("Acme", "acme.toml", (rule, rule)),))


def test_a_rule_made_in_code_checks_itself():
    with pytest.raises(RuleError) as caught:
        Rule(**{**RULE, "patterns": ("ACME.",)})
    assert caught.value.key == "patterns"
