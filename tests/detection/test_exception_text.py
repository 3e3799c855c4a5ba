from __future__ import annotations

import asyncio
import binascii
import json
import os
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tightlip.detection.exception_text import tells, texts_of
from tightlip.detection.note import LONGEST_TEXT, Note
from tightlip.detection.raises import open_notebook


def texts(exception):
    """Return the texts of `exception` as a notebook keeps it."""
    with open_notebook() as notebook:
        notebook.add(exception)
        return [text for note in notebook.notes()[:1] for text in texts_of(note)]


def raised_by(function, *arguments):
    with pytest.raises(BaseException) as caught:
        function(*arguments)
    return caught.value


# What an exception says


@pytest.mark.parametrize(
    ("exception", "expected"),
    [
        (ValueError("the ledger is locked"), ["the ledger is locked"]),
        (ValueError("  the ledger is locked\n"), ["the ledger is locked"]),
        (
            ValueError("the ledger is locked", 7),
            ["('the ledger is locked', 7)", "the ledger is locked"],
        ),
        (
            OSError(2, "No such file or directory", "/srv/app/a.toml"),
            ["[Errno 2] No such file or directory: '/srv/app/a.toml'"],
        ),
        (
            OSError(18, "Invalid cross-device link", "/a", None, "/b"),
            ["[Errno 18] Invalid cross-device link: '/a' -> '/b'"],
        ),
        (
            ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 5432)"),
            [
                "[Errno 111] Connect call failed ('127.0.0.1', 5432)",
                "Connect call failed ('127.0.0.1', 5432)",
            ],
        ),
        (ImportError("No module named 'shop.ledger'"), ["No module named 'shop.ledger'"]),
        (ValueError(b"the ledger is locked"), ["b'the ledger is locked'"]),
    ],
)
def test_a_built_in_exception_says_what_str_says(exception, expected):
    assert texts(exception) == expected


@pytest.mark.parametrize(
    ("provoke", "expected"),
    [
        (lambda: int("seven of nine"), "invalid literal for int() with base 10: 'seven of nine'"),
        (lambda: (1).missing, "'int' object has no attribute 'missing'"),
        (lambda: "".split()[3], "list index out of range"),
        (lambda: 1 / 0, "division by zero"),
        (lambda: json.loads("{"), "Expecting property name enclosed in double quotes"),
        (b"\xff".decode, "'utf-8' codec can't decode byte 0xff in position 0"),
        (lambda: "\u20ac".encode("ascii"), "'ascii' codec can't encode character '\\u20ac'"),
        (lambda: compile("a b c", "<answer>", "eval"), "invalid syntax (<answer>, line 1)"),
        (
            Path("/srv/none/of/it").read_text,
            "[Errno 2] No such file or directory: '/srv/none/of/it'",
        ),
        (lambda: Decimal("seven"), "[<class 'decimal.ConversionSyntax'>]"),
        (lambda: binascii.a2b_base64("a"), "Invalid base64-encoded string"),
    ],
)
def test_what_the_interpreter_says_is_told(provoke, expected):
    assert any(text.startswith(expected) for text in texts(raised_by(provoke)))


class Trouble(Exception):
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Own(Exception):
    def __str__(self):
        return "words of its own making"


@pytest.mark.parametrize("name", ["detail", "msg", "message", "reason"])
def test_attributes_that_carry_messages_are_among_the_texts(name):
    assert "the ledger is locked" in texts(Trouble(**{name: "the ledger is locked"}))
    assert "the ledger is locked" not in texts(Trouble(**{name: ["the ledger is locked"]}))
    assert "the ledger is locked" not in texts(Trouble(other="the ledger is locked"))


def test_a_text_of_its_own_and_the_argument_behind_it_both_count():
    assert texts(Own("the ledger is locked")) == ["words of its own making", "the ledger is locked"]
    assert texts(Own()) == ["words of its own making"]


class Fault(Exception):
    pass


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((1062, "Duplicate entry 'a' for key 'b'"), ["Duplicate entry 'a' for key 'b'"]),
        (("23000", "[23000] Duplicate entry 'a'"), ["[23000] Duplicate entry 'a'"]),
        (((1062, "Duplicate entry 'a' for key 'b'"),), ["Duplicate entry 'a' for key 'b'"]),
        (("the ledger is locked", "Garden furniture and more"), ["the ledger is locked"]),
        (("unknown format in %s", "Garden furniture and more"), ["unknown format in %s"]),
        ((["the ledger is locked"],), []),
        (((("the ledger is locked",),),), []),
        ((None, 7, "seven"), []),
    ],
)
def test_the_first_argument_that_says_something_counts(arguments, expected):
    said = str(Fault(*arguments))
    assert texts(Fault(*arguments)) == [said, *expected]


@pytest.mark.parametrize(
    ("exception", "data"),
    [
        (raised_by("Zürich, by the lake".encode, "ascii"), "Zürich, by the lake"),
        (raised_by(compile, "Hello nice world", "<text>", "eval"), "Hello nice world"),
        (raised_by(json.loads, "Hello nice world"), "Hello nice world"),
        (raised_by({}.__getitem__, "Welcome to our garden"), "Welcome to our garden"),
        (StopIteration("Welcome to our garden"), "Welcome to our garden"),
    ],
)
def test_data_that_an_exception_carries_is_none_of_its_texts(exception, data):
    assert not any(data in text for text in texts(exception))


class KeyMissing(KeyError):
    pass


@pytest.mark.parametrize("kind", [KeyError, KeyMissing])
@pytest.mark.parametrize(
    "key",
    ["Are you sure?", "Are you sure?\nReally, quite sure?", "This can't be undone, I'm afraid"],
)
def test_a_key_that_is_a_sentence_is_data(kind, key):
    assert texts(kind(key)) == []


