"""The bare twin: the shop without a shield, in a process of its own.

A shield gives all servers of its process declared words; a twin beside it would not be bare.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING

from sqlalchemy.orm import sessionmaker

from tightlip.demo.serving import StartError, serving
from tightlip.demo.shop import tokens
from tightlip.demo.shop.application import create_application

if TYPE_CHECKING:
    import socket
    from multiprocessing.connection import Connection

    from tightlip.demo.database import Source

_TIMEOUT = 60.0  # seconds to start or to end; it loads all libraries again


@contextmanager
def bare_twin(listener: socket.socket, source: Source, gateway: str) -> Iterator[None]:
    """Run the bare twin until the context is left.

    Args:
        listener: The socket that it listens on.
        source: The shop's tables.
        gateway: The address of the payment gateway.

    Raises:
        StartError: It did not start.
    """
    # A fork would inherit what this process has loaded and replaced.
    processes = multiprocessing.get_context("spawn")
    ours, theirs = processes.Pipe()
    process = processes.Process(
        target=_run, args=(theirs, listener, source, gateway, tokens.KEYS), name="bare twin"
    )
    with _no_interrupts():
        process.start()
    theirs.close()
    try:
        if not _has_started(ours):
            raise StartError("The bare twin did not start.")
        yield
    finally:
        ours.close()
        process.join(_TIMEOUT)
        process.kill()
        process.join()


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Keep Ctrl-C, which a terminal sends to both processes, from a child that starts now.

    A child inherits which signals are blocked; ours comes once they are not.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # It starts with the first child, and would end the blocking.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _has_started(twin: Connection) -> bool:
    with suppress(EOFError):
        return twin.poll(_TIMEOUT) and bool(twin.recv())
    return False


def _run(
    parent: Connection,
    listener: socket.socket,
    source: Source,
    gateway: str,
    keys: Mapping[str, bytes],
) -> None:
    """Serve until the parent closes its end, or is gone."""
    tokens.KEYS.update(keys)  # both twins know the same tokens
    # The parent sees to it that this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    engine = source.connect()
    try:
        application = create_application(sessionmaker(engine), gateway)
        with (
            serving(application, listener, banner=True),
            suppress(EOFError, ConnectionError),
        ):
            parent.send("started")
            parent.recv()
    finally:
        engine.dispose()
