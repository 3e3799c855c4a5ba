"""Four processes in a storm are killed, round after round: what they acknowledged must be there.

A worker tells a reference only after the recording call has said that it is kept. After each kill
everything is drained, and every reference is looked up.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from tightlip.exchange import Request
from tightlip.incidents.archive import archive_at
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import LENGTH, new_reference

PROCESSES, ROUNDS, SECONDS = 4, 20, 1.0


def fail(number):
    return {}[number]


def storm(path: str, acknowledged: int) -> None:
    recorder = Recorder([], archive=archive_at(PrivateDirectory(path)))
    request = Request("GET", "/orders", route="/orders/{order_id}")
    number = 0
    while True:
        number += 1
        reference = new_reference()
        # One in twenty is a fault that was never seen before, and kept in full.
        fault = None if number % 20 else f"{os.getpid()}/{number}"
        try:
            fail(number)
        except KeyError as error:
            kept = recorder.record(
                Occurrence(reference, request, error, 500, "X", b"{}", fingerprint=fault)
            )
        if kept:
            os.write(acknowledged, reference.encode())


def killed(directory: PrivateDirectory) -> list[str]:
    reader, writer = os.pipe()
    command = [sys.executable, __file__, "storm", str(directory.path), str(writer)]
    processes = [subprocess.Popen(command, pass_fds=[writer]) for _ in range(PROCESSES)]
    os.close(writer)
    told = os.read(reader, 1 << 16)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        told += os.read(reader, 1 << 16)
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()
    while piece := os.read(reader, 1 << 16):
        told += piece
    os.close(reader)
    return [told[at : at + LENGTH].decode() for at in range(0, len(told), LENGTH)]


def main() -> None:
    with tempfile.TemporaryDirectory() as path:
        directory = PrivateDirectory(path)
        total = missing = 0
        slowest = 0.0
        for _ in range(ROUNDS):
            references = killed(directory)
            begun = time.perf_counter()
            with open_store(directory, print) as store:
                drain(directory, store)
                slowest = max(slowest, time.perf_counter() - begun)
                missing += sum(store.find(reference) is None for reference in references)
                total += len(references)
        with open_store(directory, print) as store:
            doubled = store.count() - store.kept().incidents
            rows = store.kept().incidents
        print(f"{ROUNDS} rounds, {PROCESSES} processes, {total} acknowledged: {missing} missing, "
              f"{doubled} doubled, {rows - total} kept but not acknowledged any more")  # fmt: skip
        print(f"All of a round was in the store {slowest:.2f} s after the kill at the latest.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["storm"]:
        storm(sys.argv[2], int(sys.argv[3]))
    else:
        main()
