from __future__ import annotations

import http.client
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tightlip.failure import NetworkFailure, NetworkKind


@pytest.mark.parametrize("behaviour", ["no HTTP", "hanging up", "cut short"])
def test_an_answer_that_cannot_be_read_is_a_bad_answer(facts, upstream, behaviour):
    connection = http.client.HTTPConnection(urlsplit(upstream(behaviour)).netloc, timeout=5)
    connection.request("GET", "/")
    with closing(connection), pytest.raises(http.client.HTTPException) as raised:
        connection.getresponse().read()
    assert facts(raised.value) == NetworkFailure(NetworkKind.BAD_ANSWER)


def test_a_connection_that_is_used_out_of_turn_is_a_mistake_of_the_caller(facts):
    connection = http.client.HTTPConnection("127.0.0.1")
    with pytest.raises(http.client.ResponseNotReady) as raised:
        connection.getresponse()
    assert facts(raised.value) is None
