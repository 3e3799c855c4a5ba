from __future__ import annotations

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from tightlip.failure import NetworkFailure, NetworkKind

BAD_ANSWER = NetworkFailure(NetworkKind.BAD_ANSWER)
TIMEOUT = NetworkFailure(NetworkKind.TIMEOUT)
UNREACHABLE = NetworkFailure(NetworkKind.UNREACHABLE)


@pytest.fixture
def session():
    with requests.Session() as session:
        session.trust_env = False  # no proxy of the environment stands in between
        yield session


def test_a_closed_port_is_unreachable(facts, session, nobody):
    with pytest.raises(requests.ConnectionError) as raised:
        session.get(nobody)
    assert facts(raised.value) == UNREACHABLE


def test_an_unknown_host_is_unreachable(facts, session):
    with pytest.raises(requests.ConnectionError) as raised:
        session.get("http://nowhere.invalid/")
    assert facts(raised.value) == UNREACHABLE


def test_a_service_without_tls_is_unreachable_by_tls(facts, session, upstream):
    url = upstream("no HTTP").replace("http:", "https:")
    with pytest.raises(requests.exceptions.SSLError) as raised:
        session.get(url)
    assert facts(raised.value) == UNREACHABLE


def test_a_silent_service_is_a_timeout(facts, session, upstream):
    url = upstream("silent")
    with pytest.raises(requests.ReadTimeout) as raised:
        session.get(url, timeout=0.02)
    assert facts(raised.value) == TIMEOUT


def test_a_connection_that_takes_too_long_is_a_timeout(facts):
    assert facts(requests.ConnectTimeout()) == TIMEOUT


def test_a_body_that_stops_coming_is_a_timeout(facts, session, upstream):
    url = upstream("stopping")
    with pytest.raises(requests.ConnectionError) as raised:
        session.get(url, timeout=0.05)
    assert facts(raised.value) == TIMEOUT


@pytest.mark.parametrize("behaviour", ["no HTTP", "hanging up", "cut short", "badly packed"])
def test_an_answer_that_cannot_be_read_is_a_bad_answer(facts, session, upstream, behaviour):
    url = upstream(behaviour)
    with pytest.raises(requests.RequestException) as raised:
        session.get(url)
    assert facts(raised.value) == BAD_ANSWER


def test_an_error_of_the_service_is_a_bad_answer(facts, session, upstream):
    answer = session.get(upstream("failing"))
    with pytest.raises(requests.HTTPError) as raised:
        answer.raise_for_status()
    assert facts(raised.value) == BAD_ANSWER


def test_errors_of_the_service_after_all_attempts_are_a_bad_answer(facts, session, upstream):
    url = upstream("failing")
    session.mount("http://", HTTPAdapter(max_retries=Retry(1, status_forcelist=[500])))
    with pytest.raises(requests.exceptions.RetryError) as raised:
        session.get(url)
    assert facts(raised.value) == BAD_ANSWER


def test_a_body_that_is_no_json_is_a_bad_answer(facts, session, upstream):
    answer = session.get(upstream("not JSON"))
    with pytest.raises(requests.JSONDecodeError) as raised:
        answer.json()
    assert facts(raised.value) == BAD_ANSWER


def test_endless_redirection_is_a_bad_answer(facts, session, upstream):
    url = upstream("redirecting")
    with pytest.raises(requests.TooManyRedirects) as raised:
        session.get(url)
    assert facts(raised.value) == BAD_ANSWER


@pytest.mark.parametrize("url", ["gopher://127.0.0.1/", "/relative", "http://"])
def test_a_mistake_of_the_caller_is_no_failure_of_the_network(facts, session, url):
    with pytest.raises(requests.RequestException) as raised:
        session.get(url)
    assert facts(raised.value) is None


def test_a_body_of_our_own_that_is_no_json_is_no_failure_of_the_network(facts, session, nobody):
    with pytest.raises(requests.exceptions.InvalidJSONError) as raised:
        session.post(nobody, json=float("nan"))
    assert facts(raised.value) is None
