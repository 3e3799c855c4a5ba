from __future__ import annotations

import asyncio
import errno
import os
import socket

import pytest

from tightlip.failure import NetworkFailure, NetworkKind

TIMEOUT = NetworkFailure(NetworkKind.TIMEOUT)
UNREACHABLE = NetworkFailure(NetworkKind.UNREACHABLE)


async def forever() -> None:
    async with asyncio.timeout(0.01):
        await asyncio.sleep(3600)


def test_a_timeout_of_asyncio_is_a_timeout(facts):
    with pytest.raises(TimeoutError) as raised:
        asyncio.run(forever())
    assert facts(raised.value) == TIMEOUT


def test_a_timeout_of_a_socket_is_a_timeout(facts):
    left, right = socket.socketpair()
    with left, right:
        left.settimeout(0.01)
        with pytest.raises(TimeoutError) as raised:
            left.recv(1)
    assert facts(raised.value) == TIMEOUT


def test_a_closed_port_is_unreachable(facts, closed_port):
    with pytest.raises(ConnectionRefusedError) as raised:
        socket.create_connection(("127.0.0.1", closed_port))
    assert facts(raised.value) == UNREACHABLE


@pytest.mark.parametrize(
    "cls",
    [ConnectionError, ConnectionResetError, ConnectionAbortedError, BrokenPipeError],
)
def test_a_connection_that_broke_is_unreachable(facts, cls):
    assert facts(cls()) == UNREACHABLE


@pytest.mark.parametrize("error", [errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN])
def test_a_network_that_is_unreachable_is_told_by_its_number(facts, error):
    assert facts(OSError(error, os.strerror(error))) == UNREACHABLE


def test_several_addresses_that_all_refuse_are_unreachable(facts, closed_port):
    async def connect() -> None:
        loop = asyncio.get_running_loop()

        async def two(*_: object, **__: object) -> list[object]:
            kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
            return [(*kind, (host, closed_port)) for host in ("127.0.0.1", "127.0.0.2")]

        loop.getaddrinfo = two
        await loop.create_connection(asyncio.Protocol, "service.example", closed_port)

    with pytest.raises(OSError) as raised:
        asyncio.run(connect())
    assert raised.value.errno is None
    assert facts(raised.value) == UNREACHABLE


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Multiple exceptions: [Errno 110] Timed out, [Errno 110] Timed out", TIMEOUT),
        ("Multiple exceptions: [Errno 110] Timed out, [Errno 111] Refused", UNREACHABLE),
        ("Multiple exceptions: [Errno 2] No such file", None),
        ("Multiple exceptions: no number", None),
        ("[Errno 111] Refused", None),
        ("", None),
    ],
)
def test_several_failures_in_a_text_are_read_by_their_numbers(facts, message, expected):
    assert facts(OSError(message)) == expected


@pytest.mark.parametrize(
    "exception",
    [
        FileNotFoundError(errno.ENOENT, "x"),
        PermissionError(errno.EACCES, "x"),
        OSError(errno.ENOSPC, "x"),
        OSError(),
        ValueError("x"),
        KeyError("x"),
        ExceptionGroup("x", [TimeoutError()]),
    ],
)
def test_what_says_nothing_of_a_network_is_not_read(facts, exception):
    assert facts(exception) is None
