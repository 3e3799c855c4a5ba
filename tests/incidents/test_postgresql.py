"""The store of several hosts, in a real PostgreSQL."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tightlip import Shield
from tightlip.cli.main import _run as main
from tightlip.dashboard.access import Rules
from tightlip.dashboard.application import create_dashboard
from tightlip.incidents.archive import Archive
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.encoding import encode
from tightlip.incidents.framing import frame
from tightlip.incidents.groups import State
from tightlip.incidents.packing import NOT_SENT, PAST_RETENTION
from tightlip.incidents.postgresql import migrations
from tightlip.incidents.postgresql.address import Address
from tightlip.incidents.postgresql.store import PostgresqlStore
from tightlip.incidents.records import Kept
from tightlip.incidents.retention import Retention
from tightlip.incidents.sink import open_sink
from tightlip.incidents.span import span_of
from tightlip.incidents.spool import Spool
from tightlip.incidents.summary import microseconds, moment, summarise
from tightlip.incidents.tables import StoreError
from tightlip.incidents.told import Count, Declaration, Key, Kind, ToldCounts
from tightlip.responder.policy import ConfigurationError

SERVER = os.environ.get("TIGHTLIP_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/test")
DAY = 86_400_000_000
NOW = microseconds("2026-05-10T12:00:00Z")


@pytest.fixture
def url():
    """A database of its own; what is left of it goes at the end."""
    name = f"tightlip_{secrets.token_hex(6)}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def receiving(url):
    with PostgresqlStore(Address(url)) as store:
        yield store


@pytest.fixture
def host(tmp_path, summary):
    """Make a host with a directory of its own; what it keeps is put straight into its store."""
    from tightlip.incidents.directory import PrivateDirectory

    class Host:
        def __init__(self, name):
            self.directory = PrivateDirectory(tmp_path / name)
            self.spool = Spool(self.directory)

        def keep(self, reference, time="2026-05-10T11:00:00Z", *, report=None, **more):
            self.spool.append(frame(summary(reference, time, **more), report or b""))

        def send(self, receiving, *, with_closed=True, at_once=500):
            with open_store(self.directory, print) as store:
                drain(self.directory, store)
                total = 0
                while count := receiving.take_in(
                    store.origin(),
                    lambda row, counted: store.outgoing(row, counted, at_once),
                    with_closed=with_closed,
                    now=NOW,
                ):
                    total += count
            return total

    return Host


def references(store):
    return [found.reference for found in store.newest()]


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_two_hosts_have_is_found_counted_and_grouped_together(host, receiving):
    one, two = host("one"), host("two")
    one.keep("AAAAAAAAAAAA", "2026-05-10T11:00:00Z")
    one.keep("BBBBBBBBBBBB", "2026-05-10T11:01:00Z", fingerprint="v1:1")
    two.keep("CCCCCCCCCCCC", "2026-05-10T11:02:00Z")
    two.keep("", "2026-05-10T11:02:30Z", counted=40)
    assert one.send(receiving) == 2
    assert two.send(receiving) == 2
    assert references(receiving) == ["CCCCCCCCCCCC", "BBBBBBBBBBBB", "AAAAAAAAAAAA"]
    assert receiving.find("AAAAAAAAAAAA")["error.code"] == "INTERNAL_SERVER_ERROR"
    assert receiving.find("UNKNOWN00000") is None
    assert receiving.count() == 43
    assert receiving.kept() == Kept(3, 0, 0)
    span = span_of(1440, NOW)
    first, second = receiving.groups.find(span=span, limit=10)
    assert (first.fingerprint, first.incidents, first.reference) == ("v1:0", 42, "CCCCCCCCCCCC")
    assert first.first_time == "2026-05-10T11:00:00.000000Z"
    assert first.last_time == "2026-05-10T11:02:30.000000Z"
    assert sum(first.trend) == 42
    assert json.dumps(receiving.groups.trend(span)) == json.dumps(
        [a + b for a, b in zip(first.trend, second.trend, strict=True)]
    )
    assert [fault.incidents for fault in receiving.faults()] == [42, 1]
    assert receiving.bytes() > 0


def test_what_comes_again_is_neither_kept_nor_counted_twice(host, receiving):
    one = host("one")
    for number in range(7):
        one.keep(f"R{number}")
    assert one.send(receiving, at_once=3) == 7
    assert one.send(receiving) == 0
    receiving.database.run("UPDATE origins SET position = 0")
    assert one.send(receiving) == 7
    assert receiving.count() == 7
    assert receiving.kept() == Kept(7, 0, 0)


def test_rows_have_their_numbers_in_the_order_in_which_they_came(host, receiving):
    one = host("one")
    for number in range(20):
        one.keep(f"R{number}", moment(NOW - number * DAY // 10))
    one.send(receiving)
    rows = receiving.after(0)
    assert [found.reference for _, found in rows] == [f"R{number}" for number in range(20)]
    assert receiving.after(receiving.last_row()) == []
    assert [found.reference for _, found in receiving.after(rows[17][0])] == ["R18", "R19"]


def test_a_report_comes_with_its_open_part_and_the_closed_one_if_it_is_wanted(
    host, receiving, record
):
    incident = record(ValueError("planted"))
    for name, with_closed in (("one", True), ("two", False)):
        fields = {**incident.as_dict(), "reference": name.upper()}
        sender = host(name)
        sender.spool.append(frame(encode(summarise(fields)).encode(), encode(fields).encode()))
        sender.send(receiving, with_closed=with_closed)
    assert receiving.find("ONE") == {**incident, "reference": "ONE"}
    found = receiving.find("TWO")
    assert found["closed_part"] == NOT_SENT
    assert found["exception.type"] == "ValueError"
    assert "planted" not in found.as_json()


def test_a_summary_leads_to_the_nearest_report_of_its_fault(host, receiving):
    one = host("one")
    one.keep("FIRST", "2026-05-09T12:00:00Z", report=b"{}")
    one.keep("SECOND", "2026-05-10T12:00:00Z", report=b"{}")
    one.keep("EARLY", "2026-05-09T13:00:00Z")
    one.keep("LATE", "2026-05-10T11:00:00Z")
    one.keep("NAMES", "2026-05-10T11:00:01Z", nearest_report="FIRST")
    one.send(receiving)
    nearest = [receiving.find(name)["nearest_report"] for name in ("EARLY", "LATE", "NAMES")]
    assert nearest == ["FIRST", "SECOND", "FIRST"]


def test_what_clients_of_all_hosts_were_told_is_counted_together_and_once(host, receiving):
    key = Key("SOLD_OUT", 409, "POST /orders", Kind.DECLARED)
    declared = [Declaration("SOLD_OUT", 409, "Sold out", "errors.py:7")]

    def tell(one, answers, reference, at):
        with open_store(one.directory, print) as store:
            store.add_told({key: Count(answers, at, reference)}, declared, at)
            for _ in range(2):  # as a sink does that does not know whether it has come
                receiving.take_told(store.origin(), ToldCounts(store.database), with_declared=True)

    one, other = host("one"), host("other")
    tell(one, 3, "A", NOW)
    tell(other, 4, "", NOW + 60_000_000)
    tell(one, 1, "B", NOW + 60_000_000)
    (told,) = receiving.told(span_of(1440, NOW + 60_000_000))
    assert (told.code, told.answers, told.reference, told.message) == (
        "SOLD_OUT",
        8,
        "B",
        "Sold out",
    )
    assert sum(told.trend) == 8
    assert told.last_time == moment(NOW + 60_000_000)
    with open_store(one.directory, print) as store:
        store.add_told({}, [Declaration("SOLD_OUT", 409, "All gone", "errors.py:8")], NOW)
        counts = ToldCounts(store.database)
        receiving.take_told(store.origin(), counts, with_declared=False)
        assert receiving.told(span_of(1440, NOW))[0].message == "Sold out"
        receiving.take_told(store.origin(), counts, with_declared=True)
        assert receiving.told(span_of(1440, NOW))[0].message == "All gone"
    while receiving.sweep(Retention(), NOW + 20 * DAY):
        pass
    (told,) = receiving.told(span_of(525_600, NOW + 20 * DAY))
    assert (told.answers, sum(told.trend)) == (8, 8)
    while receiving.sweep(Retention(), NOW + 500 * DAY):
        pass
    (told,) = receiving.told(span_of(525_600, NOW + 500 * DAY))
    assert (told.answers, sum(told.trend), told.message) == (8, 0, "")


def test_what_was_decided_about_a_group_stays(host, receiving):
    one = host("one")
    one.keep("A")
    one.keep("C", fingerprint="v1:1")
    one.send(receiving)
    span = span_of(1440, NOW)
    number = receiving.groups.by_fingerprint("v1:0", span).number
    assert receiving.groups.decide(number, State.RESOLVED, NOW)
    assert receiving.groups.get(number, span).state is State.RESOLVED
    one.keep("D", "2026-05-10T12:00:01Z")
    one.send(receiving)
    assert receiving.groups.states()[State.REGRESSED] == 1
    assert [group.state for group in receiving.groups.find(
        state=State.REGRESSED, text="v1:0", span=span, limit=1
    )] == [State.REGRESSED]  # fmt: skip


def test_days_are_made_ahead_and_dropped_by_retention_the_closed_part_first(host, receiving):
    one = host("one")
    for days in (100, 20, 1):
        one.keep(f"D{days}", moment(NOW - days * DAY), report=b'{"severity_number":17,"x":"y"}')
    one.send(receiving)
    partitions = receiving._partitions
    today = NOW // DAY
    assert partitions("incidents")[-3:] == [today, today + 1, today + 2]
    steps = 0
    while receiving.sweep(Retention(), NOW):
        steps += 1
    assert steps == 4  # three tables of the oldest day, and one more of closed parts
    assert partitions("reports")[0] == today - 20
    assert partitions("closed")[0] == today - 1
    assert references(receiving) == ["D1", "D20"]
    assert receiving.find("D20")["closed_part"] == PAST_RETENTION
    assert receiving.find("D1")["x"] == "y"
    assert receiving.count() == 3
    one.keep("AGAIN", moment(NOW - 100 * DAY))
    one.send(receiving)
    assert receiving.find("AGAIN") is not None


def test_all_of_a_batch_is_taken_in_or_nothing(host, receiving, monkeypatch):
    one = host("one")
    one.keep("A")
    one.keep("B")
    with monkeypatch.context() as patched:
        patched.setattr(
            "tightlip.incidents.postgresql.store.Tally.write",
            lambda self: self._tables.run("SELECT 1 / 0"),
        )
        with pytest.raises(StoreError, match="division by zero"):
            one.send(receiving)
    assert receiving.kept() == Kept(0, 0, 0)
    with PostgresqlStore(receiving.database._address) as anew:
        assert one.send(anew) == 2


def test_many_hosts_send_at_once_and_nothing_is_missing_or_doubled(host, url):
    hosts = [host(f"host{number}") for number in range(4)]
    failures = []

    def send(number, sender):
        try:
            with PostgresqlStore(Address(url)) as receiving:
                for round_ in range(5):
                    for each in range(10):
                        sender.keep(f"H{number}R{round_}N{each}", fingerprint=f"v1:{each}")
                    sender.send(receiving, at_once=7)
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=send, args=(number, sender)) for number, sender in enumerate(hosts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with PostgresqlStore(Address(url)) as store:
        assert len(set(references(store))) == 200
        assert store.kept() == Kept(200, 0, 0)
        assert store.count() == 200
        assert [fault.incidents for fault in store.faults()] == [20] * 10


def test_tables_of_a_newer_version_are_refused_with_what_to_do(receiving, url):
    receiving.database.run("UPDATE versions SET version = 99")
    with pytest.raises(StoreError, match=r"newer version.*pip install --upgrade tightlip"):
        PostgresqlStore(Address(url))


def test_tables_of_an_older_version_are_brought_to_this_one(host, receiving, url, monkeypatch):
    one = host("one")
    one.keep("A")
    one.send(receiving)
    step = ("ALTER TABLE faults ADD COLUMN later text",)
    monkeypatch.setattr(
        "tightlip.incidents.postgresql.tables.MIGRATIONS", (*migrations.MIGRATIONS, *step)
    )
    with PostgresqlStore(Address(url)) as store:
        assert store.database.one("SELECT incidents, later FROM faults") == (1, None)
        assert (
            store.database.number("SELECT version FROM versions") == len(migrations.MIGRATIONS) + 1
        )


@pytest.mark.parametrize(
    "url",
    ["", "host=x password=planted", "mysql://u:planted@h/d", "postgresql://u:planted@h/d?no=1"],
)
def test_what_is_no_address_is_refused_without_repeating_it(url):
    with pytest.raises(ValueError, match="postgresql://user@host:5432/database") as caught:
        Address(url)
    assert "planted" not in str(caught.value)
    with pytest.raises(ValueError, match="url") as caught:
        open_sink(("postgresql", {"url": url}))
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    "options", [{}, {"url": 3}, {"url": SERVER, "no": 1}, {"url": SERVER, "closed": 1}]
)
def test_a_sink_says_which_options_it_takes(options):
    with pytest.raises(ValueError, match="the sink 'postgresql' "):
        open_sink(("postgresql", options))


def test_no_password_is_told(directory, capfd, summary):
    address = Address("postgresql://someone:planted@127.0.0.1:1/nowhere")
    assert "planted" not in repr(address) + address.name
    assert address.masked("it was planted") == "it was [password]"
    with pytest.raises(
        StoreError, match=r"postgresql://127\.0\.0\.1:1/nowhere cannot be used"
    ) as caught:
        PostgresqlStore(address)
    assert "planted" not in str(caught.value)
    sink = open_sink(("postgresql", {"url": "postgresql://someone:planted@127.0.0.1:1/nowhere"}))
    directory.make()
    sink.wake(directory, Retention())
    told = ""
    while "has not got all incidents" not in told:
        told += capfd.readouterr().err
        time.sleep(0.05)
    sink.close()
    assert "planted" not in told


def test_a_sink_needs_a_directory(url):
    with pytest.raises(ConfigurationError, match="takes incidents from the directory alone"):
        Shield(directory=None, sinks=[("postgresql", {"url": url})])


def test_a_shield_sends_what_it_records_and_the_terminal_and_the_page_read_it(
    directory, url, exchange, capsys, tmp_path
):
    from starlette.testclient import TestClient

    async def application(scope, receive, send):
        raise ValueError("planted")

    sinks = [("postgresql", {"url": url, "closed": True})]
    shielded = Shield(directory=directory.path, sinks=sinks)(application)
    reference = exchange(shielded).headers[b"x-error-reference"].decode()

    def arrived():
        with suppress(StoreError), PostgresqlStore(Address(url)) as store:
            return store.find(reference) is not None
        return False

    until(arrived)
    given = ["incidents", "--store", url]
    assert main([*given, "show", reference]) == 0
    assert "planted" in capsys.readouterr().out
    assert main([*given, "show", "000000000000"]) == 1
    assert main([*given, "list"]) == 0
    assert reference in capsys.readouterr().out
    assert main([*given, "stats"]) == 0
    assert "1 x" in capsys.readouterr().out
    from tightlip.incidents.postgresql.store import PostgresqlPlace

    page = TestClient(
        create_dashboard(directory, Rules(token="token"), PostgresqlPlace(url)),
        base_url="http://127.0.0.1",
        client=("127.0.0.1", 50000),
    )
    page.get("/", params={"token": "token"})
    assert "ValueError" in page.get("/").text
    assert "planted" in page.get(f"/incidents/{reference}").text
    for address in ("/groups/1", "/codes", "/health", "/groups.json", "/codes.json"):
        assert page.get(address).status_code == 200, address
    until(lambda: any(told["answers"] for told in page.get("/codes.json").json()))
    told = page.get("/codes.json").json()
    assert (told[0]["code"], told[0]["reference"]) == ("INTERNAL_SERVER_ERROR", reference)


def test_the_terminal_tells_of_a_store_that_has_nothing_or_is_no_store(url, capsys):
    assert main(["incidents", "--store", url, "list"]) == 0
    assert "Nothing was recorded in postgresql://" in capsys.readouterr().err
    assert main(["incidents", "--store", "mysql://u:planted@h/d", "list"]) == 2
    said = capsys.readouterr().err
    assert "postgresql://user@host" in said
    assert "planted" not in said
    assert main(["incidents", "--store", "postgresql://u:planted@127.0.0.1:1/d", "list"]) == 2
    said = capsys.readouterr().err
    assert "postgresql://127.0.0.1:1/d cannot be used" in said
    assert "\\n" not in said
    assert "\\t" not in said
    assert "planted" not in said


def test_a_database_that_is_down_gets_all_when_it_is_back(directory, url, record, capfd):
    """What hinders it is the version: it is refused until somebody has put it right."""
    with PostgresqlStore(Address(url)) as store:
        store.database.run("UPDATE versions SET version = 99")
        archive = Archive(directory)
        archive.followers.append(open_sink(("postgresql", {"url": url})))
        incidents = [record(ValueError(str(number))) for number in range(5)]
        for incident in incidents:
            archive.append_report(incident)
        until(lambda: "has not got all incidents" in capfd.readouterr().err)
        assert store.kept() == Kept(0, 0, 0)
        store.database.run("UPDATE versions SET version = ?", len(migrations.MIGRATIONS))
        until(lambda: store.kept() == Kept(5, 5, 0))
        assert store.count() == 5
        archive.close()


def test_what_is_left_at_the_end_of_a_process_is_sent(directory, url, record):
    archive = Archive(directory)
    archive.followers.append(open_sink(("postgresql", {"url": url})))
    incident = record(ValueError("planted"))
    archive.append_report(incident)
    archive.close()
    with PostgresqlStore(Address(url)) as store:
        assert store.find(incident.reference)["exception.type"] == "ValueError"
