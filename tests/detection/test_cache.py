from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tightlip.detection import cache

ROWS = [["a", 1, None, ["b"]], ["ü", 2, "c", []]]
BLOBS = (b"first\n\x00blob", b"", b"third")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX's")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The cache's folder; it does not exist yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "tightlip"


@pytest.fixture
def kept(folder):
    """A good file."""
    cache.write("key", ROWS, BLOBS)
    (path,) = folder.iterdir()
    return path


def test_what_was_kept_is_read_again(kept):
    assert cache.read("key") == (ROWS, BLOBS)


def test_nothing_is_read_where_nothing_was_kept(folder):
    assert cache.read("key") is None
    assert not folder.exists()


def test_it_is_known_whether_anything_can_be_kept(folder, monkeypatch):
    assert cache.can_write()
    assert list(folder.iterdir()) == []
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    assert not cache.can_write()


def test_another_key_is_another_file(kept):
    assert cache.read("other") is None


def test_only_this_user_may_look_at_it(folder, kept):
    assert folder.stat().st_mode & 0o777 == 0o700
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_what_somebody_else_may_write_is_not_read(kept, mode):
    kept.chmod(mode)
    assert cache.read("key") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_belongs_to_somebody_else_is_not_read(kept):
    os.chown(kept, 65534, -1)
    assert cache.read("key") is None


def test_what_is_read_by_somebody_else_is_not_read(kept, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: kept.stat().st_uid + 1)
    assert cache.read("key") is None


@pytest.mark.parametrize("at", [0, 5, 20, 50, 60, 70])
def test_a_flipped_byte_before_the_blobs_is_seen(kept, at):
    content = bytearray(kept.read_bytes())
    content[at] ^= 1
    kept.write_bytes(bytes(content))
    assert cache.read("key") is None


def test_a_file_cut_anywhere_is_not_read(kept):
    content = kept.read_bytes()
    for length in range(len(content)):
        kept.write_bytes(content[:length])
        assert cache.read("key") is None


def test_a_longer_file_is_not_read(kept):
    kept.write_bytes(kept.read_bytes() + b"x")
    assert cache.read("key") is None


def test_a_file_kept_under_another_key_is_not_read(kept):
    kept.replace(kept.with_name("rules-other.bin"))
    assert cache.read("other") is None


@pytest.mark.parametrize(
    "payload", [b"", b"[]\n", b"{}\n", b"[[],1]\n", b'[[],["a"]]\n', b"\xff\n"]
)
def test_a_digest_alone_makes_no_good_file(kept, payload):
    kept.write_bytes(cache._MAGIC + cache._digest("key", payload) + payload)
    assert cache.read("key") is None


def test_a_folder_or_a_broken_link_in_its_place_is_not_read(kept):
    kept.unlink()
    kept.symlink_to("nowhere")
    assert cache.read("key") is None
    kept.unlink()
    kept.mkdir()
    assert cache.read("key") is None
    cache.write("key", ROWS, BLOBS)
    assert cache.read("key") is None


@pytest.mark.parametrize("place", ["file", "below a file"])
def test_where_nothing_can_be_written_nothing_is_kept_and_nobody_told(
    folder, place, capfd, monkeypatch
):
    if place == "file":
        folder.write_bytes(b"")
    else:
        folder.parent.joinpath("blocked").write_bytes(b"")
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "blocked" / "deeper"))
    cache.write("key", ROWS, BLOBS)
    assert cache.read("key") is None
    assert capfd.readouterr() == ("", "")


def test_a_full_disk_leaves_nothing_behind(folder, monkeypatch):
    def full(descriptor, mode):
        os.close(descriptor)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "fdopen", full)
    cache.write("key", ROWS, BLOBS)
    assert list(folder.iterdir()) == []


def test_without_a_home_nothing_is_kept(monkeypatch):
    import platformdirs

    def homeless(*_args, **_options):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(platformdirs, "user_cache_path", homeless)
    cache.write("key", ROWS, BLOBS)
    assert cache.read("key") is None


def test_only_the_newest_eight_stay(folder):
    for number in range(12):
        cache.write(f"key{number:02}", ROWS, BLOBS)
        os.utime(folder / f"rules-key{number:02}.bin", (number, number))
    cache.write("last", ROWS, BLOBS)
    kept = sorted(path.name for path in folder.iterdir())
    assert kept == [*(f"rules-key{number:02}.bin" for number in range(5, 12)), "rules-last.bin"]


def test_what_was_read_last_stays(folder):
    for number in range(8):
        cache.write(f"key{number}", ROWS, BLOBS)
        os.utime(folder / f"rules-key{number}.bin", (number, number))
    assert cache.read("key0") is not None
    cache.write("last", ROWS, BLOBS)
    assert cache.read("key0") is not None
    assert cache.read("key1") is None


def test_other_files_stay(folder, kept):
    other = folder / "notes.txt"
    other.write_text("mine")
    for number in range(12):
        cache.write(f"key{number}", ROWS, BLOBS)
    assert other.read_text() == "mine"


def test_many_at_once_read_all_or_nothing(folder):
    big = (bytes(300_000), b"end")

    def work(number):
        cache.write("key", ROWS, big)
        return cache.read("key")

    with ThreadPoolExecutor(8) as pool:
        assert all(found == (ROWS, big) for found in pool.map(work, range(80)))
    assert [path.name for path in folder.iterdir()] == ["rules-key.bin"]


def test_many_at_once_with_many_keys_leave_eight(folder):
    def work(number):
        cache.write(f"key{number}", ROWS, BLOBS)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(60)))
    cache.write("last", ROWS, BLOBS)
    names = [path.name for path in folder.iterdir()]
    assert len(names) == 8
    assert all(name.startswith("rules-") for name in names)


def test_two_processes_at_once_start_with_all_rules(tmp_path):
    # A few rules of the user's alone, so that the compilation is short, and is done by both.
    code = (
        "from tightlip.detection import compilation\n"
        "from pathlib import Path\n"
        "own = Path(__import__('sys').argv[1])\n"
        "compilation.built_in_files = lambda: [('own.toml', own.read_bytes())]\n"
        "for _ in range(20):\n"
        "    made = compilation.compiled_rules()\n"
        "    assert made.strong.engine.hits(b'a tango-7 b') == {2: [9]}\n"
        "print(len(made.detectors))\n"
    )
    rules = tmp_path / "own.toml"
    rules.write_text(OWN)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(rules)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    for process in processes:
        output, errors = process.communicate(timeout=60)
        assert (output.strip(), process.returncode) == (b"1", 0)
        assert all(line.startswith(b"Tightlip compiles its rules") for line in errors.splitlines())


OWN = """
technology = "Own"
[[rule]]
id = "own-name"
category = "infrastructure"
says = "The name of a host."
source = "Our list of hosts"
patterns = ['tango-[0-9]']
leaks = ['tango-7']
clean = ['tango']
"""
