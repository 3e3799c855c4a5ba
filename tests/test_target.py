from __future__ import annotations

import sys

import pytest

from tightlip import target
from tightlip.protocols import asgi, wsgi
from tightlip.target import TargetError, choose, examine, load

SHOP = """
class Nested:
    async def application(self, scope, receive, send): ...

async def application(scope, receive, send): ...

def plain(environ, start_response): ...

def create():
    return application

class Own:
    def __call__(self, request): ...

own = Own()
nested = Nested()
number = 7
"""


@pytest.fixture(autouse=True)
def shop(tmp_path, monkeypatch):
    """A module `wares` that can be imported, and an environment that is put back."""
    for name in ("TIGHTLIP_TARGET", "TIGHTLIP_TARGET_FACTORY"):
        monkeypatch.setenv(name, "")
    (tmp_path / "wares.py").write_text(SHOP)
    (tmp_path / "torn.py").write_text("import wares_of_nobody\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("wares", None)
    target._load.cache_clear()


@pytest.mark.parametrize(
    ("name", "is_factory", "guard"),
    [
        ("wares:application", False, asgi.Guard),
        ("wares:nested.application", False, asgi.Guard),
        ("wares:create", True, asgi.Guard),
        ("wares:plain", False, wsgi.Guard),
    ],
)
def test_an_application_is_found_and_shielded(name, is_factory, guard):
    choose(name, is_factory=is_factory)
    assert isinstance(load(), guard)
    assert examine() is (guard is asgi.Guard)
    assert load() is load()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("wares:aplication", "The module 'wares' has no 'aplication'. Did you mean 'application'?"),
        ("wares:number.x", "The module 'wares' has no 'number.x'."),
        ("wares", "The module 'wares' has no 'app'."),
        (
            "wares:create()",
            "'wares:create()' is not of the form MODULE:APP, such as shop.main:app.",
        ),
        (":app", "':app' is not of the form MODULE:APP, such as shop.main:app."),
        ("shop/wares.py", "'shop/wares.py' is a file: give its module, shop.wares:app."),
        (
            "wares:create",
            "wares:create is a function, and no application: where it makes one, give --factory.",
        ),
    ],
)
def test_what_is_not_there_is_told_with_what_is(name, told):
    choose(name, is_factory=False)
    with pytest.raises(TargetError) as raised:
        load()
    assert str(raised.value) == told


@pytest.mark.parametrize("name", ["depot", "depot.shelf"])
def test_a_module_that_is_not_there_is_told_with_the_place_that_was_searched(name, tmp_path):
    choose(f"{name}:app", is_factory=False)
    with pytest.raises(TargetError) as raised:
        load()
    assert str(raised.value) == (
        f"There is no module 'depot'. It was looked for in {tmp_path} and among what is installed; "
        "--app-dir names another directory."
    )


def test_a_module_that_imports_in_vain_keeps_its_own_traceback():
    choose("torn:app", is_factory=False)
    with pytest.raises(ModuleNotFoundError, match="wares_of_nobody"):
        load()


def test_the_module_that_is_served_is_the_application(monkeypatch):
    adopted = []
    monkeypatch.setattr(target, "adopt", adopted.append)
    choose("wares:application", is_factory=False)
    load()
    assert adopted == ["wares"]


def test_an_application_of_another_interface_is_refused(monkeypatch):
    monkeypatch.setattr(target, "shield", lambda application: application)
    choose("wares:own", is_factory=False)
    with pytest.raises(TargetError, match="wares:own is an application of neither ASGI nor WSGI"):
        examine()
