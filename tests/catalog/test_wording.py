"""The wording check: which messages may stand in front of a client."""

from __future__ import annotations

import pytest

from tightlip.catalog.catalog import catalog
from tightlip.catalog.wording import fault_of


@pytest.mark.parametrize("message", ["", " ", "\n", "\u3000"])
def test_an_empty_message_is_refused(message):
    assert fault_of(message) == "is empty"


def test_a_message_has_at_most_500_characters():
    assert fault_of("x" * 500) is None
    assert fault_of("x" * 501) == "is longer than 500 characters"


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("KeyError", "names a class: 'KeyError'"),
        ("Got a ValidationError here", "names a class: 'ValidationError'"),
        ("UniqueViolation on insert", "names a class: 'UniqueViolation'"),
        ("OSError: no", "names a class: 'OSError'"),
        ("Some HTTPException", "names a class: 'HTTPException'"),
        ("A DeprecationWarning", "names a class: 'DeprecationWarning'"),
        ("<class 'int'> expected", """names a class: "<class '\""""),
        ("<Account object at 0x7f3a>", "names a class: 'object at 0x7f3a'"),
        ("'NoneType' has no email", "names a class: 'NoneType'"),
        ("Traceback (most recent call last)", "names a class: 'Traceback'"),
        ("Failed in app.models.User", "names a module: 'app.models.User'"),
        ("Failed in accounts.Account", "names a module: 'accounts.Account'"),
        ("Failed in main.py", "names a path: 'main.py'"),
        ("Failed in services/orders.py:31", "names a path: 'services/orders.py:31'"),
        ("Cannot load libssl.so", "names a path: 'libssl.so'"),
        ("Cannot read /etc/passwd", "names a path: '/etc/'"),
        ("Cannot read /home/api/key", "names a path: '/home/'"),
        ("Cannot read C:\\api", "names a path: 'C:\\\\'"),
        ("SELECT id FROM users failed", "holds SQL: 'SELECT id FROM'"),
        ("DELETE FROM users", "holds SQL: 'DELETE FROM'"),
        ("INSERT INTO users failed", "holds SQL: 'INSERT INTO'"),
        ("UPDATE users SET email", "holds SQL: 'UPDATE users SET'"),
        ("DROP TABLE users", "holds SQL: 'DROP TABLE'"),
        ("The psycopg2 driver failed", "names a library: 'psycopg2'"),
        ("PostgreSQL is down", "names a library: 'PostgreSQL'"),
        ("Redis is down", "names a library: 'Redis'"),
        ("REDIS is down", "names a library: 'REDIS'"),
        ("SQLAlchemy refused", "names a library: 'SQLAlchemy'"),
        ("FastAPI refused", "names a library: 'FastAPI'"),
        ("No answer from 10.0.0.5", "names an address: '10.0.0.5'"),
        ("No answer from 127.0.0.1", "names an address: '127.0.0.1'"),
        ("No answer from 192.168.1.20", "names an address: '192.168.1.20'"),
        ("No answer from 172.31.0.1", "names an address: '172.31.0.1'"),
        ("No answer from 169.254.169.254", "names an address: '169.254.169.254'"),
        ("No answer from localhost", "names an address: 'localhost'"),
        ("No answer from billing.internal", "names an address: 'billing.internal'"),
        ("Use db://api:hunter2@host", "holds a credential: 'db://api:hunter2@'"),
        ("Sent password=hunter2", "holds a credential: 'password=h'"),
        ("a\nb", r"holds a control character: '\n'"),
        ("a\x1b[31m", r"holds a control character: '\x1b'"),
        ("a\u202eb", r"holds a control character: '\u202e'"),
        ("a\u2028b", r"holds a control character: '\u2028'"),
        ("a\ud800b", r"holds a lone surrogate: '\ud800'"),
    ],
)
def test_a_message_that_names_the_machinery_is_refused(message, fault):
    assert fault_of(message) == fault


@pytest.mark.parametrize(
    "message",
    [
        "An account with this email already exists",
        "Only {available} seats are left",
        "Something went wrong. Please try again or contact support.",
        "An error happened: please try again",
        "The exception to this rule is holidays",
        "Your password must have 8 characters",
        "This token has expired",
        "Select a seat from the list",
        "Update your settings and set a language",
        "Delete the item from your cart first",
        "Insert your card into the reader",
        "Drop the table reservation first",
        "Create a table of contents",
        "Write to help@shop.example",
        "Write to help@mail.shop.example.com",
        "See https://shop.example/help/refunds for our terms",
        "See docs.shop.example/help",
        "Prices are in U.S. dollars, e.g. 9.90",
        "The amount must be between 0.01 and 10.000.000",
        "Open from 9/12 to 10/12",
        "Yes and/or no",
        "Your IP address 203.0.113.7 is blocked",
        "Version 1.2.3 is too old",
        "The file report.pdf is too large",
        "Choose .jpg or .png",
        "Diese E-Mail-Adresse ist schon vergeben",
        "このメールアドレスは既に登録されています",
        "Café crème is sold out 😀",
        "The internal code is wrong",
        "Go to the app or your home page",
        "{{literally}} {count}%",
    ],
)
def test_ordinary_words_pass(message):
    assert fault_of(message) is None


def test_every_declared_message_of_ours_passes():
    messages = [
        declared.error.message for declared in catalog if "tightlip" in declared.error.__module__
    ]
    assert len(messages) >= 39
    assert [fault_of(message) for message in messages] == [None] * len(messages)
