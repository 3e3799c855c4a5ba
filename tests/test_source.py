import os
import subprocess
import sys
import sysconfig
import types
from pathlib import Path

import pytest

import tightlip
from tightlip import source
from tightlip.source import adopt, is_application, is_ours

PACKAGE = Path(tightlip.__file__).parent
STANDARD_LIBRARY = sysconfig.get_paths()["stdlib"]


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Leave nothing adopted and nothing cached to the next test."""
    monkeypatch.setattr(source, "_own_packages", set())
    for cached in (source.is_application, source._recorded_names):
        cached.cache_clear()
    yield
    source.is_application.cache_clear()


@pytest.fixture
def module(monkeypatch):
    """Put a module in place that claims a name and a file."""

    def put(name, file, **members):
        planted = types.ModuleType(name)
        if file is not None:
            planted.__file__ = str(file)
        for key, value in members.items():
            setattr(planted, key, value)
        monkeypatch.setitem(sys.modules, name, planted)
        return name

    return put


@pytest.mark.parametrize(
    "filename",
    [
        "/srv/shop/main.py",
        "/srv/shop/archive.zip/shop/main.py",
        "main.py",
        "shop/main.py",
        "./main.py",
        "/srv/site-packages-of-ours/main.py",
        "/srv/python3.11/main.py",
        "C:\\shop\\main.py",
        "/srv/läden/main.py",
        "/srv/shop/\ud800.py",
        "/srv/shop/with\0nothing.py",
        "/srv/with\0nothing/main.py",
        __file__,
    ],
)
def test_the_applications_own_files_are_the_application(filename):
    assert is_application(filename)


@pytest.mark.parametrize(
    "filename",
    [
        "",
        "<string>",
        "<stdin>",
        "<frozen importlib._bootstrap>",
        "<attrs generated init shop.Order>",
        "/usr/lib/python3/dist-packages/library/module.py",
        "/srv/.venv/lib/python3.12/site-packages/library/module.py",
        "/srv/.venv/lib64/python3.12/site-packages/module.py",
        ".venv/lib/python3.12/site-packages/library/module.py",
        "C:\\Python312\\Lib\\site-packages\\library\\module.py",
        "/srv/wheels.zip/site-packages/library/module.py",
        "/srv/shop/../.venv/lib/python3.12/site-packages/module.py",
        os.__file__,
        f"{STANDARD_LIBRARY}/json/decoder.py",
        f"/srv/shop/../..{STANDARD_LIBRARY}/json/decoder.py",
        pytest.__file__,
        str(PACKAGE / "source.py"),
        str(PACKAGE / "responder" / "responder.py"),
    ],
)
def test_code_of_others_is_not_the_application(filename):
    assert not is_application(filename)


def test_our_demonstration_is_an_application():
    assert is_application(str(PACKAGE / "demo" / "service.py"))
    assert not is_ours(str(PACKAGE / "demo" / "service.py"))
    assert is_ours(str(PACKAGE / "source.py"))


def test_a_package_whose_name_begins_as_ours_is_not_ours():
    beside = PACKAGE.parent.parent / "elsewhere"
    assert not is_ours(str(PACKAGE) + "_shop/main.py")
    assert not is_ours(str(PACKAGE / "demonstration.py").replace("tightlip/", "tightlip_"))
    assert is_application(str(beside / "tightlip_shop" / "main.py"))


def test_a_link_to_an_environment_is_told_by_its_path(tmp_path):
    environment = tmp_path / "real" / "lib" / "site-packages"
    environment.mkdir(parents=True)
    (tmp_path / "venv").symlink_to(tmp_path / "real")
    assert not is_application(str(tmp_path / "venv" / "lib" / "site-packages" / "module.py"))


def _install(folder, name, record):
    folder.mkdir(exist_ok=True)
    information = folder / f"{name}-1.0.dist-info"
    information.mkdir()
    (information / "RECORD").write_text(record)


def test_what_is_installed_beside_the_application_is_not_the_application(tmp_path):
    task = tmp_path / "task"
    _install(
        task,
        "library",
        "library/__init__.py,sha256=x,1\nlibrary/deep/module.py,,\n"
        'single.py,,\n"quoted, name/module.py",,\n'
        "../../bin/library,,\nlibrary-1.0.dist-info/RECORD,,\nlibrary.pth,,\n",
    )
    assert not is_application(str(task / "library" / "__init__.py"))
    assert not is_application(str(task / "library" / "deep" / "other.py"))
    assert not is_application(str(task / "single.py"))
    assert is_application(str(task / "main.py"))
    assert is_application(str(task / "shop" / "library" / "main.py"))
    assert is_application(str(tmp_path / "library" / "main.py"))


def test_a_link_to_an_environment_with_another_name_is_told_by_its_records(tmp_path):
    packages = tmp_path / "environment" / "site-packages"
    packages.parent.mkdir()
    _install(packages, "library", "library/__init__.py,,\n")
    (tmp_path / "libraries").symlink_to(packages)
    assert not is_application(str(tmp_path / "libraries" / "library" / "module.py"))


def test_a_record_that_cannot_be_read_records_nothing(tmp_path):
    (tmp_path / "library-1.0.dist-info" / "RECORD").mkdir(parents=True)
    assert is_application(str(tmp_path / "library" / "module.py"))


def test_an_editable_installation_is_the_application(tmp_path):
    packages = tmp_path / "site-packages"
    _install(packages, "shop", "__editable__.shop.pth,,\nshop-1.0.dist-info/RECORD,,\n")
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop.egg-info").mkdir()
    (tmp_path / "src" / "shop.egg-info" / "top_level.txt").write_text("shop\n")
    assert is_application(str(tmp_path / "src" / "shop" / "main.py"))


def test_a_relative_name_without_a_working_directory_is_judged_as_it_stands():
    script = (
        "import os, tempfile\n"
        "from tightlip.source import is_application\n"
        "folder = tempfile.mkdtemp(); os.chdir(folder); os.rmdir(folder)\n"
        "print(is_application('main.py'), is_application('lib/site-packages/library.py'))\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert child.stdout.split() == ["True", "False"], child.stderr


def test_an_adopted_package_is_the_application_also_where_it_is_installed(module, tmp_path):
    shop = tmp_path / "site-packages" / "shop"
    assert not is_application(str(shop / "orders.py"))
    adopt(module("shop", shop / "__init__.py") + ".api.main")
    assert is_application(str(shop / "orders.py"))
    assert is_application(str(shop / "api" / "main.py"))
    assert not is_application(str(tmp_path / "site-packages" / "shopping" / "main.py"))
    assert not is_application(str(tmp_path / "site-packages" / "library.py"))


def test_an_adopted_package_below_the_standard_library_is_the_application(module):
    shop = Path(STANDARD_LIBRARY) / "site-packages" / "shop"
    adopt(module("shop", shop / "__init__.py"))
    assert is_application(str(shop / "orders.py"))
    assert not is_application(str(shop.parent / "library" / "module.py"))


def test_an_adopted_package_without_its_source_is_the_application(module, tmp_path):
    shop = tmp_path / "site-packages" / "shop"
    adopt(module("shop", shop / "__init__.pyc"))
    assert is_application(str(shop / "orders.py"))


def test_an_adopted_module_is_one_file(module, tmp_path):
    file = tmp_path / "site-packages" / "shop.py"
    adopt(module("shop", file))
    assert is_application(str(file))
    assert not is_application(f"{file}x")
    assert not is_application(str(tmp_path / "site-packages" / "shop.pyx" / "module.py"))


def test_of_a_namespace_only_the_package_below_is_adopted(module, tmp_path):
    company = tmp_path / "site-packages" / "company"
    module("company", None)
    adopt(module("company.shop", company / "shop" / "__init__.py") + ".main")
    assert is_application(str(company / "shop" / "main.py"))
    assert not is_application(str(company / "library" / "main.py"))


def test_a_package_that_is_run_as_a_program_is_adopted_by_its_own_name(module, tmp_path):
    shop = tmp_path / "site-packages" / "shop"
    module("shop", shop / "__init__.py")
    specification = types.SimpleNamespace(name="shop.__main__")
    adopt(module("__main__", shop / "__main__.py", __spec__=specification))
    assert is_application(str(shop / "orders.py"))


def test_a_script_is_adopted_as_one_file(module, tmp_path):
    adopt(module("__main__", tmp_path / "site-packages" / "bin" / "serve", __spec__=None))
    assert is_application(str(tmp_path / "site-packages" / "bin" / "serve"))
    assert not is_application(str(tmp_path / "site-packages" / "bin" / "other"))


@pytest.mark.parametrize(
    "name", ["tightlip", "tightlip.demo", "json", "json.decoder", "sys", "no.such"]
)
def test_neither_we_nor_python_nor_nothing_can_be_adopted(name):
    adopt(name)
    assert source._own_packages == set()


def test_a_module_with_a_strange_file_is_not_adopted(module):
    adopt(module("strange", None, __file__=42))
    adopt(module("stranger", None))
    assert source._own_packages == set()


def test_what_was_judged_before_is_judged_again_after_the_adoption(module, tmp_path):
    file = tmp_path / "site-packages" / "shop" / "main.py"
    assert not is_application(str(file))
    adopt(module("shop", file.parent / "__init__.py"))
    assert is_application(str(file))
