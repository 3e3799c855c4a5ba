"""From an exception to the public error that stands for it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Annotated

import pytest

from tightlip import FieldError, MaxLength, PublicError, on_exception, on_foreign_key, on_unique
from tightlip.failure import (
    DatabaseFailure,
    DatabaseKind,
    HttpFailure,
    NetworkFailure,
    NetworkKind,
    ValidationFailure,
)
from tightlip.translation.readers import sqlite3 as reader
from tightlip.translation.translator import Translator

CANARY = "canary-6d1f"


class AddressInUse(PublicError):
    status = 409
    message = "An account with this email already exists"


class NameInUse(PublicError):
    status = 409
    message = "This name is taken"


class NoSuchThing(PublicError):
    status = 404
    message = "There is no such thing"


class OutOfOrder(PublicError):
    status = 500
    message = "This does not work at the moment"


class FewSeats(PublicError):
    status = 409
    message = "Only {available} seats are left"
    available: int


class Known(Exception):
    def __init__(self, failure):
        super().__init__(failure)
        self.failure = failure


def read(exception):
    return getattr(exception, "failure", None)


def flags(text):
    return "a-rule" if CANARY in text else None


def translate(exception, *rules, read=read):
    return Translator(rules).translate(exception, read, flags)


def caught(function):
    try:
        function()
    except BaseException as exception:
        return exception
    raise AssertionError("nothing was raised")


def code_of(exception, *rules):
    return translate(exception, *rules).error.code


def violated():
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE users (email TEXT UNIQUE)")
        connection.execute("INSERT INTO users VALUES ('a@b')")
        connection.execute("INSERT INTO users VALUES ('a@b')")


def test_nothing_known_is_an_internal_server_error():
    found = translate(ValueError(CANARY))
    assert (found.error.code, found.declared, found.notes) == ("INTERNAL_SERVER_ERROR", False, ())


def test_a_public_error_speaks_for_itself_unless_a_parameter_is_flagged():
    assert translate(FewSeats(available=3)).declared

    class Named(PublicError):
        status = 409
        message = "The name is {name}"
        name: Annotated[str, MaxLength(40)]

    found = translate(Named(name=CANARY))
    assert (found.error.code, found.declared) == ("CONFLICT", False)
    assert found.withheld[0].text == CANARY


def test_the_most_specific_class_wins_in_any_order():
    rules = [on_exception(LookupError, NameInUse), on_exception(KeyError, NoSuchThing)]
    for order in (rules, rules[::-1]):
        assert code_of(KeyError(), *order) == "NO_SUCH_THING"
        assert code_of(IndexError(), *order) == "NAME_IN_USE"
        assert code_of(ValueError(), *order) == "INTERNAL_SERVER_ERROR"


def test_a_condition_that_holds_wins_inside_its_class_only():
    rules = [
        on_exception(KeyError, NoSuchThing),
        on_exception(KeyError, AddressInUse, when=lambda error: error.args == ("email",)),
        on_exception(LookupError, NameInUse, when=lambda error: True),
    ]
    for order in (rules, rules[::-1]):
        assert code_of(KeyError("email"), *order) == "ADDRESS_IN_USE"
        assert code_of(KeyError("name"), *order) == "NO_SUCH_THING"
        assert code_of(IndexError(), *order) == "NAME_IN_USE"


def test_two_conditions_that_hold_contradict_each_other_and_that_is_noted():
    rules = [
        on_exception(KeyError, NoSuchThing, when=lambda error: True),
        on_exception(KeyError, AddressInUse, when=lambda error: bool(error.args)),
    ]
    found = translate(KeyError("a"), *rules)
    assert found.error.code == "INTERNAL_SERVER_ERROR"
    assert "contradict each other here" in found.notes[0]
    assert all(rule.place in found.notes[0] for rule in rules)
    assert code_of(KeyError(), *rules) == "NO_SUCH_THING"


@pytest.mark.parametrize("answer", [0, "", None, []])
def test_a_condition_that_says_anything_false_does_not_hold(answer):
    assert code_of(KeyError(), on_exception(KeyError, NoSuchThing, when=lambda error: answer)) == (
        "INTERNAL_SERVER_ERROR"
    )


class NoTruth:
    def __bool__(self):
        raise RuntimeError(CANARY)


def test_conditions_and_factories_that_fail_count_as_don_t_know_and_are_noted():
    def fails(error):
        raise RuntimeError(CANARY)

    for rule in (
        on_exception(KeyError, NoSuchThing, when=fails),
        on_exception(KeyError, NoSuchThing, when=lambda error: NoTruth()),
        on_exception(KeyError, fails),
        on_exception(KeyError, lambda error: FewSeats()),
    ):
        found = translate(KeyError(), rule)
        assert (found.error.code, found.declared) == ("INTERNAL_SERVER_ERROR", False)
        assert rule.place in found.notes[0]


@pytest.mark.parametrize("made", [NoSuchThing, ValueError(), "words", 3])
def test_a_factory_that_makes_something_else_is_noted(made):
    found = translate(KeyError(), on_exception(KeyError, lambda error: made))
    assert found.error.code == "INTERNAL_SERVER_ERROR"
    assert "gave no PublicError" in found.notes[0]


def test_a_factory_is_given_the_exception_or_the_facts():
    rule = on_exception(KeyError, lambda error: FewSeats(available=error.args[0]))
    assert translate(KeyError(7), rule).error.details == {"available": 7}
    rule = on_unique(None, lambda found: FewSeats(available=len(found.columns)))
    found = translate(caught(violated), rule)
    assert found.error.details == {"available": 1}
    assert found.failure.columns == ("email",)


def test_the_text_of_a_factory_s_error_is_looked_at_too():
    class Quoting(PublicError):
        status = 409
        message = "The name is {name}"
        name: Annotated[str, MaxLength(40)]

    found = translate(KeyError(CANARY), on_exception(KeyError, lambda e: Quoting(name=e.args[0])))
    assert CANARY not in found.error.public_message
    assert found.withheld[0].text == CANARY


def test_an_unknown_exception_is_known_by_its_cause_and_its_context():
    def by_cause():
        raise RuntimeError from KeyError()

    def by_context():
        try:
            raise KeyError
        except KeyError:
            raise RuntimeError

    def cut():
        try:
            raise KeyError
        except KeyError:
            raise RuntimeError from None

    rule = on_exception(KeyError, NoSuchThing)
    assert code_of(caught(by_cause), rule) == "NO_SUCH_THING"
    assert code_of(caught(by_context), rule) == "NO_SUCH_THING"
    assert code_of(caught(cut), rule) == "INTERNAL_SERVER_ERROR"


@pytest.mark.parametrize(
    "mistake", [AttributeError, NameError, TypeError, ZeroDivisionError, AssertionError]
)
def test_a_mistake_in_a_handler_is_not_the_exception_that_it_handled(mistake):
    def fails():
        try:
            raise LookupError
        except LookupError:
            raise mistake

    rule = on_exception(LookupError, NoSuchThing)
    assert code_of(caught(fails), rule) == "INTERNAL_SERVER_ERROR"

    def wraps():
        raise mistake from LookupError()

    assert code_of(caught(wraps), rule) == "NO_SUCH_THING"


def test_a_failure_in_the_handling_of_a_declared_error_is_a_failure_of_its_own():
    def fails():
        try:
            raise NoSuchThing
        except NoSuchThing:
            raise RuntimeError

    assert code_of(caught(fails)) == "INTERNAL_SERVER_ERROR"

    def wraps():
        raise RuntimeError from NoSuchThing()

    assert code_of(caught(wraps)) == "NO_SUCH_THING"


def test_a_framework_s_exception_counts_only_where_it_got_out():
    http = Known(HttpFailure(404))
    assert code_of(http) == "NOT_FOUND"

    def wraps():
        raise RuntimeError from http

    assert code_of(caught(wraps)) == "INTERNAL_SERVER_ERROR"


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"),
    [
        (DatabaseKind.UNIQUE, 409, None),
        (DatabaseKind.EXCLUSION, 409, None),
        (DatabaseKind.FOREIGN_KEY, 409, None),
        (DatabaseKind.CHECK, 422, None),
        (DatabaseKind.NOT_NULL, 422, None),
        (DatabaseKind.INVALID_VALUE, 422, None),
        (DatabaseKind.DEADLOCK, 503, 1),
        (DatabaseKind.SERIALIZATION, 503, 1),
        (DatabaseKind.LOCK_TIMEOUT, 503, None),
        (DatabaseKind.STATEMENT_TIMEOUT, 503, None),
        (DatabaseKind.POOL_EXHAUSTED, 503, None),
        (DatabaseKind.CANNOT_CONNECT, 503, None),
        (DatabaseKind.TOO_MANY_CONNECTIONS, 503, None),
        (DatabaseKind.SHUTTING_DOWN, 503, None),
        (DatabaseKind.READ_ONLY, 503, None),
        (DatabaseKind.DISK_FULL, 503, None),
        (DatabaseKind.PERMISSION_DENIED, 500, None),
        (DatabaseKind.PROGRAMMING, 500, None),
        (DatabaseKind.INTERNAL, 500, None),
    ],
)
def test_each_kind_of_database_failure_has_its_status(kind, status, retry_after):
    found = translate(Known(DatabaseFailure(kind)))
    assert (found.error.status, found.error.retry_after) == (status, retry_after)
    assert not found.error.fields


def test_each_kind_of_network_failure_has_its_status():
    for kind, status in (
        (NetworkKind.UNREACHABLE, 503),
        (NetworkKind.TIMEOUT, 504),
        (NetworkKind.BAD_ANSWER, 502),
    ):
        assert translate(Known(NetworkFailure(kind))).error.status == status
    assert len(NetworkKind) == 3


def test_a_real_violation_finds_the_closest_rule_through_its_wrapping():
    def wrapped():
        try:
            violated()
        except sqlite3.IntegrityError as error:
            raise RuntimeError(CANARY) from error

    rules = [
        on_unique(None, NameInUse),
        on_unique("users", NoSuchThing),
        on_unique("users.email", AddressInUse),
        on_foreign_key("users", OutOfOrder),
    ]
    for order in (rules, rules[::-1]):
        assert code_of(caught(wrapped), *order) == "ADDRESS_IN_USE"
    assert code_of(caught(wrapped), *rules[:2]) == "NO_SUCH_THING"
    assert code_of(caught(wrapped), *rules[:1]) == "NAME_IN_USE"
    assert code_of(caught(wrapped), rules[3]) == "CONFLICT"


def test_rules_that_match_as_closely_contradict_each_other_and_that_is_noted():
    failure = DatabaseFailure(
        DatabaseKind.UNIQUE, constraint="users_email_key", table="users", columns=("email",)
    )
    rules = [on_unique("users_email_key", AddressInUse), on_unique("users.email", NameInUse)]
    found = translate(Known(failure), *rules)
    assert (found.error.code, found.declared) == ("CONFLICT", False)
    assert all(rule.place in found.notes[0] for rule in rules)


def test_a_rule_for_the_driver_s_class_goes_before_what_its_reader_knows():
    assert (
        code_of(caught(violated), on_exception(sqlite3.IntegrityError, OutOfOrder))
        == "OUT_OF_ORDER"
    )


@pytest.mark.parametrize("cls", [Exception, BaseException])
def test_a_rule_for_everything_leaves_alone_what_more_is_known_of(cls):
    rule = on_exception(cls, OutOfOrder)
    assert code_of(ValueError(), rule) == "OUT_OF_ORDER"
    assert code_of(NoSuchThing(), rule) == "NO_SUCH_THING"
    assert code_of(Known(HttpFailure(404)), rule) == "NOT_FOUND"
    assert code_of(Known(ValidationFailure(malformed=True)), rule) == "INVALID_REQUEST"
    assert (
        code_of(caught(violated), rule, on_unique("users.email", AddressInUse)) == "ADDRESS_IN_USE"
    )
    group = ExceptionGroup("", [NoSuchThing(), NoSuchThing()])
    assert code_of(group, rule) == "NO_SUCH_THING"


def test_readers_and_adapters_that_fail_count_as_don_t_know_and_are_noted(monkeypatch):
    def fails(exception):
        raise RuntimeError(CANARY)

    found = translate(KeyError(), on_exception(LookupError, NoSuchThing), read=fails)
    assert found.error.code == "NO_SUCH_THING"
    found = translate(KeyError(), read=fails)
    assert found.error.code == "INTERNAL_SERVER_ERROR"
    assert found.notes[0].startswith("an adapter failed: RuntimeError")
    monkeypatch.setattr(reader, "read", fails)
    found = translate(caught(violated))
    assert found.error.code == "INTERNAL_SERVER_ERROR"
    assert any("readers.sqlite3 failed" in note for note in found.notes)


def test_the_members_of_a_group_answer_together_where_they_agree():
    rules = [on_exception(KeyError, NoSuchThing), on_exception(IndexError, AddressInUse)]
    assert code_of(ExceptionGroup("", [KeyError(), KeyError()]), *rules) == "NO_SUCH_THING"
    nested = ExceptionGroup("", [ExceptionGroup("", [KeyError()]), KeyError()])
    assert code_of(nested, *rules) == "NO_SUCH_THING"


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ([NoSuchThing(), AddressInUse()], 400),
        ([AddressInUse(), NameInUse()], 409),
        ([NoSuchThing(), ValueError()], 500),
    ],
)
def test_the_members_of_a_group_that_disagree_are_told_by_their_class_and_noted(members, status):
    found = translate(ExceptionGroup(CANARY, members))
    assert (found.error.status, found.declared) == (status, False)
    assert "different answers" in found.notes[0]


def test_a_rule_for_the_group_itself_goes_first():
    group = ExceptionGroup("", [KeyError()])
    rules = [on_exception(ExceptionGroup, OutOfOrder), on_exception(KeyError, NoSuchThing)]
    assert code_of(group, *rules) == "OUT_OF_ORDER"


def test_an_endless_chain_comes_to_an_end():
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert code_of(first) == "INTERNAL_SERVER_ERROR"
    group = ExceptionGroup("", [ValueError() for _ in range(1000)])
    assert code_of(group) == "INTERNAL_SERVER_ERROR"


def test_a_translation_of_its_own_is_made_for_each_failure():
    translator = Translator((on_exception(KeyError, NoSuchThing),))
    first = translator.translate(KeyError(), read, flags).error
    second = translator.translate(KeyError(), read, flags).error
    assert first is not second


class Sentence(PublicError):
    status = 409
    message = "It is called {name}"
    name: Annotated[str, MaxLength(60)]


SAID = "the ledger of ice is torn"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (SAID, SAID),
        ("the ledger\nof ice", "the ledger\nof ice"),
        (SAID * 9, SAID * 9),
        (SAID, f"sorry, {SAID}!"),
        ("torn", "torn"),
    ],
)
def test_a_parameter_that_repeats_an_exception_does_not_leave(said, name):
    def cause():
        raise Sentence(name=name) from ValueError(said)

    def context():
        try:
            raise ValueError(said)
        except ValueError:
            raise Sentence(name=name) from None

    made = on_exception(ValueError, lambda error: Sentence(name=name))
    for found in (
        translate(caught(cause)),
        translate(caught(context)),
        translate(ValueError(said), made),
    ):
        assert (found.error.code, found.declared) == ("CONFLICT", False)
        assert found.withheld[0].where == "parameter name"


@pytest.mark.parametrize("said", ["", "b", "a code", "other words that were said"])
def test_a_parameter_that_repeats_no_exception_leaves(said):
    def cause():
        raise Sentence(name="abc a code and more") from ValueError(said)

    assert translate(caught(cause)).declared


def test_a_public_error_whose_object_was_changed_keeps_its_declared_words():
    error = Sentence(name="tea")
    error.public_message = SAID
    error.details = {"why": SAID}
    found = translate(error)
    assert (found.error.public_message, found.error.details) == (
        "It is called tea",
        {"name": "tea"},
    )
    assert found.declared
    assert [(words.where, SAID in words.text) for words in found.withheld] == [
        ("public_message", True),
        ("details", True),
    ]


def test_a_public_error_whose_parameter_is_spoilt_gives_way_to_the_standard_error():
    error = Sentence(name="tea")
    error.name = object()
    found = translate(error)
    assert (found.error.code, found.declared) == ("CONFLICT", False)
    assert found.withheld[0].reason == "parameter 'name' takes str, not object"


def test_a_field_that_repeats_an_exception_does_not_leave():
    error = Sentence(name="tea")
    error.fields = (FieldError("name", "BAD", SAID),)
    error.__cause__ = ValueError(SAID)
    found = translate(error)
    assert (found.error.code, found.withheld[0].where) == ("CONFLICT", "field name")
