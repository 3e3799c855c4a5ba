from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tightlip.failure import NetworkFailure, NetworkKind

aiohttp = pytest.importorskip("aiohttp", reason="aiohttp is not installed")

BAD_ANSWER = NetworkFailure(NetworkKind.BAD_ANSWER)
TIMEOUT = NetworkFailure(NetworkKind.TIMEOUT)
UNREACHABLE = NetworkFailure(NetworkKind.UNREACHABLE)


def get(url: str, **options: Any) -> None:
    timeout = aiohttp.ClientTimeout(**options)

    async def run() -> None:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, raise_for_status=True) as answer,
        ):
            await answer.json()

    asyncio.run(run())


def test_a_closed_port_is_unreachable(facts, nobody):
    with pytest.raises(aiohttp.ClientConnectorError) as raised:
        get(nobody)
    assert facts(raised.value) == UNREACHABLE


def test_an_unknown_host_is_unreachable(facts):
    with pytest.raises(aiohttp.ClientConnectorDNSError) as raised:
        get("http://nowhere.invalid/")
    assert facts(raised.value) == UNREACHABLE


def test_a_service_without_tls_is_unreachable_by_tls(facts, upstream):
    url = upstream("no HTTP").replace("http:", "https:")
    with pytest.raises(aiohttp.ClientConnectorError) as raised:
        get(url)
    assert facts(raised.value) == UNREACHABLE


@pytest.mark.parametrize("limit", ["total", "sock_read"])
def test_a_silent_service_is_a_timeout(facts, upstream, limit):
    url = upstream("silent")
    with pytest.raises(TimeoutError) as raised:
        get(url, **{limit: 0.05})
    assert facts(raised.value) == TIMEOUT


@pytest.mark.parametrize(
    "behaviour",
    ["failing", "no HTTP", "hanging up", "cut short", "badly packed", "redirecting", "not JSON"],
)
def test_an_answer_that_cannot_be_used_is_a_bad_answer(facts, upstream, behaviour):
    url = upstream(behaviour)
    with pytest.raises(aiohttp.ClientError) as raised:
        get(url)
    assert facts(raised.value) == BAD_ANSWER


def test_a_mistake_of_the_caller_is_no_failure_of_the_network(facts):
    with pytest.raises(aiohttp.InvalidURL) as raised:
        get("/relative")
    assert facts(raised.value) is None


def test_an_exception_of_the_server_side_is_not_read(facts):
    from aiohttp import web

    assert facts(web.HTTPNotFound()) is None
