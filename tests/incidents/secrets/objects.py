"""Secrets in the fields of an application's objects, and in containers and exceptions around them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import UserDict, defaultdict, deque
from enum import Enum
from types import SimpleNamespace
from typing import Any, NamedTuple

import attrs
import pydantic
from planted import shape
from sqlalchemy import orm


def lynx(number):
    """Return a secret that stands in no source line of a frame."""
    return f"lynx-{number}"


class Gateway:
    def __init__(self, host, secret):
        self.host = host
        self.__api_secret = secret
        self._headers = {"authorization": f"Bearer {secret}", "accept": "text/html"}


class Base:
    __slots__ = ("city", "pin_code")


class Derived(Base):
    __slots__ = ("__passphrase", "rows")

    def __init__(self, city, secret, rows):
        self.city, self.pin_code, self.__passphrase, self.rows = city, secret, secret, rows


@dataclasses.dataclass
class Settings:
    region: str
    database: str
    gateways: list[Any] = dataclasses.field(default_factory=list)
    smtp_password: str = ""


@attrs.define
class Vault:
    region: str
    unseal_secrets: list[bytes]
    root_token: bytes


class Address(pydantic.BaseModel):
    city: str
    iban: str
    ssn: str


class Customer(pydantic.BaseModel):
    name: str
    address: Address
    card_number: str
    extra: dict[str, Any]


class Model(orm.DeclarativeBase):
    pass


class Member(Model):
    __tablename__ = "members"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    city: orm.Mapped[str]
    password_digest: orm.Mapped[str]
    reset_link: orm.Mapped[str]


class Point(NamedTuple):
    place: str
    access_token: str


class SessionKey:
    def __init__(self, number, raw):
        self.id, self.raw, self.made = number, raw, dt.date(2031, 5, 17)


class Mode(Enum):
    FAST = "fast"


class Refused(Exception):
    def __init__(self, host, credentials):
        super().__init__(host)
        self.credentials = credentials


@shape("lynx-0101", "lynx-0102", stays=("gateway.example", "text/html"))
def fields_with_private_names():
    gateway = Gateway("gateway.example", "lynx-0101")
    gateway.__dict__["_Gateway__token"] = b"lynx-0102"
    raise RuntimeError("it failed", gateway)


@shape("lynx-0201", "lynx-0202", stays=("Bern", "41"))
def slots_that_are_inherited():
    derived = Derived("Bern", "lynx-0201", [{"number": 41, "secret": "lynx-0202"}])
    raise RuntimeError("it failed", len(derived.rows))


@shape("lynx-0301", "lynx-0302", "lynx-0303", "lynx-0304", stays=("eu-7", "db.example"))
def objects_in_mappings_in_lists():
    made = [{"settings": Settings("eu-7", "postgresql://ada:lynx-0301@db.example/shop")}]
    made[0]["settings"].gateways = [Gateway("g.example", "lynx-0302")]
    made[0]["settings"].smtp_password = "lynx-0303"
    made.append({"password": Settings("eu-7", "lynx-0304")})
    raise RuntimeError("it failed", len(made))


@shape("lynx-0401", "lynx-0402", stays=("eu-8",))
def bytes_in_fields():
    vault = Vault("eu-8", [b"lynx-0401", bytearray(b"lynx-0401b")], b"lynx-0402")
    raise RuntimeError("it failed", vault)


@shape(
    "CH93 0076 2011",
    "078-05-1120",
    "4012888888881881",
    "lynx-0501",
    stays=("Lovelace", "Basel", "open"),
)
def models_in_models():
    address = Address(city="Basel", iban="CH93 0076 2011 6238 5295 7", ssn="078-05-1120")
    extra = {"state": "open", "apiToken": "lynx-0501"}
    customer = Customer(
        name="Lovelace", address=address, card_number="4012888888881881", extra=extra
    )
    raise RuntimeError("it failed", len(customer.extra))


@shape("lynx-0601", "lynx-0602abcdef12", stays=("Zug",))
def rows_of_a_mapper():
    link = "https://shop.example/reset?token=lynx-0602abcdef12"
    member = Member(id=7, city="Zug", password_digest="lynx-0601", reset_link=link)
    raise RuntimeError("it failed", member)


@shape("lynx-0701", "lynx-0702", stays=("Thun", "2031-05-17", "41007"))
def tuples_with_names_and_classes_for_secrets():
    point, key = Point("Thun", "lynx-0701"), SessionKey(41007, "lynx-0702")
    raise RuntimeError("it failed", point, key)


@shape("lynx-0801", "lynx-0802", stays=("FAST", "Chur"))
def other_objects():
    holder = SimpleNamespace(token="lynx-0801")
    table = UserDict(password="lynx-0802")
    mode, place = Mode.FAST, Settings("Chur", "none")
    raise RuntimeError("it failed", holder, table, mode, place)


@shape("lynx-0901", "lynx-0902", "lynx-0903", "lynx-0904", stays=("a.example", "b.example"))
def exceptions_of_the_application():
    try:
        try:
            raise Refused("a.example", {"user": "ada", "key": lynx("0901")})
        except Refused as error:
            error.add_note(f"while it sent x-api-key: {lynx('0902')}")
            raise ConnectionError("b.example", Gateway("b.example", lynx("0903"))) from error
    except ConnectionError as error:
        error.__notes__ = ["Cookie: sid=lynx-0904"]
        raise ExceptionGroup("several", [error, ValueError("c")]) from error


@shape("lynx-1001", "lynx-1002", "lynx-1003", stays=("Sion",))
def containers_of_containers():
    queue = deque([defaultdict(list, secrets=["lynx-1001"]), ("token", bytearray(b"lynx-1002"))])
    nested = ({"a": [({"passwd": {"b": Settings("Sion", "lynx-1003")}},)]}, Settings("Sion", "x"))
    raise RuntimeError("it failed", len(queue), len(nested))


@shape("lynx-1101", "lynx-1102", stays=("it failed",))
def objects_that_lead_to_each_other():
    first, second = Gateway("h", "lynx-1101"), Gateway("i", "lynx-1102")
    first.other, second.other = second, first
    raise RuntimeError("it failed", first)


@shape("lynx-1201", stays=("said no",))
def a_secret_in_a_field_and_in_words():
    gateway = Gateway("h", "lynx-1201")
    raise RuntimeError(f"{gateway.host} said no to {lynx(1201)}")
