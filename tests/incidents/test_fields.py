"""The fields of objects are told, of those whose class is the application's or declares them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import gc
import sys
import threading
import types
import weakref
from decimal import Decimal
from typing import NamedTuple

import attrs
import pydantic
import pytest
import requests
import sqlalchemy
import starlette.datastructures
from sqlalchemy import orm

from tightlip.incidents.cutting import LARGEST_RECORD

SECRET = "swordfish-4711"
HERE = __name__


@pytest.fixture
def local(record, raised):
    """Return what a record says of a value that stands in a local, and the whole record."""

    def read(value, name="value", **more):
        scope = {"value": value}
        exec(compile(f"def fail(given):\n    {name} = given\n    1 / 0\n", __file__, "exec"), scope)
        incident = record(raised(lambda: scope["fail"](value)), **more)
        return incident["exceptions"][0]["frames"][-1]["locals"][name], incident

    return read


def named(cls, **fields):
    return {f"<{cls.__module__}.{cls.__qualname__}>": fields}


class Plain:
    def __init__(self, **fields):
        self.__dict__.update(fields)


class Slotted:
    __slots__ = ("city", "left_out", "number")

    def __init__(self, city, number):
        self.city, self.number = city, number


class Inherited(Slotted):
    __slots__ = ("__street", "extra")

    def __init__(self, city, number, street):
        super().__init__(city, number)
        self.__street = street


@dataclasses.dataclass
class Line:
    sku: str
    price: Decimal


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    sku: str
    lines: tuple[Line, ...]


@attrs.define
class Defined:
    city: str


class Modelled(pydantic.BaseModel):
    city: str
    when: dt.date


class Point(NamedTuple):
    x: int
    y: int


class Base(orm.DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    city: orm.Mapped[str]
    password_hash: orm.Mapped[str]
    orders: orm.Mapped[list[Order]] = orm.relationship(back_populates="customer")


class Order(Base):
    __tablename__ = "orders"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    customer_id: orm.Mapped[int] = orm.mapped_column(sqlalchemy.ForeignKey("customers.id"))
    customer: orm.Mapped[Customer] = orm.relationship(back_populates="orders")


TOLD = {
    "plain": (Plain(id=7, _city="Bern"), named(Plain, id=7, _city="Bern")),
    "slots": (Slotted("Bern", 7), named(Slotted, city="Bern", number=7)),
    "inherited": (
        Inherited("Bern", 7, "Aare"),
        named(Inherited, city="Bern", number=7, _Inherited__street="Aare"),
    ),
    "data class": (Line("A1", Decimal("2.50")), named(Line, sku="A1", price="2.50")),
    "data class with slots": (
        Frozen("A1", (Line("A2", Decimal(1)),)),
        named(Frozen, lines=[named(Line, sku="A2", price="1")], sku="A1"),
    ),
    "attrs": (Defined("Bern"), named(Defined, city="Bern")),
    "pydantic": (
        Modelled(city="Bern", when=dt.date(2031, 5, 17)),
        named(Modelled, city="Bern", when="2031-05-17"),
    ),
    "named tuple": (Point(1, 2), named(Point, x=1, y=2)),
}


@pytest.mark.parametrize(("value", "told"), TOLD.values(), ids=TOLD)
def test_the_fields_of_an_object_are_told(local, value, told):
    assert local(value)[0] == told
    assert local([value])[0] == [told]


def test_what_a_mapper_has_loaded_is_told_and_nothing_is_loaded(local):
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)
    Base.metadata.create_all(engine)
    statements = []
    with orm.Session(engine) as session:
        session.add(Order(id=7, customer=Customer(id=3, city="Bern", password_hash=SECRET)))
        session.commit()
        order = session.get(Order, 7)
        sqlalchemy.event.listen(engine, "before_cursor_execute", lambda *a: statements.append(a))
        assert local(order)[0] == named(Order, id=7, customer_id=3)
        assert statements == []
        assert order.customer.orders == [order]
        told, incident = local(order)
    assert told == named(
        Order,
        id=7,
        customer_id=3,
        customer=named(
            Customer,
            id=3,
            city="Bern",
            password_hash="[scrubbed]",
            orders=[f"<{HERE}.Order>"],
        ),
    )
    assert SECRET not in incident.as_json()
    engine.dispose()


def test_of_an_object_of_a_library_the_class_alone_is_told(local):
    session = requests.Session()
    session.headers["x-vault"] = session.auth = SECRET
    told, incident = local(session)
    assert told == "<requests.sessions.Session>"
    assert local(Plain(client=session, lock=threading.Lock(), kind=Plain))[0] == named(
        Plain, client=told, lock="<_thread.lock>", kind="<type>"
    )
    assert SECRET not in incident.as_json()


def test_a_library_that_declares_the_fields_of_a_class_has_them_told_but_for_private_ones(local):
    module = types.ModuleType("library_of_models")
    module.__file__ = "/usr/lib/python3/site-packages/library_of_models.py"
    sys.modules["library_of_models"] = module
    try:
        made = dataclasses.make_dataclass("Made", ["city", "_cache"])
        made.__module__ = "library_of_models"
        other = type("Other", (), {"__module__": "library_of_models"})()
        other.city = "Bern"
        assert local(made("Bern", 1))[0] == {"<library_of_models.Made>": {"city": "Bern"}}
        assert local(other)[0] == "<library_of_models.Other>"
    finally:
        del sys.modules["library_of_models"]


class Account:
    def __init__(self, secret):
        self.host, self.api_key, self.__password = "shop-eu", secret, secret


class KeepsKeys(Slotted):
    __slots__ = ("private_key",)


@dataclasses.dataclass
class ApiToken:
    id: int
    user_id: int
    created: dt.date
    raw: str
    code: int


class Hidden(pydantic.SecretStr):
    """A class of the application's that is made of one for secrets."""


