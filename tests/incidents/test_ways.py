from __future__ import annotations

from tightlip.incidents import ways
from tightlip.incidents.ways import Walks


def fail(depth=0):
    if depth:
        return fail(depth - 1)
    raise ValueError


def test_a_traceback_is_walked_once_and_each_failure_has_frames_of_its_own(raised):
    first, second = raised(fail), raised(fail)
    walks = Walks()
    way, frames = walks.walk(first.__traceback__)
    assert walks.walk(first.__traceback__)[1] is frames
    again, others = walks.walk(second.__traceback__)
    assert again is way
    assert [frame.f_code for frame in others] == [frame.f_code for frame in frames] == way.code
    assert others[-1] is not frames[-1]


def test_a_way_is_told_anew_where_other_code_counts_as_the_application(raised):
    way, _ = Walks().walk(raised(fail).__traceback__)
    for own in (False, True, False):
        telling = way.telling(lambda path, own=own: own)
        assert telling.application is own
        assert [frame["application"] for frame in telling.frames] == [own] * len(way.code)


def test_a_recursion_that_ends_at_any_depth_fills_no_memory(raised):
    ways._ways.clear()
    for depth in (1, 300, 301, 302):
        way, frames = Walks().walk(raised(lambda depth=depth: fail(depth)).__traceback__)
        assert len(way.code) == len(frames) > depth
    assert len(ways._ways) == 1


def test_what_was_never_raised_has_no_way():
    way, frames = Walks().walk(None)
    assert (way.code, way.footprint, frames) == ([], (), [])
    telling = way.telling(lambda path: True)
    assert (telling.places, telling.frames, telling.with_locals) == ((), [], [])
