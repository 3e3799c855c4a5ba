"""What clients were told: counted in memory, kept in both kinds of store, in bounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from tightlip.incidents.archive import Archive
from tightlip.incidents.drainer import open_store
from tightlip.incidents.metrics import MOST_LABELS, OTHER
from tightlip.incidents.register import Register
from tightlip.incidents.span import BARS, span_of
from tightlip.incidents.summary import microseconds, moment
from tightlip.incidents.told import Count, Declaration, Key, Kind, Told, told_by

NOON = microseconds("2026-05-01T12:00:00Z")
MINUTE = 60_000_000
DAY = 86_400_000_000
SPAN = span_of(1440, NOON)

SOLD_OUT = Key("SOLD_OUT", 409, "POST /orders", Kind.DECLARED)
FAILED = Key("INTERNAL_SERVER_ERROR", 500, "GET /prices", Kind.STANDARD)


@pytest.fixture
def store(directory):
    with open_store(directory, print) as store:
        yield store


def keep(store, counts, now=NOON, declared=()):
    found = {key: Count(answers, now, reference) for key, (answers, reference) in counts.items()}
    store.add_told(found, declared, now)


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_most_frequent_comes_first_and_what_was_never_sent_last(store):
    declared = [
        Declaration("SOLD_OUT", 409, "Only {left} are left", "/shop/errors.py:7"),
        Declaration("EXPIRED", 410, "This coupon has expired", "/shop/errors.py:3"),
    ]
    keep(store, {SOLD_OUT: (2, ""), FAILED: (5, "AAAAAAAAAAA1")}, declared=declared)
    keep(store, {SOLD_OUT: (1, "AAAAAAAAAAA2")}, NOON + MINUTE, declared)
    failed, sold_out, expired = store.told(span_of(1440, NOON + MINUTE))
    assert failed.as_dict() == {
        **FAILED._asdict(),
        "answers": 5,
        "last_time": moment(NOON),
        "reference": "AAAAAAAAAAA1",
        "message": "",
        "place": "",
        "trend": [0] * (BARS - 1) + [5],
    }
    assert (sold_out.answers, sold_out.last_time) == (3, moment(NOON + MINUTE))
    assert (sold_out.message, sold_out.place) == ("Only {left} are left", "/shop/errors.py:7")
    assert sold_out.reference == "AAAAAAAAAAA2"
    assert (expired.code, expired.answers, expired.last_time) == ("EXPIRED", 0, "")


def test_an_answer_without_an_incident_leaves_the_reference_of_the_last_one(store):
    keep(store, {FAILED: (1, "AAAAAAAAAAA1")})
    keep(store, {FAILED: (1, "")})
    assert store.told(SPAN)[0].reference == "AAAAAAAAAAA1"


def test_a_declaration_that_changes_is_kept_as_it_is_now_and_one_that_went_is_forgotten(store):
    keep(store, {}, NOON - 91 * DAY, [Declaration("GONE", 410, "Gone", "a.py:1")])
    keep(store, {}, NOON, [Declaration("SOLD_OUT", 409, "Sold out", "a.py:2")])
    keep(store, {}, NOON, [Declaration("SOLD_OUT", 410, "All gone", "a.py:3")])
    from tightlip.incidents.retention import Retention, sweep

    while sweep(store.database, Retention(), NOON):
        pass
    (told,) = store.told(SPAN)
    assert (told.code, told.status, told.message, told.place) == (
        "SOLD_OUT",
        410,
        "All gone",
        "a.py:3",
    )


def test_old_trends_are_kept_by_the_hour_and_their_sums_stay(store):
    from tightlip.incidents.retention import Retention, sweep

    old = NOON - 9 * DAY
    for minute in (1, 2, 59, 61):
        keep(store, {FAILED: (1, "")}, old + minute * MINUTE)
    keep(store, {FAILED: (1, "")}, NOON - 401 * DAY)
    while sweep(store.database, Retention(), NOON):
        pass
    rows = store.database.run("SELECT minute, answers FROM told_minutes ORDER BY minute").fetchall()
    assert rows == [(old // MINUTE, 3), (old // MINUTE + 60, 1)]
    (told,) = store.told(span_of(525_600, NOON))
    assert (told.answers, sum(told.trend)) == (5, 4)


def test_routes_and_codes_without_end_are_counted_together(store):
    register = Register()
    for number in range(2 * MOST_LABELS + 30):
        register.count(Key("SOLD_OUT", 409, f"GET /{number}", Kind.DECLARED), "")
    for number in range(2 * MOST_LABELS):
        register.count(Key(f"CODE_{number}", 409, "", Kind.DECLARED), "")
    counts = register.take()
    assert len(counts) <= 2 * MOST_LABELS + 2
    assert sum(count.answers for count in counts.values()) == 4 * MOST_LABELS + 30
    assert counts[Key("SOLD_OUT", 409, OTHER, Kind.DECLARED)].answers == MOST_LABELS + 30
    assert Key(OTHER, 0, OTHER, Kind.DECLARED) in counts
    store.add_told(counts, (), NOON)
    for number in range(2 * MOST_LABELS):
        keep(store, {Key("EXPIRED", 410, f"/{number}", Kind.DECLARED): (1, "")})
    told = store.told(SPAN)
    assert len(told) <= 2 * MOST_LABELS + 3
    assert sum(each.answers for each in told) == 6 * MOST_LABELS + 30


def test_what_could_not_be_kept_is_counted_with_what_comes_after():
    register = Register()
    assert register.count(FAILED, "AAAAAAAAAAA1")
    taken = register.take()
    assert not register.count(FAILED, "AAAAAAAAAAA2")
    register.put_back(taken)
    (count,) = register.take().values()
    assert (count.answers, count.reference) == (2, "AAAAAAAAAAA2")
    register.put_back({FAILED: count})
    assert register.take()[FAILED] == count


def test_what_is_declared_is_news_until_it_is_kept_and_whenever_it_changes():
    register = Register()
    found = [Declaration("SOLD_OUT", 409, "Sold out", "a.py:2")]
    register.declarations = lambda: tuple(found)
    news = register.news()
    assert news == tuple(found)
    assert register.news() == news
    register.declared(news)
    assert register.news() == ()
    found.append(Declaration("EXPIRED", 410, "Expired", "a.py:3"))
    assert register.news() == tuple(found)


def test_the_first_of_its_kind_comes_into_the_store_by_itself_and_others_with_the_next(directory):
    archive = Archive(directory)
    archive.told(SOLD_OUT, "")

    def stored():
        if not directory.store.exists():
            return {}
        with open_store(directory, print) as store:
            return {each.code: each.answers for each in store.told(SPAN)}

    until(lambda: stored() == {"SOLD_OUT": 1})
    archive.told(SOLD_OUT, "")
    archive.told(FAILED, "")
    until(lambda: stored() == {"SOLD_OUT": 2, "INTERNAL_SERVER_ERROR": 1})
    archive.told(FAILED, "")
    archive.close()
    assert stored() == {"SOLD_OUT": 2, "INTERNAL_SERVER_ERROR": 2}


def test_a_store_that_cannot_be_used_loses_no_count(directory, monkeypatch):
    from tightlip.incidents.store import Store
    from tightlip.incidents.tables import StoreError

    add, failed = Store.add_told, []

    def fail_once(self, *arguments):
        if not failed:
            failed.append(self)
            raise StoreError("locked")
        add(self, *arguments)

    monkeypatch.setattr(Store, "add_told", fail_once)
    monkeypatch.setattr("tightlip.incidents.pacing.about", lambda _: 0.01)
    archive = Archive(directory)
    archive.told(SOLD_OUT, "")
    until(lambda: failed)
    archive.close()
    with open_store(directory, print) as store:
        assert [each.answers for each in store.told(SPAN)] == [1]


FORKED = """
import os, sys
from tightlip.incidents.archive import archive_at, close_archives
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.told import Key, Kind

archive = archive_at(PrivateDirectory(sys.argv[1]))
key = Key("SOLD_OUT", 409, "", Kind.DECLARED)
archive.register.count(key, "")
child = os.fork()
archive.told(key, "")
close_archives()
if child:
    assert os.waitpid(child, 0)[1] == 0
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_counts_its_own(directory):
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED, str(directory.path)], check=True)
    with open_store(directory, print) as store:
        assert [each.answers for each in store.told(SPAN)] == [3]


def test_trends_are_added_up_by_a_name_the_greatest_first_and_the_rest_together():
    def told(code, *trend):
        return Told(code, 400, "", Kind.DECLARED, 1, "", "", trend=trend)

    found = told_by(
        [told("A", 1, 0), told("B", 5, 5), told("A", 0, 3), told("C", 1, 1), told("D", 0, 0)],
        lambda each: each.code,
        1,
    )
    assert found == [("B", (5, 5)), ("all others", (2, 4))]
    assert json.dumps(told("A", 1).as_dict())
