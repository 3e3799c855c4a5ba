"""An application with secrets in its exceptions, its locals and its answers, each at a place of its own."""

from __future__ import annotations

import base64
import json
import subprocess
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import attrs
import pydantic
import sqlalchemy
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

app = FastAPI()
now = SimpleNamespace(text="", shape=0)
"""What the next request is about: read as a global, so that it is no frame's local."""

SHAPES: list[Shape] = []


class Shape(NamedTuple):
    name: str
    fail: Callable[[], object]
    secrets: tuple[str, ...]
    stays: tuple[str, ...]


def shape(*secrets: str, stays: tuple[str, ...] = ()):
    def add(function):
        SHAPES.append(Shape(function.__name__.replace("_", " "), function, secrets, stays))
        return function

    return add


# Places of a text


def in_message():
    raise RuntimeError(now.text)


def in_second_argument():
    raise RuntimeError("it failed", {"detail": now.text})


def in_cause():
    try:
        raise OSError(now.text)
    except OSError as error:
        raise RuntimeError("it failed") from error


def in_suppressed_context():
    try:
        raise OSError(now.text)
    except OSError:
        raise RuntimeError("it failed") from None


def in_member_of_group():
    raise ExceptionGroup("several", [ValueError("one"), ExceptionGroup("in", [OSError(now.text)])])


def in_note():
    error = RuntimeError("it failed")
    error.add_note(f"While it did this: {now.text}")
    raise error


def in_local():
    line = now.text
    raise RuntimeError("it failed", len(line))


def in_nested_local():
    state = {"steps": [("first", now.text)]}
    raise RuntimeError("it failed", len(state))


def in_bytes():
    raw = now.text.encode()
    raise RuntimeError("it failed", len(raw))


def in_json_in_local():
    raw = json.dumps({"level": "info", "line": now.text})
    raise RuntimeError("it failed", len(raw))


def in_repr():
    raise RuntimeError(f"cannot use {now.text!r}")


def in_own_text():
    class Told(Exception):
        def __str__(self):
            return f"told: {now.text}"

    raise Told


def in_withheld_detail():
    raise HTTPException(409, detail=f"it failed: {now.text}")


def in_withheld_body():
    return JSONResponse({"detail": now.text}, 500)


def in_withheld_header():
    return JSONResponse({}, 500, {"x-reason": now.text.encode("unicode_escape").decode("ascii")})


PLACES = [value for name, value in sorted(globals().items()) if name.startswith("in_")]

# Shapes of locals and exceptions


@shape("finch-0001", "finch-0002", stays=("db.example", "ada"))
def names_of_variables():
    host, user, password, passphrase = "db.example", "ada", "finch-0001", "finch-0002"
    raise RuntimeError("it failed", len(host + user + password + passphrase))


@shape(*(f"finch-01{number:02}" for number in range(14)))
def short_names_of_variables():
    pwd, passwd, pw, pin = "finch-0100", "finch-0101", "finch-0102", "finch-0103"
    otp, auth, creds, jwt = "finch-0104", "finch-0105", "finch-0106", "finch-0107"
    apikey, db_pass, sid, cvv = "finch-0108", "finch-0109", "finch-0110", "finch-0111"
    smtp_pw, signing_key = "finch-0112", "finch-0113"
    raise RuntimeError("it failed")


@shape("finch-0201", "finch-0202", stays=("settings", "db.example"))
def a_mapping():
    settings = {"host": "db.example", "password": "finch-0201", "auth": {"token": "finch-0202"}}
    raise RuntimeError("it failed", len(settings))


@shape("finch-0301", "finch-0302", "finch-0303")
def a_mapping_of_lists():
    form = {"password": ["finch-0301"], "tokens": ("finch-0302",), b"secret": [b"finch-0303"]}
    raise RuntimeError("it failed", len(form))


@shape("finch-0401", "finch-0402", "finch-0403", stays=("x-trace", "abc"))
def pairs():
    headers = [("x-trace", "abc"), ("x-api-key", "finch-0401"), ["authorization", "finch-0402"]]
    raw = [(b"x-auth-token", b"finch-0403"), (b"accept", b"text/html")]
    raise RuntimeError("it failed", len(headers), len(raw))


