from __future__ import annotations

import importlib.metadata

import pytest

from tightlip import plugins


@pytest.fixture(autouse=True)
def unknown():
    """What other tests have looked for is forgotten, and so is what these have."""
    cached = (plugins.find, plugins._installed)
    for each in cached:
        each.cache_clear()
    yield
    for each in cached:
        each.cache_clear()


def test_the_files_of_installed_packages_are_read_once(monkeypatch):
    read = []
    entry_points = importlib.metadata.entry_points

    def counted(**parameters):
        read.append(parameters)
        return entry_points(**parameters)

    monkeypatch.setattr(importlib.metadata, "entry_points", counted)
    assert plugins.find("adapters", "no_such_framework") is None
    assert plugins.find("adapters", "nor_this_one") is None
    assert plugins.find("translation.readers", "no_such_library") is None
    assert len(read) == 1


def test_a_failed_reading_is_tried_again(monkeypatch):
    def fails(**_):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(importlib.metadata, "entry_points", fails)
        with pytest.raises(OSError, match="Too many"):
            plugins.find("adapters", "no_such_framework")
    assert plugins.find("adapters", "no_such_framework") is None
