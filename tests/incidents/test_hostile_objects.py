"""Objects that fight back, in a real application: none of their code runs, and all is recorded."""

from __future__ import annotations

import gc
import json
import sys
import weakref
from collections import UserDict
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tightlip import Shield
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import drain, open_store

calls: list[str] = []
"""The names of the methods of hostile objects that anything has called."""


def _called(name, behaviour=None):
    def method(self, *arguments):
        calls.append(name)
        if behaviour is not None:
            behaviour(self)
        return NotImplemented

    return method


def _recurse(value):
    return repr(value)


def _leave(value):
    sys.exit(3)


def _raise(value):
    raise KeyboardInterrupt


def _delete(value):
    frame = sys._getframe()
    while frame is not None:
        frame.clear() if frame.f_back is None else None
        frame = frame.f_back
    raise MemoryError


METHODS = """
    __repr__ __str__ __format__ __bytes__ __hash__ __eq__ __ne__ __lt__ __len__ __iter__ __bool__ __int__
    __index__ __float__ __contains__ __getitem__ __reversed__ __dir__ __sizeof__ __reduce_ex__ __getstate__
    __call__ __enter__ __del__ __rich__ __rich_repr__ __json__ __html__ __array__ __fspath__ __length_hint__
    keys values items name code status detail
""".split()


def hostile_class(base=object, behaviour=None, **more):
    methods = {
        name: _called(name, behaviour)
        for name in METHODS
        if name != "__del__" and not (base is not object and name in {"__hash__", "__eq__"})
    }
    return type("Hostile", (base,), {**methods, **more})


def _attribute(self, name):
    calls.append(f"attribute {name}")
    raise SystemExit(name)


class Lies:
    """Says that it is a text, and a dictionary, as a mock with a specification does."""

    @property
    def __class__(self):
        calls.append("__class__")
        return str

    @property
    def __dict__(self):
        calls.append("__dict__")
        raise SystemExit


class Meta(type):
    def __repr__(cls):
        calls.append("repr of class")
        raise SystemExit

    def __getattribute__(cls, name):
        if name not in {"__init__", "__new__"}:
            calls.append(f"attribute of class {name}")
        return type.__getattribute__(cls, name)

    def __instancecheck__(cls, instance):
        calls.append("instance check")
        return True

    def __subclasscheck__(cls, other):
        calls.append("subclass check")
        return True


class WithMeta(metaclass=Meta):
    __slots__ = ()


class Frame(UserDict):
    """Like a table of pandas: its truth is not defined, and to print it takes long."""

    def __bool__(self):
        calls.append("__bool__")
        raise ValueError("ambiguous")

    def __repr__(self):
        calls.append("__repr__")
        return "x" * 10_000_000

    def __array__(self):
        calls.append("__array__")


def _generator():
    calls.append("generator")
    yield 1


def _cycle():
    cycle: list = []
    cycle.append(cycle)
    mapping = {"self": cycle}
    cycle.append(mapping)
    mapping["mapping"] = mapping
    return cycle


def _deep():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    return deep


def _flat(deep):
    """Take a deep list apart: the interpreter itself would recurse."""
    while deep:
        deep = deep.pop()


class Wary:
    """Has fields, and does not want them to be seen."""

    __slots__ = ("__dict__", "city", "password")

    def __getattribute__(self, name):
        calls.append(f"attribute {name}")
        raise SystemExit


def _wary():
    made = Wary.__new__(Wary)
    for name in ("city", "password", "itself", "token"):
        object.__setattr__(made, name, "swordfish-9" if name in {"password", "token"} else made)
    return made


class Fields(dict):
    """The dictionary of an instance, with methods of its own."""

    def items(self):
        calls.append("items of fields")
        raise SystemExit

    __iter__ = __len__ = keys = values = get = items


def _with_fields(fields):
    made = type("Plain", (), {})()
    made.__dict__ = fields
    return made


class Described:
    """A descriptor, as those of an ORM that load what they stand for."""

    def __get__(self, instance, owner):
        calls.append("descriptor")
        raise SystemExit

    def __set__(self, instance, value):
        calls.append("descriptor is set")


class Ordered(type):
    """Gives its classes an order of bases of their own, and compares them."""

    def mro(cls):
        return [*type.mro(cls)[:-1], Lies, object]

    def __eq__(cls, other):
        calls.append("== of class")
        return True

    def __hash__(cls):
        calls.append("hash of class")
        raise SystemExit


def _chain():
    made = None
    for _ in range(100_000):
        made = _with_fields({"inner": made})
    now.kept = made
    return made


def _chain_apart():
    made, now.kept = now.kept, None
    while made is not None:
        made = made.__dict__.pop("inner")


