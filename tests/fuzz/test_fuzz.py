from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.targets import TARGETS, WORDS

FOLDER = Path(__file__).parent
PIECES = sorted({word[at : at + 12] for words in WORDS.values() for word in words for at in (0, 6)})
ANYTHING = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)), max_size=20)

needs_atheris = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris is not installed"
)


def run(tmp_path, *arguments):
    return subprocess.run(
        [sys.executable, "-W", "ignore", str(FOLDER / "run.py"), *arguments],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
    )


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=50)
@given(pieces=ANYTHING)
def test_what_must_hold_for_any_bytes_holds(name, pieces):
    TARGETS[name](b"".join(pieces))


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_target_begins_with_holds(name):
    for words in WORDS[name]:
        TARGETS[name](words)
        TARGETS[name](words * 3)


@needs_atheris
@pytest.mark.parametrize("name", TARGETS)
def test_a_target_is_run_by_atheris(name, tmp_path):
    done = run(tmp_path, name, "-runs=500", "-seed=8", "-max_len=200")
    assert done.returncode == 0, done.stderr
    assert "Done 500 runs" in done.stderr
    assert {*(tmp_path / ".fuzz" / name).glob("begin-*")} != set()


@needs_atheris
def test_a_broken_promise_is_told_with_its_input(tmp_path):
    broken = (
        (FOLDER / "run.py")
        .read_text()
        .replace(
            "atheris.Setup(",
            'TARGETS[name] = lambda data: data[:1] == b"x" and 1 / 0\n    atheris.Setup(',
        )
    )
    (tmp_path / "targets.py").symlink_to(FOLDER / "targets.py")
    (tmp_path / "run.py").write_text(broken)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "run.py", "read_captures", "-runs=100000", "-seed=8"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
    )
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stdout + done.stderr
    assert list(tmp_path.glob("crash-*"))


@needs_atheris
def test_an_unknown_target_is_told_with_those_that_there_are(tmp_path):
    done = run(tmp_path, "nothing")
    assert done.returncode == 1
    assert "choose one of read_json_strings" in done.stderr
