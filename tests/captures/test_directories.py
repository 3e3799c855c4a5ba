from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path

from tightlip.captures.directories import Found, Link, files_under
from tightlip.findings.result import Fault


def told(directory) -> list[tuple[str, str]]:
    names = []
    for one in files_under(str(directory)):
        assert isinstance(one, (Found, Link, Fault))
        names.append((type(one).__name__, os.path.relpath(one.path, directory)))
    return names


def test_files_come_in_order_before_the_directories_beside_them(tmp_path):
    for name in ("b", "a/z/y", "a/c", "c/d", "e"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [name for _, name in told(tmp_path)] == ["b", "e", "a/c", "a/z/y", "c/d"]


def test_links_are_told_and_not_followed(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    (tmp_path / "dangling").symlink_to("nowhere")
    assert told(tmp_path) == [("Link", "dangling"), ("Link", "a/back")]


def test_pipes_are_passed_over(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert told(tmp_path) == []


def test_a_directory_that_cannot_be_read_is_told(tmp_path):
    (fault,) = files_under(str(tmp_path / "missing"))
    assert str(fault).endswith("missing: cannot be read: No such file or directory")


def test_a_directory_that_vanishes_is_told_and_the_others_go_on(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    (tmp_path / "first").write_text("x")
    found = files_under(str(tmp_path))
    next(found)
    (tmp_path / "a" / "file").unlink()
    (tmp_path / "a").rmdir()
    assert [type(one) for one in found] == [Fault, Found]


def test_a_file_that_cannot_be_asked_about_is_told(tmp_path, monkeypatch):
    class Entry:
        name, path = "a", "some/a"

        def is_symlink(self):
            raise OSError(5, "Input/output error")

    @contextmanager
    def scandir(_):
        yield [Entry()]

    monkeypatch.setattr(os, "scandir", scandir)
    (fault,) = files_under(str(tmp_path))
    assert str(fault) == "some/a: cannot be read: Input/output error"


def test_very_deep_directories_are_read(tmp_path, monkeypatch):
    depth = 1200
    monkeypatch.chdir(tmp_path)
    for _ in range(depth):
        Path("d").mkdir()
        monkeypatch.chdir("d")
    Path("e").touch()
    found = told(tmp_path)
    Path("e").unlink()
    for _ in range(depth):  # what removes the directories of tests goes down only so far
        monkeypatch.chdir("..")
        Path("d").rmdir()
    assert [name.count("/") for _, name in found] == [depth]
