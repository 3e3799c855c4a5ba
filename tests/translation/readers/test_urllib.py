from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import pytest

from tightlip.failure import NetworkFailure, NetworkKind

BAD_ANSWER = NetworkFailure(NetworkKind.BAD_ANSWER)
TIMEOUT = NetworkFailure(NetworkKind.TIMEOUT)
UNREACHABLE = NetworkFailure(NetworkKind.UNREACHABLE)


def get(url: str, **options: Any) -> None:
    # No proxy of the environment stands in between.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, **options) as answer:
        answer.read()


def test_a_closed_port_is_unreachable(facts, nobody):
    with pytest.raises(urllib.error.URLError) as raised:
        get(nobody)
    assert facts(raised.value) == UNREACHABLE


def test_an_unknown_host_is_unreachable(facts):
    with pytest.raises(urllib.error.URLError) as raised:
        get("http://nowhere.invalid/")
    assert facts(raised.value) == UNREACHABLE


def test_a_connection_that_takes_too_long_is_a_timeout(facts):
    assert facts(urllib.error.URLError(TimeoutError())) == TIMEOUT


def test_a_silent_service_is_a_timeout(facts, upstream):
    url = upstream("silent")
    with pytest.raises(TimeoutError) as raised:
        get(url, timeout=0.02)
    assert facts(raised.value) == TIMEOUT


def test_an_error_of_the_service_is_a_bad_answer(facts, upstream):
    url = upstream("failing")
    with pytest.raises(urllib.error.HTTPError) as raised:
        get(url)
    with raised.value:
        assert facts(raised.value) == BAD_ANSWER


def test_a_url_that_cannot_be_opened_is_no_failure_of_the_network(facts):
    with pytest.raises(urllib.error.URLError) as raised:
        get("gopher://127.0.0.1/")
    assert facts(raised.value) is None