@shape("finch-0501", "finch-0502", stays=("login",))
def named_values():
    fields = [
        {"name": "login", "value": "ada"},
        {"name": "password", "value": "finch-0501"},
        {"Key": "API_KEY", "Value": "finch-0502"},
    ]
    raise RuntimeError("it failed", len(fields))


@shape("finch-0601", "finch-0602", "finch-0603", stays=("mysqldump", "db.example"))
def arguments_of_a_command():
    command = ["mysqldump", "-h", "db.example", "--password", "finch-0601", "-pfinch-0602"]
    second = ("curl", "-u", "ada:finch-0603", "https://api.example")
    raise RuntimeError("it failed", len(command), len(second))


@shape("finch-0701", stays=("returned non-zero exit status 3", "pg_restore"))
def a_process_that_failed():
    raise subprocess.CalledProcessError(3, ["pg_restore", "--password=finch-0701", "a.dump"])


@shape("finch-0801", "finch-0802", stays=("timed out after 5 seconds",))
def a_process_that_timed_out():
    command = "PGPASSWORD=finch-0801 psql postgresql://ada:finch-0802@db.example/shop"
    raise subprocess.TimeoutExpired(command, 5)


@dataclass
class Login:
    user: str
    password: str


class Pair(NamedTuple):
    user: str
    secret: str


class Account(BaseModel):
    user: str
    password: str = Field(min_length=20)
    pin: int = Field(default=0, lt=1000)


@attrs.define
class Client:
    host: str
    api_key: str


class Keys(Enum):
    SIGNING_KEY = "finch-0905"


@shape("finch-0901", "finch-0902", "finch-0903-long-enough", "finch-0904", "finch-0905")
def objects():
    login, pair = Login("ada", "finch-0901"), Pair("ada", "finch-0902")
    account = Account(user="ada", password="finch-0903-long-enough")
    client, key = Client("api.example", "finch-0904"), Keys.SIGNING_KEY
    raise RuntimeError("it failed", login, pair, account, client, key)


@shape(
    "finch-1001", "finch-1002", "finch-1003-long-enough", "finch-1004", "finch-1005", stays=("ada",)
)
def objects_in_words():
    login, pair = Login("ada", "finch-1001"), Pair("ada", "finch-1002")
    account = Account(user="ada", password="finch-1003-long-enough")
    client, settings = Client("api.example", "finch-1004"), {"password": "finch-1005"}
    raise RuntimeError(f"{login} {pair!r} {account!r} {account} {client} {settings}")


@shape("finch-1101", "finch-1102", "finch-1103")
def other_containers():
    ordered = OrderedDict(password="finch-1101")
    made = defaultdict(str, password="finch-1102")
    queue = deque([("password", "finch-1103")])
    raise RuntimeError("it failed", ordered, made, queue)


@shape("finch-1201", "finch-1202", "finch-1203")
def other_containers_in_words():
    ordered = OrderedDict(password="finch-1201")
    made = defaultdict(str, password="finch-1202")
    queue = deque([("password", "finch-1203")])
    raise RuntimeError(f"{ordered} {made} {queue}")


@shape("finch-1301", "finch-1302", stays=("db.example", "ada"))
def an_address_of_sqlalchemy():
    url = sqlalchemy.engine.make_url("postgresql://ada:finch-1301@db.example/shop")
    told = url.render_as_string(hide_password=False)
    raise RuntimeError(f"cannot reach {told}", {"pw": "finch-1302"})


@shape("finch-1401", stays=("no such table", "INSERT INTO users"))
def a_statement_that_failed():
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        statement = sqlalchemy.text("INSERT INTO users (name, password) VALUES (:name, :password)")
        connection.execute(statement, {"name": "ada", "password": "finch-1401"})


