from __future__ import annotations

import socket

import pytest

from tightlip.failure import NetworkFailure, NetworkKind


def test_a_name_that_cannot_be_resolved_is_unreachable(facts):
    with pytest.raises(socket.gaierror) as raised:
        socket.getaddrinfo("nowhere.invalid", 80)
    assert facts(raised.value) == NetworkFailure(NetworkKind.UNREACHABLE)


def test_an_address_without_a_name_is_unreachable(facts):
    assert facts(socket.herror(1, "x")) == NetworkFailure(NetworkKind.UNREACHABLE)
