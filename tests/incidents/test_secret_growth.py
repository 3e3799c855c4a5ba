"""No text that a client writes keeps the search for secrets busy for long.

Each text in which a secret is planted, and so each pattern, since none is without one, makes hostile
ones: it is repeated, and what stands before its secret is followed by what a pattern may have to go
over again and again. The search runs in a process of its own, which the system ends where one of
them takes some forty times the processor's time that the slowest does.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
import tomllib
from pathlib import Path

SHORT, LONG = 36_000, 60_000  # the search takes 65,536 characters at most
NO_END = "x" * 5000  # longer than the longest secret that a pattern takes
PUMPS = ["\n", "a", "a ", "\\", '"', "'", "<a ", "a=", "a: ", "1", "\t", "(", ",", "/", "\\n "]

SECRETS = Path(__file__).with_name("secrets")


def hostile():
    """Yield hostile texts, each with what is said of it if it is the last."""
    for pump in PUMPS:
        yield pump * (LONG // len(pump)), repr(pump)
    for file in sorted(SECRETS.glob("*.toml")):
        for entry in tomllib.loads(file.read_text("utf-8")).get("planted", ()):
            text, secrets = entry.get("text"), entry.get("secrets")
            if text and secrets:
                said = f"{file.name}: {entry['name']}"
                yield text * (SHORT // len(text)), said
                before = text.partition(secrets[0])[0]
                pump = PUMPS[len(text) % len(PUMPS)]
                yield before + pump * (SHORT // len(pump)) + NO_END, f"{said}, {pump!r}"
                yield before + " " * LONG + NO_END, f"{said}, blanks"


def search():
    import resource

    from tightlip.incidents.scrubbing import scrub_text

    scrub_text("password=")  # compiles
    for text, said in hostile():
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()
        # A virtual machine may count as its own what its host has given to others meanwhile.
        most = math.ceil(time.process_time()) + 5
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
        scrub_text(text)
    sys.stdout.write("all\n")


def test_no_text_keeps_the_search_busy():
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["all"], done.stderr


if __name__ == "__main__":
    search()
