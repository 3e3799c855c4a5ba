"""Fuzz the targets with atheris: `python tests/fuzz/run.py [TARGET [FLAG…]]`.

Without a name, each target takes its turn of a minute. What follows a name are libFuzzer's flags, such
as `-max_total_time=600`. Inputs that reach further are kept in `.fuzz/TARGET/`, and the next run begins
with them. An input that breaks a promise is written to the working directory, and the exit code is
not 0.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))

with atheris.instrument_imports(include=["tightlip.detection", "tightlip.captures"]):
    from targets import TARGETS, WORDS

_A_MINUTE = "-max_total_time=60"


def main() -> None:
    if len(sys.argv) == 1:
        sys.exit(max([_run_apart(name) for name in TARGETS]))
    name = sys.argv[1]
    if name not in TARGETS:
        sys.exit(f"{name} is no target: choose one of {', '.join(TARGETS)}")
    kept = Path(".fuzz", name)
    kept.mkdir(parents=True, exist_ok=True)
    for number, words in enumerate(WORDS[name]):
        (kept / f"begin-{number}").write_bytes(words)
    atheris.Setup([sys.argv[0], *sys.argv[2:], str(kept)], TARGETS[name])
    atheris.Fuzz()


def _run_apart(name: str) -> int:
    """Run a target in a process of its own, which ends with its last input; return its exit code."""
    sys.stderr.write(f"{name}\n")
    return subprocess.run([sys.executable, __file__, name, _A_MINUTE], check=False).returncode


if __name__ == "__main__":
    main()
