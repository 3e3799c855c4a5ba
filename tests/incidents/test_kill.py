"""Processes in a storm are killed: what they acknowledged is there, and there once."""

from __future__ import annotations

import os
import subprocess
import sys

from tightlip.incidents.drainer import drain, open_store

STORM = """
import os, sys
from tightlip.exchange import Request
from tightlip.incidents.archive import archive_at
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import new_reference

def fail(number):
    {}[number]

acknowledged = int(sys.argv[2])
recorder = Recorder([], archive=archive_at(PrivateDirectory(sys.argv[1])))
request = Request("GET", "/orders", route="/orders/{order_id}")
for number in range(10**9):
    reference = new_reference()
    try:
        fail(number)
    except KeyError as error:
        # Now and then a fault that was never seen before, whose report is kept in full.
        fault = f"fault {number // 7}" if not number % 7 else None
        kept = recorder.record(
            Occurrence(reference, request, error, 500, "X", b"{}", fingerprint=fault)
        )
    if kept:
        os.write(acknowledged, reference.encode())
"""


def killed_in_a_storm(directory, at_least):
    """Let four processes record until there is enough, kill them; return what they acknowledged."""
    reader, writer = os.pipe()
    command = [sys.executable, "-c", STORM, str(directory.path), str(writer)]
    processes = [subprocess.Popen(command, pass_fds=[writer]) for _ in range(4)]
    os.close(writer)
    acknowledged = b""
    while len(acknowledged) < 12 * at_least:
        acknowledged += os.read(reader, 1 << 16)
    for process in processes:
        process.kill()
        assert process.wait() == -9
    while piece := os.read(reader, 1 << 16):
        acknowledged += piece
    os.close(reader)
    return [acknowledged[at : at + 12].decode() for at in range(0, len(acknowledged), 12)]


def test_what_killed_processes_acknowledged_is_found_and_nothing_is_there_twice(directory):
    acknowledged = []
    for _ in range(2):
        acknowledged += killed_in_a_storm(directory, 1500)
    assert len(set(acknowledged)) == len(acknowledged)
    with open_store(directory, print) as store:
        assert drain(directory, store).damages == 0
        kept = {incident.reference for incident in store.newest()}
        assert set(acknowledged) <= kept
        assert store.count() == store.kept().incidents == len(kept)
        # At most one of each process was kept, and killed before it was acknowledged.
        assert len(kept) <= len(acknowledged) + 8
        for reference in acknowledged[::100]:
            found = store.find(reference)
            assert found["http.route"] == "/orders/{order_id}"
            assert "exceptions" in found or "nearest_report" in found
        assert store.database.is_sound()
    assert list(directory.spools.iterdir()) == []
