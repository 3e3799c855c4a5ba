"""How fast the drainer stores full reports, beside the digest of Bugsink for the same failures.

Both get what one process recorded: Tightlip a spool, Bugsink the events that Sentry's SDK made of
the same exceptions. Bugsink cannot be installed beside Tightlip's other peers, so it gets an
environment of its own, in a folder that is removed afterwards; its SQLite, and its defaults for one
machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import sentry_sdk
from sentry_sdk.transport import Transport

from recording import ANSWER, REQUEST, raised
from tightlip.incidents import keeping
from tightlip.incidents.archive import Archive
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import new_reference
from tightlip.incidents.storms import Measure, Storms

_MANY = 20_000
_FEW = 500
_FAULTS = 50


class _NotDraining(Archive):
    """Leaves all that is recorded in the spool."""

    def _wake(self) -> None:
        pass


class _NoStorm(Storms):
    """Has every incident kept in full."""

    def measure(self, fingerprint: str) -> Measure:
        super().measure(fingerprint)
        return Measure.REPORT


class _Kept(Transport):
    """Keeps the events instead of sending them."""

    def __init__(self, options: object = None) -> None:
        super().__init__(options)
        self.events: list[object] = []

    def capture_envelope(self, envelope: object) -> None:
        event = envelope.get_event()
        if event is not None:
            self.events.append(event)


def seconds_of_tightlip(path: Path) -> tuple[float, float]:
    """Return how long the drainer took for a spool of full reports, and the processor's time."""
    directory = PrivateDirectory(path)
    with mock.patch.object(keeping, "Storms", _NoStorm):
        recorder = Recorder([], archive=_NotDraining(directory))
    for number in range(_MANY):
        fault = f"bench-{number % _FAULTS}"
        recorder.record(
            Occurrence(
                new_reference(), REQUEST, raised(number), 500, "INTERNAL_SERVER_ERROR", ANSWER,
                fingerprint=fault,
            )
        )  # fmt: skip
    with open_store(directory, print) as store:
        begun, worked = time.perf_counter(), time.thread_time()
        drained = drain(directory, store)
        seconds, work = time.perf_counter() - begun, time.thread_time() - worked
        kept = store.kept()
    if drained.incidents != _MANY or kept.reports != _MANY:
        raise SystemExit(f"of {_MANY} reports {kept.reports} were kept")
    return seconds, work


def seconds_of_bugsink(path: Path) -> float:
    """Return the seconds that Bugsink took for the same failures as events of Sentry's."""
    transport = _Kept()
    sentry_sdk.init(
        "http://key@127.0.0.1:9/1", transport=transport, auto_enabling_integrations=False
    )
    for number in range(_FEW):
        sentry_sdk.capture_exception(raised(number))
    events = path / "events.jsonl"
    events.write_text("\n".join(json.dumps(event, default=str) for event in transport.events))
    run([sys.executable, "-m", "venv", str(path / "environment")], path)
    programs = path / "environment" / "bin"
    run([str(programs / "pip"), "install", "--quiet", "bugsink"], path)
    run([str(programs / "bugsink-create-conf"), "--template=local"], path)
    run([str(programs / "bugsink-manage"), "migrate"], path)
    run([str(programs / "bugsink-manage"), "migrate", "snappea", "--database=snappea"], path)
    script = Path(__file__).with_name("bugsink_digest.py")
    printed = run([str(programs / "python"), str(script), str(events)], path)
    return float(printed.splitlines()[-1])


def run(command: list[str], directory: Path) -> str:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "bugsink_conf",
        "PYTHONPATH": str(directory),
    }
    done = subprocess.run(
        command, cwd=directory, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder)
        (path / "bugsink").mkdir()
        seconds, work = seconds_of_tightlip(path / "tightlip")
        ours = _MANY / seconds
        theirs = _FEW / seconds_of_bugsink(path / "bugsink")
    print("| | full reports in a second |")
    print("| --- | --- |")
    print(f"| Tightlip's drainer | {ours:.0f} |")
    print(f"| Bugsink's digest | {theirs:.0f} |")
    print(f"\nThat is {ours / theirs:.0f} times as many.")
    print(f"A report takes the drainer {work / _MANY * 1e6:.0f} µs of the processor's time.")


if __name__ == "__main__":
    main()
