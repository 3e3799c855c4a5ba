"""A user's rules are compiled apart from the built-in ones, which stay as they are."""

from __future__ import annotations

import os

import pytest

from tightlip.detection import compilation
from tightlip.detection.compilation import compiled_rules
from tightlip.detection.engines import hyperscan
from tightlip.detection.overlap import OverlapScan
from tightlip.detection.reading import FAILING, UNKNOWN, Reading
from tightlip.detection.rule_files import RulesetError, built_in_files
from tightlip.detection.scanner import Scanner

RULE = """
[[rule]]
id = "acme-{name}"
category = "{category}"
context = "{context}"
says = "A word of Acme."
source = "Acme's handbook"
patterns = ['{pattern}']
leaks = ['leak']
clean = ['clean']
"""


def _file(path, *rules, technology="Acme"):
    text = f'technology = "{technology}"\n'
    for name, category, context, pattern in rules:
        text += RULE.format(name=name, category=category, context=context, pattern=pattern)
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def built(folder, monkeypatch):
    """How many patterns each engine has that is built; the built-in rules are few, and kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    files = [file for file in built_in_files() if file[0] in {"credentials.toml", "redis.toml"}]
    monkeypatch.setattr(compilation, "built_in_files", lambda: files)
    compiled_rules()
    numbers = []
    build = hyperscan.build

    def counted(patterns, once=0):
        numbers.append(len(patterns))
        return build(patterns, once)

    monkeypatch.setattr(hyperscan, "build", counted)
    return numbers


@pytest.fixture
def own(tmp_path):
    return _file(
        tmp_path / "own.toml",
        ("host", "infrastructure", "anywhere", "host-[0-9]"),
        ("word", "infrastructure", "failure", "word-[0-9]"),
        ("field", "infrastructure", "header", "field-[0-9]"),
        ("secret", "credential", "anywhere", "secret-[0-9]"),
    )


def _ids(scanner, text, reading=UNKNOWN):
    return {finding.rule for finding in scanner.scan(text, reading)}


def test_only_the_users_rules_are_compiled_and_they_once(own, built):
    compiled_rules([own])
    assert sorted(built) == [1, 2, 2]
    compiled_rules([own])
    assert sorted(built) == [1, 2, 2]


def test_rules_that_were_damaged_on_disk_are_compiled_again(own, built, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(compilation, "built_in_files", lambda: [("own.toml", own.read_bytes())])
    compiled_rules()
    (kept,) = (tmp_path / "tightlip").iterdir()
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.write_bytes(bytes(content))
    del built[:]
    assert _ids(Scanner(compiled_rules()), "host-1") == {"acme-host"}
    assert len(built) == 3
    assert kept.read_bytes() != bytes(content)


def test_a_change_of_the_file_is_seen(own, built):
    assert _ids(Scanner(compiled_rules([own])), "host-1 host/1") == {"acme-host"}
    own.write_text(own.read_text().replace("host-[0-9]", "host/[0-9]"))
    scanner = Scanner(compiled_rules([own]))
    assert [finding.start for finding in scanner.scan("host-1 host/1")] == [7]


def test_both_kinds_of_rules_are_found(own):
    scanner = Scanner(compiled_rules([own]))
    text = "host-1 says -WRONGTYPE Operation against a key holding the wrong kind of value"
    built_in = _ids(Scanner(compiled_rules()), text)
    assert built_in
    assert _ids(scanner, text) == {"acme-host", *built_in}


def test_words_of_the_user_count_where_the_rule_says(own):
    scanner = Scanner(compiled_rules([own]))
    text = "word-1 field-1"
    assert _ids(scanner, text) == set()
    assert _ids(scanner, text, FAILING) == {"acme-word"}
    assert _ids(scanner, f"x: {text}", Reading(kind="header")) == {"acme-word", "acme-field"}
    assert _ids(scanner, '{"error": "word-1"}') == {"acme-word"}
    assert _ids(scanner, "word-1 host-1") == {"acme-word", "acme-host"}


def test_secrets_of_the_user_are_masked_beside_those_that_are_built_in(own):
    scanner = Scanner(compiled_rules([own]))
    masked = scanner.mask("secret-1 host-1 password=hunter2")
    assert masked == "[acme-secret] host-1 [credentials-assignment]"


def test_a_stream_sees_words_of_the_user(own):
    scanner = Scanner(compiled_rules([own]))
    scan = OverlapScan(scanner.watch(Reading(kind="piece")))
    found = [*scan.feed(b"on ho"), *scan.feed(b"st-1, "), *scan.close()]
    assert [scanner.public.owned[index][1] for index in found] == ["host-[0-9]"]


def test_a_file_of_weak_words_alone_is_welcome(tmp_path):
    path = _file(tmp_path / "own.toml", ("word", "infrastructure", "failure", "word-[0-9]"))
    assert _ids(Scanner(compiled_rules([path])), "word-1", FAILING) == {"acme-word"}


def test_a_thousand_literals_more_are_found(tmp_path, built):
    path = tmp_path / "own.toml"
    _file(path, ("table", "database_error", "anywhere", "table"))
    literals = ", ".join(f"'acme_table_{number:04}_'" for number in range(1000))
    path.write_text(path.read_text().replace("['table']", f"[{literals}]"))
    scanner = Scanner(compiled_rules([path]))
    assert built == [1000]
    assert _ids(scanner, "no acme_table_0999_ here") == {"acme-table"}


@pytest.mark.parametrize("technology", ["Redis", "Acme"])
def test_an_id_that_is_taken_is_refused_with_both_places(tmp_path, technology):
    first = _file(tmp_path / "one.toml", ("host", "infrastructure", "anywhere", "host-[0-9]"))
    second = tmp_path / "two.toml"
    second.write_text(first.read_text())
    places = (str(first), str(second))
    if technology == "Redis":
        taken = "redis-error-reply"
        second.write_text(
            first.read_text().replace('"Acme"', '"Redis"').replace("acme-host", taken)
        )
        places = ("redis.toml", str(second), taken)
    with pytest.raises(RulesetError) as caught:
        compiled_rules([first, second])
    assert all(place in str(caught.value) for place in places)


def test_a_fault_in_the_users_file_is_told_before_anything_is_compiled(tmp_path, monkeypatch):
    def untouched():
        raise AssertionError

    monkeypatch.setattr(compilation, "built_in_files", untouched)
    path = tmp_path / "own.toml"
    path.write_text("technology = 7")
    with pytest.raises(RulesetError, match="technology is 7"):
        compiled_rules([path])


def test_no_next_start_is_promised_where_the_cache_cannot_be_written(monkeypatch, caplog):
    few = tuple(built_in_files())[:1]
    monkeypatch.setattr(compilation, "built_in_files", lambda: few)
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    compiled_rules()
    (said,) = caplog.messages
    assert said.startswith("Tightlip compiles its rules, which can take a minute; so does each")
    assert "XDG_CACHE_HOME" in said


def test_a_start_that_compiles_the_built_in_rules_says_so(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    compiled_rules()
    (said,) = caplog.messages
    assert said.startswith("Tightlip compiles its rules")
    caplog.clear()
    compiled_rules()
    assert caplog.messages == []