def _of_slots(**slots):
    """Make an instance of a class that has put other things in the place of its slots."""
    made = type("Slots", (), {"__slots__": (*slots,)})
    for name, other in slots.items():
        setattr(made, name, other)
    return made()


class Referenced:
    def __repr__(self):
        calls.append("__repr__")
        return ""


_referenced = Referenced()

FIGHTERS = {
    "raises": hostile_class(behaviour=_raise),
    "leaves": hostile_class(behaviour=_leave),
    "lies": Lies,
    "meta": WithMeta,
    "table": Frame,
    "text": lambda: hostile_class(str)("text"),
}

OBJECTS = {
    "methods that raise": hostile_class(behaviour=_raise),
    "methods that recurse": hostile_class(behaviour=_recurse),
    "methods that leave": hostile_class(behaviour=_leave),
    "methods that delete frames": hostile_class(behaviour=_delete),
    "attributes that raise": hostile_class(__getattribute__=_attribute),
    "attributes that are not there": hostile_class(__getattr__=_attribute),
    "a text that fights": lambda: hostile_class(str)("text"),
    "bytes that fight": lambda: hostile_class(bytes)(b"bytes"),
    "a number that fights": lambda: hostile_class(int)(7),
    "a fraction that fights": lambda: hostile_class(float)(7.5),
    "a mapping that fights": lambda: hostile_class(dict)(password="swordfish-9"),
    "a list that fights": lambda: hostile_class(list)([1]),
    "a tuple that fights": lambda: hostile_class(tuple)((1, 2)),
    "a set that fights": lambda: hostile_class(set)({1}),
    "a class that is said to be another": Lies,
    "a class with a metaclass": WithMeta,
    "the metaclass itself": lambda: WithMeta,
    "a class without a name": type("", (), {"__module__": 7, "__qualname__": "\ud800"}),
    "properties": type("P", (), {"name": property(_attribute), "__slots__": ()}),
    "fields behind a wary class": _wary,
    "fields in a dictionary that fights": lambda: _with_fields(Fields(password="swordfish-9")),
    "names of fields that fight": lambda: _with_fields({hostile_class(str)("city"): 1, "a": 2}),
    "fields that fight": lambda: _with_fields({name: make() for name, make in FIGHTERS.items()}),
    "a million fields": lambda: _with_fields({f"n{n}": n for n in range(1_000_000)}),
    "fields that hold much text": lambda: _with_fields({"text": "x" * (64 << 20)}),
    "descriptors in the place of fields": type("D", (), {"city": Described(), "id": Described()}),
    "descriptors in the place of slots": lambda: _of_slots(city=Described(), id=property(_leave)),
    "slots of another class": lambda: _of_slots(city=Wary.__dict__["city"]),
    "an order of bases of its own": Ordered("O", (), {}),
    "objects that lead to each other": _chain,
    "a generator": _generator,
    "a coroutine": lambda: gc.collect,
    "a weak reference": lambda: weakref.ref(_referenced),
    "a proxy": lambda: weakref.proxy(_referenced),
    "a mock": MagicMock,
    "a table": Frame,
    "a million elements": lambda: list(range(1_000_000)),
    "a million names": lambda: dict.fromkeys(range(1_000_000)),
    "much text": lambda: "x" * (256 << 20),
    "many bytes": lambda: bytes(256 << 20),
    "a number of many digits": lambda: 1 << 10_000_000,
    "a cycle": _cycle,
    "depth": _deep,
    "keys that fight": lambda: {hostile_class(str)("key"): 1, WithMeta: 2, (1, WithMeta): 3},
    "a namespace of itself": lambda: vars(SimpleNamespace(a=1)),
    "not a number": lambda: [float("nan"), float("inf"), -0.0, 1e400, complex("nan+infj")],
    "lone surrogates": lambda: ["\ud800" * 1000, {"\udfff": "\x00" * 1000}],
}


def _property_of(name):
    def make():
        def get(self):
            calls.append(name)
            raise SystemExit

        return type("Fights", (RuntimeError,), {name: property(get)})("it failed")

    return make


def _with_itself():
    one, two = RuntimeError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    one.__context__, two.__context__ = two, one
    return one


def _with_notes():
    error = RuntimeError("it failed")
    error.__notes__ = [hostile_class()(), hostile_class(str)("note"), 7, "x" * 10_000_000]
    return error


def _with_odd_notes():
    error = RuntimeError("it failed")
    error.__notes__ = hostile_class(list)()
    return error


def _deep_group():
    group = ExceptionGroup("deepest", [ValueError("one")])
    for _ in range(1000):
        group = ExceptionGroup("g", [group])
    return group


class Compared(type):
    """A metaclass that is asked whether its classes are others, and for their hashes."""

    def __hash__(cls):
        calls.append("hash of class")
        raise RuntimeError

    def __eq__(cls, other):
        calls.append("== of class")
        raise RuntimeError


