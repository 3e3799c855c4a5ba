from __future__ import annotations

import sys

import platformdirs
import pytest

from tightlip.user_directories import cache_directory, state_directory

KINDS = {
    "cache": (cache_directory, platformdirs.user_cache_path, "XDG_CACHE_HOME"),
    "state": (state_directory, platformdirs.user_state_path, "XDG_STATE_HOME"),
}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


@pytest.mark.parametrize("said", [None, "", "/said", "/said/deeper/"])
def test_it_is_where_other_programs_have_theirs(kind, monkeypatch, tmp_path, said):
    ours, theirs, variable = kind
    monkeypatch.setenv("HOME", str(tmp_path))
    if said is None:
        monkeypatch.delenv(variable, raising=False)
    else:
        monkeypatch.setenv(variable, said)
    assert ours() == theirs("tightlip", appauthor=False)


@pytest.mark.skipif(sys.platform != "linux", reason="the specification is of free desktops")
def test_a_relative_path_is_ignored(kind, monkeypatch, tmp_path):
    ours, _, variable = kind
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, "here")
    assert ours().is_relative_to(tmp_path)
