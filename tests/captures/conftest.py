"""A scanner of few rules, so that no test hangs on the words of the built-in ones."""

from __future__ import annotations

import pytest

from tightlip.captures import inspection
from tightlip.captures.inspection import Inspector, Options
from tightlip.detection.rule import Rule
from tightlip.detection.ruleset import Ruleset, Technology
from tightlip.detection.scanner import Scanner
from tightlip.findings.finding import Category

RULES = (
    Rule(
        id="acme-table",
        category=Category.DATABASE_ERROR,
        says="A table of Acme.",
        source="Acme's handbook",
        patterns=(r"\bacme_[a-z]{3,12}\b",),
        leaks=("acme_users",),
        clean=("users",),
    ),
    Rule(
        id="acme-secret",
        category=Category.CREDENTIAL,
        says="A secret of Acme.",
        source="Acme's handbook",
        patterns=(r"\bSECRET-[0-9]{4,40}",),
        leaks=("SECRET-1234",),
        clean=("secret",),
    ),
)
SCANNER = Scanner.of(Ruleset((Technology("Acme", "acme.toml", RULES),)))


@pytest.fixture
def inspector(monkeypatch) -> Inspector:
    monkeypatch.setattr(inspection, "scanner_for", lambda _: SCANNER)
    return Inspector(Options())
