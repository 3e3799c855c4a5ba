"""The tests on every supported Python that is present: `make test-all`."""

from __future__ import annotations

import subprocess

import nox

SUPPORTED = ("3.11", "3.12", "3.13")


def is_present(version: str) -> bool:
    """Tell whether an interpreter of `version` runs under its usual name."""
    try:
        done = subprocess.run([f"python{version}", "-c", ""], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


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