class Opaque(starlette.datastructures.Secret):
    """The same, of a library that says nothing of it in the names of its fields."""


class Card(pydantic.BaseModel):
    holder: str
    number: int
    note: str
    code: pydantic.SecretStr
    card_number: str
    iban: str
    ssn: str


def _slots():
    made = KeepsKeys("shop-eu", 1)
    made.private_key = SECRET.encode()
    return made


PLANTED = {
    "private name": (lambda: Account(SECRET), "shop-eu"),
    "slot": (_slots, "shop-eu"),
    "mapping": (lambda: Plain(host="shop-eu", settings={"token": SECRET}), "shop-eu"),
    "object in a mapping in a list": (
        lambda: Plain(rows=[{"host": "shop-eu", "inner": Account(SECRET)}]),
        "shop-eu",
    ),
    "pair": (lambda: Plain(host="shop-eu", pair=("password", SECRET)), "shop-eu"),
    "address": (lambda: Plain(line=f"https://ada:{SECRET}@db.example/x"), "db.example"),
    "named value": (lambda: Plain(name="password", value=SECRET), "Plain"),
    "arguments": (lambda: Plain(host="shop-eu", argv=["tool", "--token", SECRET]), "shop-eu"),
    "class for secrets": (
        lambda: ApiToken(7, 3, dt.date(2031, 5, 17), SECRET, 471100),
        "2031-05-17",
    ),
    "object in a class for secrets": (
        lambda: Plain(
            host="shop-eu",
            held=ApiToken(7, 3, dt.date(2031, 5, 17), Plain(text=SECRET), 471100),
        ),
        "2031-05-17",
    ),
    "class made of one for secrets": (
        lambda: Plain(host="shop-eu", wrapped=Hidden(SECRET)),
        "shop-eu",
    ),
    "class made of one without telling names": (
        lambda: Plain(host="shop-eu", wrapped=Opaque(SECRET)),
        "shop-eu",
    ),
    "model": (
        lambda: Card(
            holder="shop-eu",
            number=4111111111111111,
            note=f"password={SECRET}",
            code=SECRET,
            card_number=SECRET,
            iban=SECRET,
            ssn=SECRET,
        ),
        "shop-eu",
    ),
}


