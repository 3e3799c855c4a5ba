from __future__ import annotations

import json
import subprocess
import sys
import sysconfig

import pytest

# `sysconfig` keeps its data in a module that is named after the platform.
STANDARD = sys.stdlib_module_names | {sysconfig._get_sysconfigdata_name()}

# Beside the framework in use, a Shield may load what shows incidents in a terminal.
LIGHT = {"rich", "pygments", "markdown_it", "mdurl", "platformdirs"}
SCAN = {"hyperscan"}
"""The scan engine: without it nothing is read, so a Shield loads it."""


def packages_loaded_by(program: str, after: str = "") -> set[str]:
    """Run `after` and then `program` in a child; return the top-level packages new with it."""
    child = (
        f"import json, sys\n{after}\nbefore = set(sys.modules)\n{program}\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    )
    done = subprocess.run([sys.executable, "-c", child], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("program", ["import tightlip", "import tightlip; tightlip.PublicError"])
def test_importing_loads_nothing_beyond_the_standard_library(program):
    assert packages_loaded_by(program) - STANDARD == {"tightlip"}


def test_translations_load_no_driver():
    program = "import tightlip; tightlip.on_unique('key', tightlip.PublicError.__subclasses__()[0])"
    standard = "import tightlip.catalog.standard"
    assert packages_loaded_by(program, standard) - STANDARD <= {"tightlip"}


def test_a_shield_without_a_framework_loads_none():
    program = (
        "import tightlip\n"
        "async def application(scope, receive, send): ...\n"
        "tightlip.shield(application)"
    )
    assert packages_loaded_by(program) - STANDARD - LIGHT - SCAN == {"tightlip"}


def test_a_shield_around_fastapi_loads_no_driver_and_no_other_framework():
    framework = "from fastapi import FastAPI; app = FastAPI()"
    program = "import tightlip; tightlip.shield(app); app.build_middleware_stack()"
    loaded = packages_loaded_by(program, framework) - STANDARD - LIGHT - SCAN
    assert loaded <= {"tightlip", "fastapi", "starlette"}


def test_a_shield_loads_no_client_of_http():
    program = (
        "import sys, tightlip\n"
        "async def application(scope, receive, send): ...\n"
        "tightlip.shield(application)\n"
        "print('http.client' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout == "False\n"