@pytest.mark.parametrize("kind", [KeyError, KeyMissing])
def test_a_key_that_reads_like_code_is_a_message(kind):
    message = "None of [Index(['a'], dtype='object')] are in the [columns]"
    assert texts(kind(message)) == [repr(message)]


def test_a_key_error_with_words_of_its_own_says_them():
    class Missing(KeyError):
        def __str__(self):
            return "400 Bad Request: the form has no field"

    assert texts(Missing("the form")) == ["400 Bad Request: the form has no field"]


def test_texts_are_cut():
    for exception in (ValueError("word " * 10_000), Fault("word " * 10_000)):
        assert {len(text) for text in texts(exception)} <= {LONGEST_TEXT, LONGEST_TEXT - 1}


# Foreign code


class Raising(Exception):
    def __str__(self):
        raise RuntimeError("in the way")


class Leaving(Exception):
    def __str__(self):
        raise SystemExit(3)


class Cancelling(Exception):
    def __str__(self):
        raise asyncio.CancelledError


class NoText(Exception):
    def __str__(self):
        return 7  # noqa: PLE0307 - the material


class Endless(Exception):
    def __str__(self):
        return str(self)


class Vague(Exception):
    __str__ = None


@pytest.mark.parametrize("kind", [Raising, Leaving, Cancelling, NoText, Endless, Vague])
def test_a_text_that_cannot_be_had_is_none(kind):
    assert "the ledger is locked" in texts(kind("the ledger is locked"))


class OddText(str):
    __slots__ = ()

    def __getitem__(self, key):
        raise AssertionError("foreign code")

    def strip(self, *_):
        raise AssertionError("foreign code")


class Odd(Exception):
    def __str__(self):
        return OddText("the ledger is locked")


def test_a_text_of_an_odd_class_is_read_as_plain_text():
    (text,) = texts(Odd())
    assert type(text) is str
    assert text == "the ledger is locked"
    assert texts(ValueError(OddText("the ledger is locked")))[0] == "the ledger is locked"


def test_an_argument_of_an_odd_class_is_left_alone():
    class Mute(Exception):
        def __str__(self):
            return ""

    assert texts(Mute(OddText("the ledger is locked"))) == [""]


def test_foreign_code_is_asked_once():
    class Counting(Exception):
        asked = 0

        def __str__(self):
            Counting.asked += 1
            return "the ledger is locked"

    with open_notebook() as notebook:
        exception = Counting()
        for _ in range(3):
            notebook.add(exception)
            assert [texts_of(note) for note in notebook.notes()] == [("the ledger is locked",)]
    assert Counting.asked == 1


def test_arguments_that_a_class_does_not_take_make_no_text():
    exception = ImportError("the ledger is locked")
    exception.args = ("the ledger is locked", 7)
    assert texts(exception) == ["('the ledger is locked', 7)", "the ledger is locked"]
    note = Note(UnicodeDecodeError, ("the ledger is locked",), None, None, 0)
    assert texts_of(note) == ()


class OddKey(str):
    __slots__ = ()

    def __hash__(self):
        return hash("detail")

    def __eq__(self, other):
        raise AssertionError("foreign code")


def test_attributes_with_odd_names_are_passed_over():
    exception = Fault("the ledger is locked")
    exception.__dict__[OddKey("detail")] = 1
    assert texts(exception) == ["the ledger is locked"]


# Whether a text says enough


@pytest.mark.parametrize(
    "text",
    [
        "division by zero",
        "list index out of range",
        "'NoneType' object is not subscriptable",
        "Incorrect padding",
        "Server disconnected",
        "database is locked",
        "Event loop is closed",
        "Expecting value: line 1 column 1 (char 0)",
        "[Errno 111] Connection refused",
        "could not connect to shop-db.internal:5432",
        "duplicate key value violates unique constraint",
        "User 'ann' not found in ledger",
        "ORA-00001: Unique Constraint Violated",
        "postgresql://shop:hunter2@db/shop",
        "\u6570\u636e\u5e93\u8fde\u63a5\u5931\u8d25",
        "\ub370\uc774\ud130\ubca0\uc774\uc2a4 \uc624\ub958",
        "Verbindung zur Datenbank verloren",
        "ошибка соединения с базой данных",
    ],
)
def test_a_message_tells(text):
    assert tells(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "not found",
        "Not Found",
        "Item not found",
        "item not found.",
        "404: Not Found",
        "500 Internal Server Error",
        "Internal Server Error",
        "Unprocessable Entity",
        "I'm a Teapot",
        "Request Entity Too Large",
        "Nothing matches the given URI",
        "User 4711 not found",
        "User 3f2c9a1e-77aa-4c0e-9b1d-08d1f2f6a111 not found",
        "Something went wrong",
        "Invalid username or password.",
        "This field is required",
        "No such file or directory",
        "Permission denied",
        "Connection refused",
        "3f2c9a1e-77aa-4c0e-9b1d-08d1f2f6a111",
        "'3f2c9a1e-77aa-4c0e-9b1d-08d1f2f6a111'",
        "customer_email_address",
        "application/json; 12",
        "https://shop.example/accounts/1",
        "/accounts/17/orders/",
        "Jonathan Smithson",
        "The Garden Chair",
        "2026-01-01 12:00:00",
        "Order 12345678",
    ],
)
def test_words_names_and_commonplaces_do_not(text):
    assert not tells(text)


@pytest.mark.parametrize("number", [2, 13, 110, 111])
def test_what_the_system_says_counts_with_its_number_alone(number):
    if os.strerror(number).startswith("Unknown") or sys.platform == "win32":
        pytest.skip("not a number of this system")
    assert not tells(os.strerror(number))
    assert tells(str(OSError(number, os.strerror(number), "/srv/app")))
