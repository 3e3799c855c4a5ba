from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from tightlip.incidents.directory import NoDirectoryError, private_directory


def test_what_is_given_counts_before_the_environment_and_that_before_the_system(monkeypatch):
    monkeypatch.setenv("TIGHTLIP_DIRECTORY", "/said")
    assert private_directory("/given").path == Path("/given")
    assert private_directory().path == Path("/said")
    monkeypatch.setenv("TIGHTLIP_DIRECTORY", "")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert private_directory().path == platformdirs.user_state_path("tightlip", appauthor=False)
    assert private_directory().path.name == "tightlip"


def test_a_relative_path_stays_what_it_was_when_the_process_moves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    directory = private_directory("here")
    monkeypatch.chdir("/")
    assert directory.path == tmp_path / "here"
    assert directory.store.parent == directory.path


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch):
    monkeypatch.delenv("TIGHTLIP_DIRECTORY")
    monkeypatch.setattr(platformdirs, "user_state_path", lambda *a, **k: Path("~/.local/state"))
    with pytest.raises(NoDirectoryError, match="set TIGHTLIP_DIRECTORY"):
        private_directory()
