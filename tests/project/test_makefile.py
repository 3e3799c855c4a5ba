"""What `make demo` makes of its arguments, and of the end of the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What `make test` itself would hand on.
_OF_MAKE = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PORT"}


@pytest.fixture
def make_demo(tmp_path):
    """Run `make demo` with a program of the test in the demo's place."""

    def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = tmp_path / "tightlip"
        command.write_text(f"#!/bin/sh\n{program}\n")
        command.chmod(0o755)
        for mark in (".uv", ".demo"):
            (tmp_path / mark).touch()
        return subprocess.run(
            ["make", "demo", f"BIN={tmp_path}", f"PYTHON={sys.executable}", *arguments],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name not in _OF_MAKE},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("arguments", "given"), [([], "demo"), (["PORT=9000"], "demo --port 9000")]
)
def test_the_port_is_handed_on(make_demo, arguments, given):
    done = make_demo('echo "$*"', *arguments)
    assert (done.returncode, done.stdout) == (0, f"{given}\n")


def test_ctrl_c_is_no_error(make_demo):
    # A terminal sends it to the shell that make has started, too.
    done = make_demo("kill -INT $PPID; exit 130")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_demo_that_cannot_run_is_an_error(make_demo):
    done = make_demo("echo no port >&2; exit 2")
    assert done.returncode == 2
    assert done.stderr.startswith("no port\n")