@shape("finch-1501", "finch-1502", stays=("no such table", "UPDATE users SET"))
def many_statements_that_failed():
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        rows = [{"token": "finch-1501", "id": 1}, {"token": "finch-1502", "id": 2}]
        connection.execute(sqlalchemy.text("UPDATE users SET token=:token WHERE id=:id"), rows)


@shape("finch-1601", "160199", stays=("string_too_short", "Account"))
def a_model_that_refused():
    Account.model_validate({"user": "ada", "password": "finch-1601", "pin": 160199})


@shape("finch-1701", stays=("Field required",))
def a_model_that_missed_a_field():
    Account.model_validate({"password": "finch-1701" + "-long-enough-for-it"})


@shape("finch-1801", stays=("string_too_short",))
def errors_of_a_model_in_words():
    try:
        Account.model_validate({"user": "ada", "password": "finch-1801"})
    except pydantic.ValidationError as error:
        raise RuntimeError(str(error.errors())) from None


@shape("finch-1901")
def a_key_that_is_missing():
    known = {"password": {"first": "finch-1901"}}
    raise KeyError(known["password"]["first"])


@shape("finch-2001")
def text_that_cannot_be_decoded():
    b'{"password": "finch-2001", "name": "\xff"}'.decode()


@shape("finch-2101", stays=("Expecting",))
def json_that_cannot_be_read():
    json.loads('{"password": "finch-2101", "name": }')


@shape("finch-2201", stays=("No such file",))
def a_file_that_is_missing():
    Path("/run/secrets/postgresql://ada:finch-2201@db/shop").read_text()


@shape("YWRhOmZpbmNoLTIzMDE", stays=())
def credentials_in_base64():
    header = "Basic " + base64.b64encode(b"ada:finch-2301").decode()
    raise RuntimeError(f"sent {header}")


@shape("finch-2401", "finch-2402")
def source_with_a_secret():
    raise RuntimeError(Login("ada", password="finch-2401") and {"api_key": "finch-2402"} and "it")


@shape("739921", "739922", "739923")
def numbers():
    pin, codes, card = 739921, {"otp": 739922, "cvv": [739923]}, 4111111111111111
    raise RuntimeError("it failed", pin, codes, card)


@shape("sk_" + "live_finch2601QwErTyUiOpAs", stays=("ada",))
def a_secret_for_a_key():
    owners = {"sk_" + "live_finch2601QwErTyUiOpAs": "ada"}
    raise RuntimeError("it failed", owners)


@shape("finch-2701", "finch-2702")
def arguments_by_keyword():
    def connect(*args, **kwargs):
        raise RuntimeError("it failed", len(args))

    connect("db.example", ("password", "finch-2702"), password="finch-2701")


@shape("finch-2801", "finch-2802")
def exception_with_attributes():
    class Refused(Exception):
        def __init__(self, user, password):
            super().__init__(user, password)
            self.password = password

    error = Refused("ada", {"password": "finch-2801"})
    error.__notes__ = ["token=finch-2802"]
    raise error


@shape("finch-2901", "finch-2902", stays=("EUR",))
def graph_of_everything():
    tree = {"a": {"b": [{"c": {"secret": "finch-2901"}}, ({"private_key": {"d": "finch-2902"}},)]}}
    raise RuntimeError("EUR", tree)


@shape("finch-3001", "finch-3002")
def locals_with_a_secret_elsewhere():
    password = "finch-3001"
    line = "logging in with " + password
    state = {"steps": [line, "finch-3002"], "session_id": "finch-3002"}
    raise RuntimeError("refused: " + password, state, {"token": "finch-3003"})


@app.get("/shapes")
async def fail_by_shape():
    SHAPES[now.shape].fail()


@app.post("/accounts")
async def create(account: Account):
    raise RuntimeError(f"no room for {account}")


@app.get("/places")
async def fail_at_a_place():
    return now.place()


@app.get("/invitations/{token}/accept")
async def accept(token: str):
    raise RuntimeError("it failed")


@app.get("/{path:path}")
async def fail_anywhere(path: str):
    raise RuntimeError("it failed")
