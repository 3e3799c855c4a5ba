"""Catalog: each code once, and classes that give their code back."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
import textwrap
import weakref

import pytest

from tightlip import DeclarationError, PublicError
from tightlip.catalog.catalog import Catalog, Declaration, catalog
from tightlip.catalog.standard import STANDARD

MODULE = """
from tightlip import PublicError

class ReloadedHere(PublicError):
    status = {status}
    message = "Taken"
"""


def _declare(name, code, **attributes):
    return type(name, (PublicError,), {"status": 409, "message": "No", "code": code, **attributes})


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module of an application and import it."""

    def write(name, source):
        path = tmp_path / f"{name}.py"
        path.write_text(source)
        importlib.invalidate_caches()
        return path

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield write
    for name in [name for name in sys.modules if name.startswith("catalog_application")]:
        del sys.modules[name]


def test_the_standard_errors_stand_in_the_catalog_in_the_order_of_their_codes():
    listed = [declaration.code for declaration in catalog]
    assert listed == sorted(listed)
    assert {cls.code for cls in STANDARD.values()} <= set(listed)
    assert "NOT_FOUND" in catalog
    assert "NEVER_DECLARED_ANYWHERE" not in catalog


def test_a_declaration_is_found_with_its_class_and_its_place():
    class FoundByItsCode(PublicError):
        status = 409
        message = "No"

    (found,) = [declared for declared in catalog if declared.code == "FOUND_BY_ITS_CODE"]
    assert found.error is FoundByItsCode
    file, _, line = found.place.rpartition(":")
    assert file == __file__
    assert int(line) > 0


def test_a_conflict_is_refused_with_both_places(module):
    first = module(
        "catalog_application_first",
        """
        from tightlip import PublicError

        class HolderOfTheCode(PublicError):
            status = 409
            message = "Taken"
            code = "HELD_ONCE"
        """.replace("\n        ", "\n"),
    )
    holder = importlib.import_module("catalog_application_first")
    with pytest.raises(DeclarationError) as raised:
        _declare("SecondOfTheCode", "HELD_ONCE")
    told = str(raised.value)
    assert "the code HELD_ONCE is declared twice" in told
    assert f"HolderOfTheCode at {first}:4" in told
    assert told.startswith(f"SecondOfTheCode at {__file__}:")
    assert "give one of them another `code`" in told
    (held,) = [declared for declared in catalog if declared.code == "HELD_ONCE"]
    assert held.error is holder.HolderOfTheCode


def test_a_local_class_that_is_alive_holds_its_code():
    class HeldWhileAlive(PublicError):
        status = 409
        message = "No"

    with pytest.raises(DeclarationError, match="HELD_WHILE_ALIVE is declared twice"):
        _declare("Another", "HELD_WHILE_ALIVE")
    assert HeldWhileAlive().code == "HELD_WHILE_ALIVE"


def test_a_standard_code_is_not_taken_over():
    with pytest.raises(DeclarationError, match="NOT_FOUND is declared twice"):
        _declare("NotFoundOfOurs", "NOT_FOUND")


def test_a_family_takes_no_code():
    type("FamilyWithCode", (PublicError,), {"status": 409, "code": "FREE_OF_FAMILIES"})
    assert "FREE_OF_FAMILIES" not in catalog


def test_a_declaration_that_was_refused_takes_no_code():
    with pytest.raises(DeclarationError):
        _declare("Refused", "REFUSED_AT_FIRST", message="")
    assert "REFUSED_AT_FIRST" not in catalog


def _declare_inside():
    class LeftBehind(PublicError):
        status = 409
        message = "No"
        code = "LEFT_BEHIND_AS_GARBAGE"

    return weakref.ref(LeftBehind)


def test_a_local_class_that_is_garbage_gives_its_code_back():
    gc.disable()
    try:
        first = _declare_inside()
        assert first() is not None, "the collector has not run"
        second = _declare("Another", "LEFT_BEHIND_AS_GARBAGE")
        assert first() is None
    finally:
        gc.enable()
    (held,) = [declared for declared in catalog if declared.code == "LEFT_BEHIND_AS_GARBAGE"]
    assert held.error is second


def test_a_dead_class_is_not_listed():
    _declare_inside()
    gc.collect()
    assert "LEFT_BEHIND_AS_GARBAGE" not in catalog


def test_a_reload_replaces_the_class(module):
    path = module("catalog_application_reloaded", MODULE.format(status=409))
    application = importlib.import_module("catalog_application_reloaded")
    before = application.ReloadedHere
    path.write_text("# moved down by a line\n" + MODULE.format(status=410))
    after = importlib.reload(application).ReloadedHere
    assert before is not after
    (held,) = [declared for declared in catalog if declared.code == "RELOADED_HERE"]
    assert held.error is after
    assert held.error.status == 410
    assert held.place == f"{path}:5"


def test_a_module_that_is_main_and_imported_declares_once(tmp_path):
    (tmp_path / "service.py").write_text(
        textwrap.dedent(
            """
            from tightlip import PublicError

            class TwinOfMain(PublicError):
                status = 409
                message = "No"

            if __name__ == "__main__":
                import service
                assert service.TwinOfMain is not TwinOfMain
                print(service.TwinOfMain.code, TwinOfMain.code)
            """
        )
    )
    done = subprocess.run(
        [sys.executable, "service.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout == "TWIN_OF_MAIN TWIN_OF_MAIN\n"


def test_a_class_of_the_same_name_in_another_module_is_another(module):
    source = """
from tightlip import PublicError

class SameNameTwice(PublicError):
    status = 409
    message = "No"
"""
    module("catalog_application_left", source)
    module("catalog_application_right", source)
    left = importlib.import_module("catalog_application_left")
    with pytest.raises(DeclarationError, match="SAME_NAME_TWICE is declared twice"):
        importlib.import_module("catalog_application_right")
    assert left.SameNameTwice.code in catalog


def test_catalogs_are_apart():
    class InBoth(PublicError):
        status = 409
        message = "No"

    apart = Catalog()
    assert InBoth.code not in apart
    declaration = Declaration(InBoth.code, InBoth, "somewhere.py:1")
    apart.add(declaration)
    apart.add(declaration)
    assert list(apart) == [declaration]


def test_a_cell_of_a_notebook_run_again_replaces_its_class():
    source = textwrap.dedent(
        """
        from tightlip import PublicError

        class OfNotebook(PublicError):
            status = 409
            message = "No"
        """
    )
    namespace = {"__name__": "notebook"}
    for file in ("cell-1.py", "cell-2.py"):
        exec(compile(source, file, "exec"), namespace)
    (held,) = [declared for declared in catalog if declared.code == "OF_NOTEBOOK"]
    assert held.error is namespace["OfNotebook"]
    assert held.place == "cell-2.py:4"
