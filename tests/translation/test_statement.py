"""What a public error says stands in its declaration; nothing that its object became adds to it."""

import copy
import pickle
from decimal import Decimal
from typing import Annotated

import pytest

from tightlip import FieldError, MaxLength, PublicError
from tightlip.translation.provenance import public
from tightlip.translation.statement import changes_of, statement_of
from tightlip.wire import envelope

CANARY = "canary words 77"


class ShelfEmpty(PublicError):
    status = 409
    message = "Only {left} of {name} are left"
    docs = "https://errors.example/shelf"
    headers = {"link": "</shelf>; rel=up"}  # noqa: RUF012 - as a declaration has it
    left: int
    name: Annotated[str, MaxLength(20)]
    price: Decimal = Decimal("1.5")


class ShelfClosed(PublicError):
    status = 423
    message = "The shelf is closed"


def made():
    return ShelfEmpty(left=3, name="tea")


def test_it_says_what_the_error_says():
    error = made()
    statement = statement_of(error)
    assert envelope.render(statement, None) == envelope.render(error, None)
    assert (statement.status, statement.docs) == (409, "https://errors.example/shelf")
    assert statement.headers == {"link": "</shelf>; rel=up"}
    assert statement.details == {"left": 3, "name": "tea", "price": "1.5"}
    assert changes_of(error, statement) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("public_message", CANARY),
        ("public_message", 7),
        ("code", CANARY),
        ("status", 200),
        ("status", CANARY),
        ("docs", f"https://{CANARY}"),
        ("headers", {"x-why": CANARY}),
        ("details", {"why": CANARY}),
        ("details", {"left": 3, "name": CANARY, "price": "1.5"}),
        ("details", {"left": 3, "name": "tea", "price": CANARY}),
        ("details", {7: 3, "name": "tea", "price": "1.5"}),
        ("details", [CANARY]),
        ("details", CANARY),
    ],
)
@pytest.mark.parametrize(
    "through", [lambda e: e, copy.copy, lambda e: pickle.loads(pickle.dumps(e))]
)
def test_what_was_put_on_the_object_is_not_said(name, value, through):
    error = made()
    setattr(error, name, value)
    error = through(error)
    statement = statement_of(error)
    assert envelope.render(statement, None) == envelope.render(made(), None)
    assert (statement.status, statement.docs) == (409, ShelfEmpty.docs)
    assert statement.headers == ShelfEmpty.headers
    assert changes_of(error, statement) == {name: value}


def test_what_was_put_into_the_details_is_not_said():
    error = made()
    error.details[CANARY] = CANARY
    statement = statement_of(error)
    assert statement.details == made().details
    assert list(changes_of(error, statement)) == ["details"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("message", CANARY),
        ("code", CANARY),
        ("status", 200),
        ("docs", CANARY),
        ("headers", {"x-why": CANARY}),
        ("public_message", property(lambda self: CANARY, lambda self, value: None)),
        ("details", property(lambda self: {"why": CANARY}, lambda self, value: None)),
        ("__str__", lambda self: CANARY),
    ],
)
def test_what_was_put_on_the_class_is_not_said(monkeypatch, name, value):
    monkeypatch.setattr(ShelfClosed, name, value, raising=False)
    error = ShelfClosed()
    statement = statement_of(error)
    monkeypatch.undo()
    assert envelope.render(statement, None) == envelope.render(ShelfClosed(), None)
    assert (statement.status, statement.docs, statement.headers) == (423, None, {})


def test_what_its_class_answers_by_code_is_not_said():
    class OwnAnswers(PublicError):
        status = 409
        message = "It answers"

        def __getattribute__(self, name):
            return CANARY if name in {"code", "public_message"} else super().__getattribute__(name)

    statement = statement_of(OwnAnswers())
    assert (statement.code, statement.public_message) == ("OWN_ANSWERS", "It answers")


def test_an_init_of_the_author_s_own_adds_no_words():
    class OwnBeginning(PublicError):
        status = 409
        message = "It began"

        def __init__(self, words):
            self.public_message = words
            self.details = {"words": words}

    statement = statement_of(OwnBeginning(CANARY))
    assert (statement.public_message, statement.details) == ("It began", {})


def test_a_parameter_has_the_value_that_it_has_now_and_is_checked_again():
    error = made()
    error.left = 2
    error.name = "a\x1bb" + "c" * 30
    statement = statement_of(error)
    assert statement.public_message == f"Only 2 of a b{'c' * 16}… are left"
    error.left = CANARY
    with pytest.raises(TypeError, match="parameter 'left' takes int, not str"):
        statement_of(error)
    del error.left
    with pytest.raises(TypeError, match="needs the parameter 'left'"):
        statement_of(error)


def test_a_default_stands_for_a_parameter_that_is_gone():
    error = made()
    del error.price
    assert statement_of(error).details["price"] == "1.5"


def test_fields_and_a_time_to_wait_may_be_set_on_the_object():
    error = made()
    error.fields = (FieldError("left", "FEW", "Few are left"),)
    error.retry_after = 9
    statement = statement_of(error)
    assert (statement.fields, statement.retry_after) == (error.fields, 9)


@pytest.mark.parametrize("fields", [CANARY, [CANARY], (CANARY,), (FieldError("a", "B", 7),)])
def test_fields_of_another_form_are_not_said(fields):
    error = made()
    error.fields = fields
    assert statement_of(error).fields == ()


@pytest.mark.parametrize("seconds", [CANARY, -1, True, 1.5])
def test_a_time_to_wait_of_another_form_is_not_said(seconds):
    error = made()
    error.retry_after = seconds
    assert statement_of(error).retry_after is None


def test_a_class_that_declares_nothing_has_no_statement():
    class ShelfFamily(PublicError):
        status = 409

    with pytest.raises(TypeError, match="declares no status and message"):
        statement_of(ShelfFamily.__new__(ShelfFamily))


@pytest.mark.parametrize(("error", "times"), [(ShelfClosed(), 0), (made(), 1)])
def test_an_exception_behind_it_is_asked_for_its_text_only_where_there_is_one_to_compare(
    error, times
):
    asked = []

    class Behind(Exception):
        def __str__(self):
            asked.append(self)
            return CANARY

    error.__cause__ = Behind()
    assert public(error, lambda _: None).declared
    assert len(asked) == times