def _compared_behind_another():
    error = RuntimeError("it failed")
    error.__context__ = Compared("Fights", (ValueError,), {})("it fights")
    return error


def _group_with_members_of_its_own():
    def get(self):
        calls.append("exceptions")
        raise SystemExit

    return type("Fights", (ExceptionGroup,), {"exceptions": property(get)})("g", [ValueError("a")])


def _equal_to_others():
    def equals(self, other):
        calls.append("== of exception")
        raise SystemExit

    fights = type("Fights", (RuntimeError,), {"__eq__": equals, "__hash__": None})
    error, error.__cause__ = fights("one"), fights("two")
    error.__cause__.__cause__ = fights("three")
    return error


EXCEPTIONS = {
    "a class that is compared, behind another": _compared_behind_another,
    "a group with members of its own": _group_with_members_of_its_own,
    "exceptions that are compared": _equal_to_others,
    **{
        f"property {name}": _property_of(name)
        for name in (
            "args",
            "__notes__",
            "fingerprint",
        )
    },
    "a cycle of causes": _with_itself,
    "notes that fight": _with_notes,
    "notes of another kind": _with_odd_notes,
    "a group a thousand deep": _deep_group,
}

now = SimpleNamespace(make=None, made=None, kept=None)


async def local_fights():
    made = now.make()
    try:
        raise RuntimeError("it failed", len(sys.argv))
    finally:
        now.made = made


async def argument_fights():
    raise RuntimeError("it failed", {"it": [now.make()]})


async def exception_fights():
    raise now.make()


async def plain():
    raise RuntimeError


def application():
    app = FastAPI()
    app.get("/local")(local_fights)
    app.get("/argument")(argument_fights)
    app.get("/exception")(exception_fights)
    app.get("/plain")(plain)
    return app


@pytest.fixture(scope="module")
def shielded(tmp_path_factory):
    directory = PrivateDirectory(tmp_path_factory.mktemp("hostile"))
    shield = Shield(directory=directory.path, sinks=[])
    client = TestClient(shield(application()), raise_server_exceptions=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tightlip.incidents.storms._ALL_OF_THE_FIRST", 1000)
        yield client, directory


@pytest.fixture(scope="module")
def bare():
    return TestClient(application(), raise_server_exceptions=False)


@pytest.fixture
def fail(shielded):
    client, directory = shielded

    def call(path, make):
        calls.clear()
        now.make = make
        answer = client.get(path)
        called = list(calls)
        plain_answer = client.get("/plain")
        reference = answer.headers["x-error-reference"]
        expected = plain_answer.text.replace(plain_answer.headers["x-error-reference"], reference)
        assert (answer.status_code, answer.text) == (500, expected)
        with open_store(directory, print) as store:
            drain(directory, store)
            incident = store.find(reference)
        assert incident is not None
        assert len(incident.as_json()) <= 65_536
        assert json.loads(incident.as_json()) == incident.as_dict()
        if type(getattr(now, "made", None)) is list:
            _flat(now.made if len(now.made) == 1 else [])
        now.made = now.make = None
        _chain_apart()
        return incident, called

    yield call
    gc.collect()


@pytest.mark.parametrize("name", list(OBJECTS))
@pytest.mark.parametrize("path", ["/local", "/argument"])
def test_no_code_of_an_object_runs_and_the_failure_is_recorded(fail, name, path):
    if path == "/argument" and name == "depth":
        pytest.skip("the interpreter itself recurses when it lets go of it")
    incident, called = fail(path, OBJECTS[name])
    assert called == []
    assert incident["exception.type"] == "RuntimeError"
    assert incident["exception.message"].startswith("it failed")
    assert "swordfish" not in incident.as_json()


@pytest.mark.parametrize("ending", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_an_exception_that_cannot_be_read_is_recorded_and_its_client_can_refer_to_it(fail, ending):
    """A reader of SQLAlchemy's asks what stands inside; the class is not SQLAlchemy's own."""

    def get(self):
        raise ending

    fights = type("IntegrityError", (Exception,), {"orig": property(get)})
    fights.__module__ = "sqlalchemy.exc"
    incident, _ = fail("/exception", lambda: fights("it failed"))
    assert incident["exception.message"] == "it failed"
    assert "failed: " + ending.__name__ in str(incident["notes"])


@pytest.mark.parametrize("name", list(EXCEPTIONS))
def test_no_code_of_an_exception_runs_but_what_the_framework_runs(fail, bare, name):
    calls.clear()
    now.make = EXCEPTIONS[name]
    bare.get("/exception")
    of_the_framework = {*calls}
    incident, called = fail("/exception", EXCEPTIONS[name])
    assert not {*called} - of_the_framework
    assert incident["exception.type"]
    assert incident["exceptions"]
