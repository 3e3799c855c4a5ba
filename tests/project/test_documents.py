from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest

import tightlip

ROOT = Path(__file__).parents[2]
PACKAGE = Path(tightlip.__file__).parent


def rows_of(document: str, kind: str) -> list[str]:
    """The names in the first column of the tables whose first column is headed by `kind`."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    tables = re.findall(
        rf"^\| {kind} \|.*\n\|[-| :]+\n((?:\|.*\n)*)", text, re.MULTILINE | re.IGNORECASE
    )
    return [name for table in tables for name in re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)]


@pytest.mark.parametrize(
    ("document", "kind", "folder"),
    [
        ("databases.md", "reader", "translation/readers"),
        ("frameworks.md", "adapter", "adapters"),
        ("servers.md", "server", "servers"),
        ("sinks.md", "sink", "incidents/sinks"),
    ],
)
def test_every_plug_in_has_its_row_and_every_row_its_plug_in(document, kind, folder):
    files = {path.stem for path in (PACKAGE / folder).glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in (PACKAGE / folder).glob("*/__init__.py")}
    assert sorted(rows_of(document, kind)) == sorted(files | packages)


def test_the_readme_links_each_framework_to_an_example_that_is_run():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"^\| .+ \| \[example\]\(examples/(\w+)\.py\) \|", text, re.MULTILINE)
    examples = {path.stem for path in (ROOT / "examples").glob("*_application.py")}
    assert sorted(linked) == sorted(examples)
    run = (ROOT / "tests/examples/test_examples.py").read_text(encoding="utf-8")
    names = {name.removesuffix("_application") for name in linked}
    assert {name for name in names if f'"{name}' not in run} == set()
    folders = {path.stem for path in (PACKAGE / "adapters").iterdir()} - {"__init__", "__pycache__"}
    assert folders <= names


def test_the_changelog_tells_of_this_version():
    release, _, development = re.fullmatch(
        r"(\d+(?:\.\d+)*)(\.dev|\+|$)(.*)", version("tightlip")
    ).groups()
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first = re.search(r"^## \[?([\w.]+)", text, re.MULTILINE).group(1)
    assert first == ("Unreleased" if development else release)


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")))
def test_links_to_our_own_files_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_modules_that_a_document_names_exist(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    named = re.findall(r"`((?:\w+/)+\w+\.py)`", text)
    assert named
    for name in named:
        assert (PACKAGE / name).exists() or (ROOT / name).exists(), name
