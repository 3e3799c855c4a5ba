from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import ipaddress
import pathlib
import uuid
import zoneinfo

import pytest

calls: list[str] = []
"""What was called of foreign code."""


@pytest.fixture
def local(record, raised):
    """Return what a record says of a value that stands in a local."""

    def read(value, name="value"):
        calls.clear()
        scope = {"value": value}
        exec(compile(f"def fail(given):\n    {name} = given\n    1 / 0\n", __file__, "exec"), scope)
        incident = record(raised(lambda: scope["fail"](value)))
        assert calls == []
        return incident["exceptions"][0]["frames"][-1]["locals"][name]

    return read


class Colour(enum.Enum):
    RED = "r3d-secret"


class Level(enum.IntEnum):
    HIGH = 3


MOMENT = dt.datetime.fromisoformat("2024-03-31T02:30:00")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (decimal.Decimal("1240.50"), "1240.50"),
        (decimal.Decimal("NaN"), "NaN"),
        (dt.date(2031, 5, 17), "2031-05-17"),
        (MOMENT, "2024-03-31T02:30:00"),
        (MOMENT.replace(tzinfo=dt.UTC), "2024-03-31T02:30:00+00:00"),
        (MOMENT.replace(tzinfo=zoneinfo.ZoneInfo("UTC")), "2024-03-31T02:30:00+00:00"),
        (dt.time(7, 5), "07:05:00"),
        (dt.timedelta(days=2, seconds=3), "2 days, 0:00:03"),
        (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (ipaddress.ip_address("198.51.100.23"), "198.51.100.23"),
        (ipaddress.ip_address("fe80::1%eth0"), "fe80::1%eth0"),
        (pathlib.Path("/srv/app") / "march.csv", "/srv/app/march.csv"),
        (pathlib.PureWindowsPath("C:\\in\\a.txt"), "C:\\in\\a.txt"),
        (Colour.RED, f"<{__name__}.Colour.RED>"),
        (Level.HIGH, f"<{__name__}.Level.HIGH>"),
        (collections.OrderedDict(order=7), {"order": 7}),
        (collections.defaultdict(list, order=[7]), {"order": [7]}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (collections.deque([1, "two"]), [1, "two"]),
    ],
)
def test_values_of_the_standard_library_are_told(local, value, text):
    assert local(value) == text
    assert local([value]) == [text]


def test_secrets_in_them_are_taken_out(local):
    assert local(collections.OrderedDict(password="swordfish")) == {"password": "[scrubbed]"}
    assert local(collections.deque([("token", "swordfish")])) == [["token", "[scrubbed]"]]
    assert "swordfish" not in local(pathlib.Path("/srv/in/token=swordfish-9.csv"))
    assert local(pathlib.Path("/srv/a"), "private_key") == f"<{_module(pathlib.Path('/'))}>"


def _module(value):
    return f"{type(value).__module__}.{type(value).__qualname__}"


class Zone(dt.tzinfo):
    def utcoffset(self, when):
        calls.append("utcoffset")
        return dt.timedelta(hours=1)

    def __repr__(self):
        calls.append("repr")
        return "zone"


class Piece(str):
    __slots__ = ()

    def __getattribute__(self, name):
        calls.append(name)
        return str.__getattribute__(self, name)


def test_no_code_runs_of_what_stands_inside_of_them(local):
    assert local(MOMENT.replace(tzinfo=Zone())) == f"2024-03-31T02:30:00 <{__name__}.Zone>"
    assert str(local(pathlib.Path(Piece("a")))).startswith(("a", "<pathlib"))
    identifier = uuid.UUID(int=7)
    object.__setattr__(identifier, "int", Zone())
    assert local(identifier) == "<uuid.UUID>"


def test_a_class_that_takes_the_name_of_one_is_not_believed(local):
    lie = type(
        "Decimal", (), {"__module__": "decimal", "__str__": lambda self: calls.append("str")}
    )
    assert local(lie()) == "<decimal.Decimal>"
    assert local(type("Sub", (decimal.Decimal,), {"__module__": "shop"})(1)) == "<shop.Sub>"


def test_a_number_and_a_path_without_end_are_told_by_their_class(local):
    assert local(decimal.Decimal("9" * 100_000)) == "<decimal.Decimal>"
    path = pathlib.Path("a" * 100_000)
    assert local(path) == f"<{_module(path)}>"


class Meta(type):
    def __hash__(cls):
        calls.append("hash of class")
        return hash(str)

    def __eq__(cls, other):
        calls.append("== of class")
        return True


class Compared(metaclass=Meta):
    pass


class Key:
    """Has the hash of a name that is looked for."""

    def __init__(self, name):
        self.name = name

    def __hash__(self):
        return hash(self.name)

    def __eq__(self, other):
        calls.append("== of key")
        return True


@pytest.mark.parametrize("name", ["value", "password"])
def test_no_class_is_asked_for_its_hash_or_whether_it_is_another(local, name):
    assert local(Compared(), name) == f"<{__name__}.Compared>"
    expected = "[scrubbed]" if name == "password" else [f"<{__name__}.Compared>"]
    assert local([Compared()], name) == expected


@pytest.mark.parametrize("key", ["name", "key", "loc", "value"])
def test_no_key_of_a_mapping_is_asked_whether_it_is_another(local, key):
    assert local({Key(key): 1}) == {f"<{__name__}.Key>": 1}
