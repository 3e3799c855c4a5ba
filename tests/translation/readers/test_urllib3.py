from __future__ import annotations

import pytest
import urllib3

from tightlip.failure import NetworkFailure, NetworkKind

BAD_ANSWER = NetworkFailure(NetworkKind.BAD_ANSWER)
TIMEOUT = NetworkFailure(NetworkKind.TIMEOUT)
UNREACHABLE = NetworkFailure(NetworkKind.UNREACHABLE)


@pytest.fixture(params=[False, 0], ids=["without attempts", "after the last attempt"])
def retries(request):
    return request.param


@pytest.fixture
def pool():
    with urllib3.PoolManager() as pool:
        yield pool


def test_a_closed_port_is_unreachable(facts, pool, nobody, retries):
    with pytest.raises(urllib3.exceptions.HTTPError) as raised:
        pool.request("GET", nobody, retries=retries)
    assert facts(raised.value) == UNREACHABLE


def test_an_unknown_host_is_unreachable(facts, pool, retries):
    with pytest.raises(urllib3.exceptions.HTTPError) as raised:
        pool.request("GET", "http://nowhere.invalid/", retries=retries)
    assert facts(raised.value) == UNREACHABLE


def test_a_service_without_tls_is_unreachable_by_tls(facts, pool, upstream, retries):
    url = upstream("no HTTP").replace("http:", "https:")
    with pytest.raises(urllib3.exceptions.HTTPError) as raised:
        pool.request("GET", url, retries=retries)
    assert facts(raised.value) == UNREACHABLE


def test_a_silent_service_is_a_timeout(facts, pool, upstream, retries):
    url = upstream("silent")
    with pytest.raises(urllib3.exceptions.HTTPError) as raised:
        pool.request("GET", url, timeout=0.02, retries=retries)
    assert facts(raised.value) == TIMEOUT


@pytest.mark.parametrize("behaviour", ["no HTTP", "hanging up", "cut short", "badly packed"])
def test_an_answer_that_cannot_be_read_is_a_bad_answer(facts, pool, upstream, behaviour, retries):
    url = upstream(behaviour)
    with pytest.raises(urllib3.exceptions.HTTPError) as raised:
        pool.request("GET", url, retries=retries)
    assert facts(raised.value) == BAD_ANSWER


def test_endless_redirection_is_a_bad_answer(facts, pool, upstream):
    url = upstream("redirecting")
    with pytest.raises(urllib3.exceptions.MaxRetryError) as raised:
        pool.request("GET", url, retries=2)
    assert facts(raised.value) == BAD_ANSWER


def test_errors_of_the_service_after_all_attempts_are_a_bad_answer(facts, pool, upstream):
    url = upstream("failing")
    with pytest.raises(urllib3.exceptions.MaxRetryError) as raised:
        pool.request("GET", url, retries=urllib3.Retry(1, status_forcelist=[500]))
    assert facts(raised.value) == BAD_ANSWER


def test_an_empty_pool_is_unreachable(facts):
    with urllib3.HTTPConnectionPool("127.0.0.1", maxsize=1, block=True) as pool:
        pool._get_conn()
        with pytest.raises(urllib3.exceptions.EmptyPoolError) as raised:
            pool._get_conn(timeout=0.02)
    assert facts(raised.value) == UNREACHABLE


@pytest.mark.parametrize("url", ["gopher://127.0.0.1/", "http://[/"])
def test_a_mistake_of_the_caller_is_no_failure_of_the_network(facts, pool, url):
    with pytest.raises(urllib3.exceptions.HTTPError) as raised:
        pool.request("GET", url)
    assert facts(raised.value) is None
