from __future__ import annotations

import logging
import logging.handlers
import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from tightlip.incidents.promptness import handed_over

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the room")

LINE = 8000


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "w") as writer:
        yield reader, writer


@pytest.fixture
def connection():
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("w") as writer:
        yield ours, writer


def is_handed_over(*handlers, length=LINE):
    calls = []
    told = handed_over(handlers, length, lambda: calls.append(1))
    assert calls == [1] * told
    for handler in handlers:
        assert handler.lock is None or is_free(handler.lock)
    return told


def is_free(lock):
    """Ask from another thread: in its own, such a lock is always free."""
    found = []

    def look():
        found.append(lock.acquire(blocking=False))
        if found == [True]:
            lock.release()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found[0]


def test_a_file_takes_a_line_at_once(tmp_path):
    name = str(tmp_path / "log")
    for kind in (
        logging.FileHandler,
        logging.handlers.RotatingFileHandler,
        logging.handlers.TimedRotatingFileHandler,
        logging.handlers.WatchedFileHandler,
    ):
        handler = kind(name)
        assert is_handed_over(handler, length=1 << 30)
        handler.close()


def test_nothing_takes_a_line_at_once():
    assert is_handed_over()
    assert is_handed_over(logging.NullHandler())
    with Path(os.devnull).open("w") as stream:
        assert is_handed_over(logging.StreamHandler(stream), length=1 << 30)


def test_a_pipe_takes_a_line_as_long_as_it_has_room(pipe):
    reader, writer = pipe
    handler = logging.StreamHandler(writer)
    taken = 0
    while is_handed_over(handler):
        os.write(writer.fileno(), bytes(LINE))  # blocks for good, if it was no true
        taken += LINE
    assert 0 < taken < 1 << 16
    assert not is_handed_over(handler, length=1)
    os.read(reader.fileno(), 1 << 16)
    assert is_handed_over(handler)
    assert not is_handed_over(handler, length=1 << 15)


def test_a_socket_takes_a_line_as_long_as_it_has_room(connection):
    ours, writer = connection
    handler = logging.StreamHandler(writer)
    for _ in range(1000):
        if not is_handed_over(handler):
            break
        assert ours.send(bytes(LINE)) == LINE
    else:
        pytest.fail("it never has enough")
    ours.setblocking(False)
    assert ours.send(bytes(LINE)) == LINE, "there was no room for one more"


def test_of_other_handlers_nothing_is_known(pipe):
    class Own(logging.StreamHandler):
        pass

    assert not is_handed_over(Own(pipe[1]))
    assert not is_handed_over(logging.NullHandler(), Own(pipe[1]))
    assert not is_handed_over(logging.StreamHandler(None.__class__))


def test_a_handler_that_somebody_uses_may_make_others_wait(pipe):
    handler = logging.StreamHandler(pipe[1])
    goes_on, holds = threading.Event(), threading.Event()

    def use():
        with handler.lock:
            holds.set()
            goes_on.wait(10)

    user = threading.Thread(target=use)
    user.start()
    holds.wait(10)
    assert not handed_over([handler], LINE, lambda: pytest.fail("it had to wait"))
    goes_on.set()
    user.join()
    assert is_handed_over(handler)


def test_what_is_raised_leaves_no_lock_behind(pipe):
    handler = logging.StreamHandler(pipe[1])
    with pytest.raises(KeyError):
        handed_over([handler], LINE, lambda: {}["x"])
    assert is_free(handler.lock)
