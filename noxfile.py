"""The tests on every supported Python that is present, and with the oldest and newest libraries."""

from __future__ import annotations

import os
import shutil
import subprocess

import nox

SUPPORTED = ("3.11", "3.12", "3.13")


def show_pyenv() -> None:
    """Let every supported Python that pyenv holds run under its usual name, here and in nox."""
    if shutil.which("pyenv") is None or "PYENV_VERSION" in os.environ:
        return
    listed = subprocess.run(
        ["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False
    )
    held = [version for version in listed.stdout.split() if version.startswith(SUPPORTED)]
    if held:
        os.environ["PYENV_VERSION"] = ":".join(held)


def is_present(version: str) -> bool:
    """Tell whether an interpreter of `version` runs under its usual name."""
    try:
        done = subprocess.run([f"python{version}", "-c", ""], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


show_pyenv()
PRESENT = [version for version in SUPPORTED if is_present(version)]
if not PRESENT:
    names = ", ".join(f"python{version}" for version in SUPPORTED)
    raise SystemExit(f"Install at least one of {names}, and see that it is in the search path")

OUTSIDE = ("tests/adapters", "tests/contract", "tests/servers", "tests/translation/readers")
"""The tests of all that stands on frameworks, servers and drivers."""

nox.options.default_venv_backend = "uv"
nox.options.sessions = ["tests"]
nox.options.error_on_missing_interpreters = True


@nox.session(python=PRESENT)
def tests(session: nox.Session) -> None:
    """Run all tests; arguments after `--` go to pytest."""
    lock = "requirements/lock.txt"
    session.install(
        "--constraint", lock, "--build-constraint", lock, "--editable", ".[all]", "--group", "test"
    )
    session.run("pytest", *session.posargs)


@nox.session(python=PRESENT[0])
def oldest(session: nox.Session) -> None:
    """Run the tests of all that stands on libraries with the lowest versions that we take."""
    session.install(
        *("--resolution", "lowest-direct", "--build-constraint", "requirements/lock.txt"),
        *("--editable", ".[all]", "--group", "test"),
        "setuptools>=81,<82",  # Pyramid 2.0 asks it for its files, and has no bound
    )
    # What is old warns of what is new.
    session.run("pytest", "-W", "default", *(session.posargs or OUTSIDE))


@nox.session(python=PRESENT[-1])
def newest(session: nox.Session) -> None:
    """Run the same with the newest versions there are."""
    session.install("--upgrade", "--editable", ".[all]", "--group", "test")
    session.run("pytest", *(session.posargs or OUTSIDE))