@pytest.mark.parametrize(("make", "stays"), PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("name", ["value", "password"])
def test_no_secret_in_a_field_is_kept(local, make, stays, name):
    told, incident = local(make(), name)
    line = incident.as_json()
    for secret in (SECRET, "471100", "4111111111111111"):
        assert secret not in line
    if name == "value":
        assert stays in str(told)
    else:
        assert type(told) is str


def test_the_identity_of_what_is_called_like_a_secret_stays(local):
    told, _ = local(ApiToken(7, 3, dt.date(2031, 5, 17), SECRET, 471100))
    assert told == named(
        ApiToken, id=7, user_id=3, created="2031-05-17", raw="[scrubbed]", code="[scrubbed]"
    )


def test_a_secret_in_a_field_is_taken_out_wherever_else_it_stands(record, raised):
    def fail(account):
        raise RuntimeError(f"the shop said no to {SECRET}")

    incident = record(raised(lambda: fail(Account(SECRET))))
    assert SECRET not in incident.as_json()


def test_the_message_of_an_exception_names_the_class_of_its_argument(record, raised):
    def fail():
        raise RuntimeError("no room", Line("A1", Decimal(1)))

    exception = record(raised(fail))["exceptions"][0]
    assert exception["exception.message"] == f"no room, <{HERE}.Line>"
    assert exception["exception.args"] == ["no room", named(Line, sku="A1", price="1")]


class PaymentRefused(Exception):
    def __init__(self, reason, account, pin):
        super().__init__(reason)
        self.reason, self.account, self.pin = reason, account, pin


def test_what_an_exception_of_the_application_holds_beside_its_arguments_is_told(record, raised):
    def fail():
        error = PaymentRefused("over the limit", Line("A1", Decimal(1)), SECRET)
        error.add_note("the third attempt")
        raise error

    incident = record(raised(fail))
    assert incident["exceptions"][0]["exception.attributes"] == {
        "account": named(Line, sku="A1", price="1"),
        "pin": "[scrubbed]",
    }
    assert SECRET not in incident.as_json()


def test_what_an_exception_of_a_library_holds_is_not_told(record, raised):
    def fail():
        error = requests.HTTPError("refused")
        error.account = "A1"
        raise error

    assert "exception.attributes" not in record(raised(fail))["exceptions"][0]


def test_an_exception_that_holds_itself_is_told_once(record, raised):
    def fail():
        error = PaymentRefused("over the limit", None, None)
        error.account = error
        raise error

    attributes = record(raised(fail))["exceptions"][0]["exception.attributes"]
    assert attributes == {"account": f"<{HERE}.PaymentRefused>", "pin": None}


def test_an_object_that_does_not_want_to_be_seen_is_told_all_the_same(local):
    def fight(self, *names):
        raise SystemExit(names)

    cls = type(
        "Wary",
        (Slotted,),
        {
            "__slots__": ("__dict__",),
            "__getattribute__": fight,
            "__getattr__": fight,
            "__repr__": fight,
            "__class__": property(fight),
            "city": property(fight),
        },
    )
    wary = cls.__new__(cls)
    Slotted.__dict__["city"].__set__(wary, "Bern")
    cls.__dict__["__dict__"].__get__(wary)["street"] = "Aare"
    assert local(wary)[0] == named(cls, street="Aare", city="Bern")


def test_a_name_in_a_class_that_compares_by_code_of_its_own_is_not_asked(local):
    made = []

    class Name(str):
        __slots__ = ()

        def __eq__(self, other):
            if made:  # the interpreter asks by itself while it makes the class
                raise SystemExit(other)
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    asked = ["__dataclass_fields__", "_sa_class_manager", "__slots__", "__dict__", "_fields"]
    cls = type("Named", (Plain,), {Name(name): () for name in asked})
    pair = type("Pair", (tuple,), {Name("_fields"): ("a",)})
    value = cls.__new__(cls)
    Plain.__dict__["__dict__"].__get__(value)["city"] = "Bern"
    made.append(cls)
    assert local(value)[0] == named(cls, city="Bern")
    assert local(pair("a"))[0] == f"<{HERE}.Pair>"


@pytest.mark.parametrize("module", [__name__, "no.such.module", "not a module"])
def test_a_class_that_was_made_for_one_request_is_let_go(local, monkeypatch, module):
    monkeypatch.setitem(sys.modules, "not a module", object())
    cls = type("Made", (Plain,), {"__module__": module})
    made = weakref.ref(cls)
    local(cls(city="Bern"))
    del cls
    gc.collect()
    assert made() is None


def test_what_an_object_leads_back_to_is_told_by_its_class(local):
    one, two = Plain(), Plain()
    one.two, two.one, two.all = two, one, [one]
    told = f"<{HERE}.Plain>"
    assert local(one)[0] == {told: {"two": {told: {"one": told, "all": [told]}}}}


def test_fields_have_a_bound_in_depth_in_width_and_in_all(local):
    deep = Plain(end=1)
    for _ in range(10_000):
        deep = Plain(inner=deep)
    told, levels = local(deep)[0], 0
    while type(told) is dict:
        ((name, fields),) = told.items()
        assert name == f"<{HERE}.Plain>"
        told, levels = fields["inner"], levels + 1
    assert levels == 4
    assert told == f"<{HERE}.Plain>"
    wide = local(Plain(**{f"n{number}": number for number in range(100)}))[0]
    assert len(wide[f"<{HERE}.Plain>"]) == 25
    assert wide[f"<{HERE}.Plain>"]["..."] == "[76 more]"
    many = local([[Plain(id=1) for _ in range(12)] for _ in range(12)])[0]
    assert str(many).count("'id'") == 64
    while hasattr(deep, "inner"):  # taken apart one by one: the interpreter would recurse
        deep = deep.inner


def test_a_record_that_is_too_large_loses_the_fields_first(record, raised):
    def call(number, order):
        plain = {"stays": number}
        if not number:
            raise RuntimeError
        call(number - 1, Plain(text="x" * 1000, more=["y" * 1000] * 20))

    incident = record(raised(lambda: call(8, None)))
    assert incident["cut"] == ["locals of library frames", "fields of objects"]
    assert incident["exceptions"][0]["frames"][-1]["locals"] == {
        "number": 0,
        "order": f"<{HERE}.Plain>",
        "plain": {"stays": 0},
        "call": "<function>",
    }
    assert len(incident.as_json()) <= LARGEST_RECORD


def test_a_member_of_an_enumeration_with_fields_is_told_by_its_name(local):
    class Planet(enum.Enum):
        EARTH = (1, SECRET)

        def __init__(self, number, secret):
            self.number, self.secret = number, secret

    told, incident = local(Planet.EARTH)
    assert told.endswith("Planet.EARTH>")
    assert SECRET not in incident.as_json()
