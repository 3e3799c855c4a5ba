"""Where the demo keeps its SQLite database, and what becomes of one that a killed demo left."""

from __future__ import annotations

import subprocess
import sys
import tempfile

import pytest

from tightlip.demo.database import open_database

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="flock(2) is POSIX's")

KILLED = """
import os, signal
from tightlip.demo.database import open_database

with open_database(None):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_what_a_killed_demo_left_is_removed_by_the_next(temporary):
    subprocess.run([sys.executable, "-c", KILLED], check=False, timeout=60)
    (left,) = temporary.iterdir()
    with open_database(None):
        assert not left.exists()
    assert list(temporary.iterdir()) == []


def test_the_database_of_a_demo_that_runs_stays(temporary):
    with open_database(None) as first:
        with open_database(None):
            assert len(list(temporary.iterdir())) == 2
        with first.open_session() as session:
            assert session.connection().exec_driver_sql("SELECT 1 FROM accounts").first()


def test_what_only_has_the_name_stays(temporary):
    (temporary / "tightlip-demo-empty").mkdir()
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "shop.sqlite3").touch()
    (temporary / "tightlip-demo-link").symlink_to(elsewhere)
    with open_database(None):
        pass
    assert sorted(each.name for each in temporary.iterdir()) == [
        "elsewhere",
        "tightlip-demo-empty",
        "tightlip-demo-link",
    ]
    assert (elsewhere / "shop.sqlite3").exists()
