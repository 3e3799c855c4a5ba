from __future__ import annotations

import pytest

from tightlip import Exemption
from tightlip.findings.finding import Category

TRACE, LIBRARY, SECRET = Category.STACK_TRACE, Category.LIBRARY, Category.CREDENTIAL


@pytest.mark.parametrize(
    ("exemption", "category", "route", "keys", "is_covered"),
    [
        (Exemption(route="/logs/{day}"), TRACE, "/logs/{day}", (), True),
        (Exemption(route="/logs/{day}"), TRACE, "/logs/today", (), False),
        (Exemption(route="/logs/{day}"), TRACE, None, (), False),
        (Exemption(categories=["stack_trace"]), TRACE, None, (), True),
        (Exemption(categories=["stack_trace"]), LIBRARY, None, (), False),
        (Exemption(fields=["trace"]), TRACE, None, ("text", "trace"), True),
        (Exemption(fields=["trace"]), TRACE, None, ("traces",), False),
        (Exemption(fields=["trace"]), TRACE, None, (), False),
        (Exemption(route="/a", categories=["library"], fields=["b"]), LIBRARY, "/a", ("b",), True),
        (Exemption(route="/a", categories=["library"], fields=["b"]), LIBRARY, "/a", ("c",), False),
        (Exemption(route="/a", categories=["library"], fields=["b"]), LIBRARY, "/b", ("b",), False),
        (Exemption(route="/a", categories=["library"], fields=["b"]), TRACE, "/a", ("b",), False),
        (Exemption(route="/a"), SECRET, "/a", (), False),
        (Exemption(fields=["b"]), SECRET, None, ("b",), False),
    ],
)
def test_it_holds_where_all_that_it_names_applies(exemption, category, route, keys, is_covered):
    assert exemption.covers(category, route, keys) is is_covered


@pytest.mark.parametrize(
    ("exemption", "name", "is_covered"),
    [
        (Exemption(fields=["X-Trace"]), "x-trace", True),
        (Exemption(fields=["x-trace"]), "X-TRACE", True),
        (Exemption(fields=["trace"]), "x-trace", False),
        (Exemption(categories=["stack_trace"]), "x-trace", True),
        (Exemption(route="/a"), "x-trace", True),
        (Exemption(route="/b"), "x-trace", False),
    ],
)
def test_a_header_field_is_known_by_its_name(exemption, name, is_covered):
    assert exemption.covers_header(TRACE, "/a", name) is is_covered


@pytest.mark.parametrize(
    ("settings", "fault", "message"),
    [
        ({}, ValueError, "names a route, categories or fields"),
        ({"categories": ["credential"]}, ValueError, "credentials are never exempt"),
        ({"categories": ["gossip"]}, ValueError, "'gossip' is no category: database_error, "),
        ({"categories": "stack_trace"}, TypeError, "categories is a tuple of texts"),
        ({"fields": "trace"}, TypeError, "fields is a tuple of texts"),
        ({"fields": [1]}, TypeError, "fields is a tuple of texts"),
        ({"route": 1}, TypeError, "route is the template of a route"),
    ],
)
def test_one_that_cannot_stand_is_refused(settings, fault, message):
    with pytest.raises(fault, match=message):
        Exemption(**settings)


@pytest.mark.parametrize(
    ("exemption", "told"),
    [
        (Exemption(route="/a"), "route /a"),
        (Exemption(categories=["library"]), "every route; categories library"),
        (Exemption(route="/a", fields=["b", "c"]), "route /a; fields b, c"),
    ],
)
def test_it_tells_what_it_names(exemption, told):
    assert str(exemption) == told
