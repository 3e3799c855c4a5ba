"""Fixtures for the adapters: the Django project, whose settings are the process's."""

from __future__ import annotations

import importlib.util
import logging
import sys
from pathlib import Path

import pytest

from tightlip.responder import responder


@pytest.fixture(scope="session")
def django_project():
    """Return the module of the project in `django_project.py`."""
    if "django_project" not in sys.modules:
        place = Path(__file__).with_name("django_project.py")
        specification = importlib.util.spec_from_file_location("django_project", place)
        module = importlib.util.module_from_spec(specification)
        sys.modules["django_project"] = module
        specification.loader.exec_module(module)
    logging.getLogger("django").setLevel(logging.CRITICAL + 1)  # what it logs is not the matter
    return sys.modules["django_project"]


@pytest.fixture
def heard(monkeypatch):
    """Return what is still heard: what was begun for a request, and not closed."""
    open_hearings = []

    class Counted(responder.Hearing):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            open_hearings.append(self)

        def close(self):
            super().close()
            if self in open_hearings:
                open_hearings.remove(self)

    monkeypatch.setattr(responder, "Hearing", Counted)
    return open_hearings
