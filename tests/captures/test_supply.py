from __future__ import annotations

import gzip
import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.captures.supply import LARGEST_RATIO, DamagedError, Held, Stored, Supply


def supply_of(data: bytes) -> Supply:
    return Supply("a", io.BytesIO(data))


class Dripping(io.BytesIO):
    """Gives one byte at a time, as a pipe may."""

    def read(self, size=-1):
        return super().read(1)


def whole(supply: Supply, piece: int = 1000) -> bytes:
    pieces = []
    while data := supply.read(piece):
        pieces.append(data)
    return b"".join(pieces)


def test_what_was_looked_at_is_read_afterwards():
    supply = supply_of(b"abcdef")
    assert supply.look(2) == b"ab"
    assert supply.look(4) == b"abcd"
    assert supply.read(3) == b"abc"
    assert supply.read_some(10) == b"d"
    assert supply.read_some(10) == b"ef"
    assert supply.read_some(10) == b""
    assert supply.offset == 6


def test_a_read_is_whole_though_the_input_comes_in_drops():
    supply = Supply("a", Dripping(b"abcdef"))
    assert supply.read(4) == b"abcd"
    assert supply.read_some(4) == b"e"
    assert supply.read(4) == b"f"


def test_gzip_is_unpacked_member_by_member():
    packed = gzip.compress(b"a" * 5000) + gzip.compress(b"") + gzip.compress(b"bc") + b"\0" * 40
    supply = supply_of(packed).unpacked()
    assert whole(supply, 700) == b"a" * 5000 + b"bc"
    assert supply.is_verbatim is False


@given(data=st.binary(max_size=300), cut=st.integers(1, 20))
def test_cut_gzip_gives_what_it_has_and_then_fails(data, cut):
    packed = gzip.compress(data)
    supply = supply_of(packed[:-cut]).unpacked()
    found = supply.look(1000)
    assert data.startswith(found)
    if found:
        assert supply.read(1000) == found
    with pytest.raises(DamagedError, match=r"cut off|damaged"):
        supply.read(1)


def test_damaged_gzip_gives_what_came_before():
    packed = gzip.compress(b"good") + b"\x1f\x8bnonsense"
    supply = supply_of(packed).unpacked()
    assert supply.read(100) == b"good"
    with pytest.raises(DamagedError, match="damaged"):
        supply.read(1)


def test_a_bomb_is_left_after_a_bounded_amount():
    packed = gzip.compress(bytes(100 << 20), 9)
    supply = supply_of(packed).unpacked()
    with pytest.raises(DamagedError, match=f"more than {LARGEST_RATIO} times"):
        whole(supply, 1 << 20)
    assert supply.offset <= 66 << 20


@pytest.mark.parametrize("charset", ["utf-16", "utf-32", "cp500", "koi8-r"])
def test_a_charset_becomes_utf8(charset):
    text = "Aж é"[: 2 if charset == "koi8-r" else None].replace(
        "ж", "" if charset == "cp500" else "ж"
    )
    supply = Supply("a", Dripping(text.encode(charset))).transcoded(charset)
    assert whole(supply, 3).decode() == text


def test_half_a_character_at_the_end_is_replaced():
    supply = supply_of("ab".encode("utf-16-le")[:-1]).transcoded("utf-16-le")
    assert whole(supply).decode() == "a\ufffd"


def test_progress_counts_the_bytes_of_the_file():
    packed = gzip.compress(os.urandom(5000))
    supply = supply_of(packed).unpacked()
    supply.read(1)
    first = supply.progress()
    whole(supply)
    assert first > 0
    assert first + supply.progress() == len(packed)
    assert supply.progress() == 0


def test_a_failing_file_fails_after_what_it_gave():
    class Failing(io.BytesIO):
        def read(self, size=-1):
            if data := super().read(2):
                return data
            raise OSError(5, "Input/output error")

    supply = Supply("a", Failing(b"abc"))
    assert supply.read(10) == b"abc"
    with pytest.raises(OSError, match="Input/output"):
        supply.read(10)


def test_a_pipe_tells_when_it_would_wait():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as file, os.fdopen(writing, "wb", 0) as sender:
        supply = Supply("-", file)
        assert supply.is_waiting()
        sender.write(b"x")
        assert not supply.is_waiting()
        assert supply.look(1) == b"x"
        assert not supply.is_waiting()
        assert supply.read(1) == b"x"
        assert supply.is_waiting()
        sender.close()
        assert not supply.is_waiting()
        assert supply.read(1) == b""


def test_what_is_no_pipe_never_waits():
    assert not supply_of(b"").is_waiting()


def test_bytes_are_loaded_from_where_they_are(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abcdef")
    assert Stored(str(path), 2, 3).load() == b"cde"
    assert Held(b"x").load() == b"x"
