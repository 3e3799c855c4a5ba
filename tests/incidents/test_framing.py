from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.incidents.framing import LARGEST_PART, MAGIC, Damage, frame, read

ASCII = st.binary(max_size=40).map(lambda data: data.hex().encode())
FRAMES = st.lists(st.tuples(ASCII, ASCII), max_size=5)


def parts(reading):
    return [(found.summary, found.report) for found in reading.frames]


@given(FRAMES)
def test_what_was_framed_is_read_with_its_places(written):
    data = b"".join(frame(*part) for part in written)
    reading = read(data, is_all=True)
    assert parts(reading) == written
    assert reading.length == len(data)
    assert (reading.damages, reading.torn) == ([], 0)
    for found in reading.frames:
        assert data[found.start :].startswith(frame(found.summary, found.report))


@given(FRAMES, st.data())
def test_at_whatever_byte_the_data_end_the_whole_frames_are_read(written, data):
    ends = [0]
    for part in written:
        ends.append(ends[-1] + len(frame(*part)))
    stream = b"".join(frame(*part) for part in written)
    cut = data.draw(st.integers(0, len(stream)))
    whole = max(index for index, end in enumerate(ends) if end <= cut)
    for is_all in (False, True):
        reading = read(stream[:cut], is_all=is_all)
        assert parts(reading) == written[:whole]
        assert reading.damages == []
        assert reading.torn == (cut - ends[whole] if is_all else 0)
        assert reading.length == (cut if is_all else ends[whole])


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_byte_that_changed_costs_its_own_frame_and_no_other(position, change):
    written = [(b'{"a":%d}' % number, b"x" * number) for number in range(5)]
    pieces = [frame(*part) for part in written]
    stream = bytearray(b"".join(pieces))
    position %= len(stream)
    stream[position] ^= change
    ends = [sum(map(len, pieces[: index + 1])) for index in range(len(pieces))]
    hit = next(index for index, end in enumerate(ends) if position < end)
    reading = read(bytes(stream), is_all=True)
    assert parts(reading) == written[:hit] + written[hit + 1 :]
    assert reading.length == len(stream)
    # The last one may look as if it had been cut.
    assert len(reading.damages) + bool(reading.torn) == 1


def test_damage_is_told_with_its_bytes():
    reading = read(frame(b"1") + b"garbage" + frame(b"2"), is_all=False)
    assert reading.damages == [Damage(len(frame(b"1")), b"garbage")]
    assert [found.summary for found in reading.frames] == [b"1", b"2"]


def test_what_may_be_under_way_is_left_for_the_next_time():
    whole, begun = frame(b"1"), frame(b"2")[:-1]
    reading = read(whole + begun, is_all=False)
    assert reading.length == len(whole)
    assert read(begun + b"2", is_all=False).length == len(begun) + 1


def test_a_length_that_no_part_has_does_not_swallow_what_follows():
    header = bytearray(frame(b"1")[:16])
    header[4:8] = (LARGEST_PART + 1).to_bytes(4, "little")
    reading = read(bytes(header) + frame(b"2"), is_all=False)
    assert parts(reading) == [(b"2", b"")]
    assert reading.damages == [Damage(0, bytes(header))]


def test_the_magic_cannot_stand_inside_of_json_in_ascii():
    with pytest.raises(UnicodeDecodeError):
        MAGIC.decode("ascii")
    assert MAGIC not in json.dumps(MAGIC.decode("latin-1")).encode()


@pytest.mark.parametrize("index", [0, 1])
def test_a_part_that_is_too_long_is_refused(index):
    long = [b"", b""]
    long[index] = b"x" * (LARGEST_PART + 1)
    with pytest.raises(ValueError, match="outgrown"):
        frame(*long)
