"""The tests on every supported Python that is present: `make test-all`."""

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

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = True


@nox.session(python=PRESENT)
def tests(session: nox.Session) -> None:
    """Run all tests; arguments after `--` go to pytest."""
    lock = "requirements/lock.txt"
    session.install(
        "--constraint", lock, "--build-constraint", lock, "--editable", ".[all]", "--group", "test"
    )
    session.run("pytest", *session.posargs)
