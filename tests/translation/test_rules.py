"""The author's translations: their forms, how closely they match, where they contradict."""

from __future__ import annotations

import re
import sys
from functools import partial

import pytest

from tightlip import (
    DeclarationError,
    PublicError,
    on_check,
    on_exception,
    on_foreign_key,
    on_not_null,
    on_unique,
)
from tightlip.failure import DatabaseFailure, DatabaseKind
from tightlip.translation.rules import check_contradictions


class AddressGiven(PublicError):
    status = 409
    message = "An account with this email already exists"


class NameGiven(PublicError):
    status = 409
    message = "This name is taken"


class SomeSeats(PublicError):
    status = 409
    message = "Only {available} seats are left"
    available: int


class SeatFamily(PublicError):
    status = 409


UNIQUE = DatabaseFailure(
    DatabaseKind.UNIQUE, constraint="users_email_key", table="users", columns=("email",)
)


@pytest.mark.parametrize(
    ("name", "specificity"),
    [
        ("users_email_key", 3),
        ("users.users_email_key", 3),
        ("users.email", 3),
        ("users", 2),
        (None, 1),
        ("USERS_EMAIL_KEY", 0),
        ("users_email", 0),
        ("orders", 0),
        ("orders.email", 0),
        ("users.email, users.tenant", 0),
    ],
)
def test_a_constraint_is_closer_than_a_table_and_a_table_than_all(name, specificity):
    assert on_unique(name, AddressGiven).specificity(UNIQUE) == specificity


def test_columns_match_in_any_order_and_only_all_together():
    both = DatabaseFailure(DatabaseKind.UNIQUE, table="users", columns=("tenant", "email"))
    assert on_unique("users.email , users.tenant", AddressGiven).specificity(both) == 3
    assert on_unique("users.email", AddressGiven).specificity(both) == 0


def test_nothing_known_of_a_constraint_matches_no_name():
    bare = DatabaseFailure(DatabaseKind.UNIQUE)
    assert on_unique("None.None", AddressGiven).specificity(bare) == 0
    assert on_unique("None", AddressGiven).specificity(bare) == 0
    assert on_unique(None, AddressGiven).specificity(bare) == 1


@pytest.mark.parametrize(
    ("declare", "kind"),
    [
        (on_unique, DatabaseKind.UNIQUE),
        (on_foreign_key, DatabaseKind.FOREIGN_KEY),
        (on_check, DatabaseKind.CHECK),
        (on_not_null, DatabaseKind.NOT_NULL),
    ],
)
def test_each_declaration_is_for_its_own_kind(declare, kind):
    rule = declare("users", AddressGiven)
    for other in DatabaseKind:
        matches = rule.specificity(DatabaseFailure(other, table="users")) > 0
        assert matches is (other is kind)


def error_of(declare):
    with pytest.raises(DeclarationError) as caught:
        declare()
    line = sys._getframe().f_back.f_lineno
    assert re.search(rf"test_rules\.py:{line}\b", str(caught.value))
    return str(caught.value)


def test_a_name_that_is_none_is_refused_with_file_and_line():
    for name in ("", "  ", 3, b"users", AddressGiven):
        words = error_of(lambda name=name: on_unique(name, AddressGiven))
        assert "on_unique takes the name of a constraint, of columns or of a table" in words


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            SomeSeats,
            "SomeSeats needs available; give a function that makes it, such as lambda found",
        ),
        (SeatFamily, "SeatFamily declares no message to show"),
        (PublicError, "PublicError declares no message to show"),
        (ValueError, "give a subclass of PublicError, or a function that makes one"),
        (AddressGiven(), "give a subclass of PublicError"),
        (None, "give a subclass of PublicError"),
        ("AddressGiven", "give a subclass of PublicError"),
        (lambda *, named: None, "the function takes one argument"),
        (lambda one, two: AddressGiven(), "the function takes one argument"),
    ],
)
def test_an_error_that_is_none_is_refused_with_file_and_line(error, words):
    assert words in error_of(lambda: on_unique("users", error))
    assert words in error_of(lambda: on_exception(KeyError, error))


def test_a_function_may_make_the_error():
    for error in (
        lambda found: SomeSeats(available=1),
        lambda *found: SomeSeats(available=1),
        partial(lambda seats, found: SomeSeats(available=seats), 1),
    ):
        assert on_unique("users", error).error is error


def test_an_exception_that_is_no_class_and_a_condition_that_is_no_function_are_refused():
    for wrong in (KeyError(), "KeyError", int, None):
        assert "takes an exception class" in error_of(lambda w=wrong: on_exception(w, AddressGiven))
    words = error_of(lambda: on_exception(KeyError, AddressGiven, when=True))
    assert "when is a function" in words


def test_two_errors_for_one_thing_contradict_each_other_and_both_places_are_named():
    def condition(error):
        return True

    for first, second in (
        (on_unique("users", AddressGiven), on_unique("users", NameGiven)),
        (on_unique(None, AddressGiven), on_unique(None, NameGiven)),
        (on_exception(KeyError, AddressGiven), on_exception(KeyError, NameGiven)),
        (
            on_exception(KeyError, AddressGiven, when=condition),
            on_exception(KeyError, NameGiven, when=condition),
        ),
    ):
        with pytest.raises(DeclarationError) as caught:
            check_contradictions((first, second))
        assert first.place in str(caught.value)
        assert second.place in str(caught.value)


def test_what_is_said_twice_or_of_different_things_is_no_contradiction():
    check_contradictions(
        (
            on_unique("users", AddressGiven),
            on_unique("users", AddressGiven),
            on_check("users", NameGiven),
            on_unique("orders", NameGiven),
            on_unique(None, NameGiven),
            on_exception(KeyError, AddressGiven),
            on_exception(LookupError, NameGiven),
            on_exception(KeyError, NameGiven, when=bool),
            on_exception(KeyError, AddressGiven, when=callable),
        )
    )
