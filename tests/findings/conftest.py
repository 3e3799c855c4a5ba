"""A result to print."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tightlip.findings.finding import Category
from tightlip.findings.position import START
from tightlip.findings.result import Excerpt, Result

RESULT = Result(
    rule="acme-table",
    category=Category.DATABASE_ERROR,
    severity="high",
    says="A table of Acme.",
    path="captures/a b.txt",
    part=None,
    exchange=None,
    start=START.after("x\né ".encode()),
    end=START.after("x\né acme_users".encode()),
    enclosing=None,
    is_verbatim=True,
    excerpt=Excerpt("é ", "acme_users", " here"),
)


@pytest.fixture
def result() -> Result:
    return RESULT


@pytest.fixture
def inner() -> Result:
    """A result in a part of an archive."""
    return replace(
        RESULT,
        path="s.har",
        part="/log/entries/3/response/content/text",
        exchange="GET https://shop.example/ 500",
        enclosing=(100, 350),
        is_verbatim=False,
    )
