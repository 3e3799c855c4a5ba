from __future__ import annotations

import asyncio
import ssl

import pytest

from tightlip.failure import NetworkFailure, NetworkKind


@pytest.fixture(params=["httpx", "httpx2"])
def httpx(request):
    """Either library: the second has taken over the first one's classes."""
    return pytest.importorskip(request.param, reason=f"{request.param} is not installed")


@pytest.fixture
def client(httpx):
    # No proxy of the environment stands in between.
    with httpx.Client(timeout=5, trust_env=False) as client:
        yield client


BAD_ANSWER = NetworkFailure(NetworkKind.BAD_ANSWER)
TIMEOUT = NetworkFailure(NetworkKind.TIMEOUT)
UNREACHABLE = NetworkFailure(NetworkKind.UNREACHABLE)


def test_a_closed_port_is_unreachable(httpx, facts, client, nobody):
    with pytest.raises(httpx.ConnectError) as raised:
        client.get(nobody)
    assert facts(raised.value) == UNREACHABLE


def test_an_unknown_host_is_unreachable(httpx, facts, client):
    with pytest.raises(httpx.ConnectError) as raised:
        client.get("http://nowhere.invalid/")
    assert facts(raised.value) == UNREACHABLE


def test_the_asynchronous_client_tells_the_same(httpx, facts, nobody):
    async def get() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(nobody)

    with pytest.raises(httpx.ConnectError) as raised:
        asyncio.run(get())
    assert facts(raised.value) == UNREACHABLE


def test_a_service_without_tls_is_unreachable_by_tls(httpx, facts, upstream):
    url = upstream("no HTTP").replace("http:", "https:")
    with (
        httpx.Client(verify=ssl.create_default_context(), trust_env=False) as client,
        pytest.raises(httpx.ConnectError) as raised,
    ):
        client.get(url)
    assert facts(raised.value) == UNREACHABLE


def test_a_silent_service_is_a_timeout(httpx, facts, client, upstream):
    url = upstream("silent")
    with pytest.raises(httpx.ReadTimeout) as raised:
        client.get(url, timeout=0.02)
    assert facts(raised.value) == TIMEOUT


def test_a_pool_without_a_free_connection_is_unreachable(httpx, facts, upstream):
    url = upstream("silent")
    limits = httpx.Limits(max_connections=1)
    timeout = httpx.Timeout(5, pool=0.02)

    async def get() -> None:
        async with httpx.AsyncClient(limits=limits, timeout=timeout, trust_env=False) as client:
            first = asyncio.create_task(client.get(url))
            await asyncio.sleep(0)
            try:
                await client.get(url)
            finally:
                first.cancel()
                await asyncio.wait([first])

    with pytest.raises(httpx.PoolTimeout) as raised:
        asyncio.run(get())
    assert facts(raised.value) == UNREACHABLE


@pytest.mark.parametrize("behaviour", ["no HTTP", "hanging up", "cut short", "badly packed"])
def test_an_answer_that_cannot_be_read_is_a_bad_answer(httpx, facts, client, upstream, behaviour):
    url = upstream(behaviour)
    with pytest.raises(httpx.HTTPError) as raised:
        client.get(url)
    assert facts(raised.value) == BAD_ANSWER


def test_an_error_of_the_service_is_a_bad_answer(httpx, facts, client, upstream):
    answer = client.get(upstream("failing"))
    with pytest.raises(httpx.HTTPStatusError) as raised:
        answer.raise_for_status()
    assert facts(raised.value) == BAD_ANSWER


def test_endless_redirection_is_a_bad_answer(httpx, facts, client, upstream):
    url = upstream("redirecting")
    with pytest.raises(httpx.TooManyRedirects) as raised:
        client.get(url, follow_redirects=True)
    assert facts(raised.value) == BAD_ANSWER


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "/relative", "http://h:port/"])
def test_a_mistake_of_the_caller_is_no_failure_of_the_network(httpx, facts, client, url):
    with pytest.raises(Exception) as raised:
        client.get(url)
    assert type(raised.value).__module__.partition(".")[0] == httpx.__name__
    assert facts(raised.value) is None
