"""What frameworks that are their own server share: the form of a request, the head of an answer."""

from __future__ import annotations

import asyncio

import pytest

from tightlip.protocols.asgi_faults import EndedEarlyError
from tightlip.protocols.native import completed, drive, lasting, native_scope


def test_a_target_is_parted_into_path_and_query():
    scope = native_scope(
        "some",
        "the request",
        method="GET",
        target="/shelves/a?day=1?2",
        headers=[(b"Accept", b"text/html")],
        client=("203.0.113.7", 50312, 0, 0),
    )
    assert (scope["path"], scope["query_string"]) == ("/shelves/a", b"day=1?2")
    assert scope["headers"] == [(b"accept", b"text/html")]
    assert scope["client"] == ("203.0.113.7", 50312)
    assert scope["some"] == "the request"


def test_a_head_is_sorted_and_says_when_the_connection_ends():
    fields = [(b"vary", b"origin"), (b"date", b"today")]
    assert completed(fields, keeps_alive=True) == [(b"date", b"today"), (b"vary", b"origin")]
    assert completed(fields, keeps_alive=False)[0] == (b"connection", b"close")
    kept = completed(fields, keeps_alive=True, http_version="1.0")
    assert kept[0] == (b"connection", b"keep-alive")
    assert [name for name, _ in completed([], keeps_alive=True)] == [b"date"]


def test_the_date_is_that_of_the_second_in_which_an_answer_leaves(monkeypatch):
    dates = []
    for second in (784111777.9, 784111777.2, 784111778.0):
        monkeypatch.setattr("time.time", lambda second=second: second)
        dates += completed([], keeps_alive=True)
    assert [date for _, date in dates] == [
        b"Sun, 06 Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 08:49:38 GMT",
    ]


def test_what_waits_for_nothing_is_driven_to_its_end():
    async def gives():
        return 7

    assert drive(gives()) == 7


def test_what_waits_is_refused_and_closed():
    ended = []

    async def waits():
        try:
            await asyncio.sleep(0)
        finally:
            ended.append(True)

    with pytest.raises(RuntimeError, match="does not wait"):
        drive(waits())
    assert ended == [True]


def test_a_generator_exit_that_code_raises_is_a_failure():
    async def ends():
        raise GeneratorExit

    with pytest.raises(EndedEarlyError) as caught:
        asyncio.run(lasting(ends()))
    assert isinstance(caught.value.__cause__, GeneratorExit)


@pytest.mark.parametrize("is_in_a_task", [True, False])
def test_a_coroutine_that_is_thrown_away_ends_as_ever(is_in_a_task):
    ended = []

    async def waits():
        try:
            await asyncio.sleep(60)
        except BaseException as exception:
            ended.append(type(exception))
            raise

    async def begin():
        work = lasting(waits())
        work.send(None)
        return work

    work = asyncio.run(begin())
    if is_in_a_task:

        async def throw_away():
            work.close()

        asyncio.run(throw_away())
    else:
        work.close()
    assert ended == [GeneratorExit]
