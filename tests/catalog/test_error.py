"""Public errors are declared once, and checked where they are declared and where they are raised."""

from __future__ import annotations

import copy
import gc
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, ClassVar, Literal
from uuid import UUID

import pytest

from tightlip import DeclarationError, MaxLength, PublicError
from tightlip.catalog.catalog import catalog
from tightlip.catalog.error import code_of


class Tier(StrEnum):
    FREE = "free"
    GOLD = "gold"


class EmailTaken(PublicError):
    status = 409
    message = "An account with this email already exists"


class SoldOut(PublicError):
    status = 409
    message = "Only {available} seats are left"
    available: int


class Everything(PublicError):
    status = 400
    message = "Something is not right"
    whole: int
    real: float
    flag: bool
    amount: Decimal
    key: UUID
    day: date
    moment: datetime
    tier: Tier
    side: Literal["left", "right"]
    text: Annotated[str, MaxLength(10)]
    maybe: int | None = None
    either: int | Annotated[str, MaxLength(5)] | None = None


EVERYTHING = {
    "whole": 3,
    "real": 1.5,
    "flag": True,
    "amount": Decimal("9.90"),
    "key": UUID(int=1),
    "day": date(2024, 2, 29),
    "moment": datetime(2024, 2, 29, 12, tzinfo=UTC),
    "tier": Tier.GOLD,
    "side": "left",
    "text": "abc",
}


def declare(**members):
    """Declare a public error with `members`, named by the test that asks."""
    return type("Declared", (PublicError,), {"status": 409, "message": "It is so", **members})


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("EmailTaken", "EMAIL_TAKEN"),
        ("HTTPTimeout", "HTTP_TIMEOUT"),
        ("OAuth2Failed", "O_AUTH2_FAILED"),
        ("Out_of_stock", "OUT_OF_STOCK"),
        ("_Private", "PRIVATE"),
        ("NotFoundError", "NOT_FOUND_ERROR"),
    ],
)
def test_the_code_comes_from_the_class_name(name, code):
    assert code_of(name) == code


def test_an_error_knows_its_words_and_gives_them_as_text():
    error = SoldOut(available=3)
    assert (error.status, error.code) == (409, "SOLD_OUT")
    assert error.public_message == "Only 3 seats are left"
    assert error.details == {"available": 3}
    assert error.available == 3
    assert str(error) == "SOLD_OUT: Only 3 seats are left"
    assert error.args == ("Only 3 seats are left",)


def test_every_declarable_type_becomes_a_json_value():
    assert Everything(**EVERYTHING).details == {
        "whole": 3,
        "real": 1.5,
        "flag": True,
        "amount": "9.90",
        "key": "00000000-0000-0000-0000-000000000001",
        "day": "2024-02-29",
        "moment": "2024-02-29T12:00:00+00:00",
        "tier": "gold",
        "side": "left",
        "text": "abc",
        "maybe": None,
        "either": None,
    }
    details = Everything(**{**EVERYTHING, "real": 2, "either": "abcdefg", "maybe": 4}).details
    assert (details["real"], details["either"], details["maybe"]) == (2.0, "abcd…", 4)


@pytest.mark.parametrize(
    ("name", "value", "error", "words"),
    [
        ("whole", "3", TypeError, "takes int, not str"),
        ("whole", True, TypeError, "takes int, not bool"),
        ("whole", None, TypeError, "takes int"),
        ("flag", 1, TypeError, "takes bool"),
        ("real", float("nan"), ValueError, "takes a finite number"),
        ("amount", Decimal("inf"), ValueError, "takes a finite number"),
        ("day", datetime(2024, 1, 1, tzinfo=UTC), TypeError, "takes date"),
        ("tier", "gold", ValueError, "a member of Tier"),
        ("side", "up", ValueError, "one of"),
        ("text", ValueError("abc"), TypeError, "takes str, not ValueError"),
        ("text", type("Text", (str,), {})("abc"), TypeError, "takes str"),
    ],
)
def test_a_wrong_value_fails_where_it_is_raised(name, value, error, words):
    with pytest.raises(error, match=f"parameter '{name}'.*{words}"):
        Everything(**{**EVERYTHING, name: value})


def test_a_missing_or_unknown_parameter_fails_where_it_is_raised():
    with pytest.raises(TypeError, match="SoldOut needs the parameter 'available'"):
        SoldOut()
    with pytest.raises(TypeError, match="SoldOut has no parameter 'seats'"):
        SoldOut(available=1, seats=1)
    with pytest.raises(TypeError, match="EmailTaken has no parameter 'detail'"):
        EmailTaken(detail="x")
    with pytest.raises(TypeError):
        EmailTaken("words")


def test_a_text_is_cut_and_cleaned_of_control_characters():
    hostile = "a\r\n\x00b\u202e\u200b\ud800c"
    assert Everything(**{**EVERYTHING, "text": hostile}).details["text"] == "a b c"
    assert Everything(**{**EVERYTHING, "text": "x" * 11}).details["text"] == "x" * 9 + "…"


def test_a_value_cannot_speak_in_the_template_s_own_language():
    class Greeting(PublicError):
        status = 400
        message = "Hello {name}"
        name: Annotated[str, MaxLength(40)]

    error = Greeting(name="{name.__class__.__mro__}")
    assert error.public_message == "Hello {name.__class__.__mro__}"


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"status": 399}, "status is 399"),
        ({"status": 600}, "status is 600"),
        ({"status": "409"}, "status is '409'"),
        ({"status": True}, "status is True"),
        ({"code": "lower"}, "code is 'lower'"),
        ({"code": "A"}, "code is 'A'"),
        ({"code": "1A"}, "code is '1A'"),
        ({"code": "A" * 64}, "code is 'AAA"),
        ({"code": "A B"}, "code is 'A B'"),
        ({"message": ""}, "the message is empty"),
        ({"message": "  "}, "the message is empty"),
        ({"message": "x" * 501}, "longer than 500"),
        ({"message": 3}, "message is 3"),
        ({"message": "See {0}"}, "only plain {name} fields"),
        ({"message": "See {}"}, "only plain {name} fields"),
        ({"message": "See {a.b}"}, "only plain {name} fields"),
        ({"message": "See {a[0]}"}, "only plain {name} fields"),
        ({"message": "See {a!r}"}, "only plain {name} fields"),
        ({"message": "See {a:>10}"}, "only plain {name} fields"),
        ({"message": "See {a}"}, "which is not declared"),
        ({"message": "See {a"}, "expected '}'"),
        ({"message": "A psycopg2 pool failed"}, "names a library"),
        ({"message": "A ValueError was raised"}, "names a class"),
        ({"message": "Look at /home/app/main.py"}, "names a path"),
        ({"message": "SELECT name FROM users failed"}, "holds SQL"),
        ({"message": "No answer from 10.0.0.5"}, "names an address"),
        ({"message": "Two\nlines"}, "control character"),
        ({"message": "Lone \ud800"}, "lone surrogate"),
        ({"retry_after": -1}, "retry_after is -1"),
        ({"retry_after": 1.5}, "retry_after is 1.5"),
        ({"docs": "javascript:alert(1)"}, "docs is"),
        ({"docs": "https://a.example/ b"}, "docs is"),
        ({"headers": {"Set-Cookie": "a=b"}}, "the header 'Set-Cookie' may not be declared"),
        ({"headers": {"Allow": "a\r\nb"}}, "no printable ASCII text"),
        ({"headers": ["Allow"]}, "headers is a mapping"),
        ({"__annotations__": {"text": str}}, "a text without a length"),
        ({"__annotations__": {"thing": dict}}, "has a type that cannot stand in an answer"),
        ({"__annotations__": {"thing": "Unknown"}}, "is not known here"),
        ({"__annotations__": {"args": int}}, "cannot be called 'args'"),
        ({"__annotations__": {"public_message": int}}, "cannot be called 'public_message'"),
        ({"__annotations__": {"n": int}, "n": "x"}, "takes int, not str"),
    ],
)
def test_a_declaration_that_cannot_stand_names_file_line_and_remedy(members, words):
    with pytest.raises(DeclarationError) as caught:
        declare(**members)
    assert words in str(caught.value)
    assert "Declared at " in str(caught.value)
    assert "test_error.py:" in str(caught.value)
    assert "DECLARED" not in catalog


@pytest.mark.parametrize(
    "message",
    [
        "The path to your file is not valid",
        "Select one of the plans from the list",
        "Your session/token has expired. Sign in again",
        "Use the format name@domain.com and try again",
        "The update was set aside. Try again later",
        "Only 3 of 10 items are left, and/or reserved",
        "You can order at 10:30 or 12.45 again",
        "Drop your file here, at most 5 MB",
        "Пользователь не найден",
        "該当する商品がありません",
        "Braces {{like these}} may stand",
    ],
)
def test_plain_words_may_stand(message):
    error = declare(message=message)
    assert error().public_message == message.replace("{{", "{").replace("}}", "}")


def test_a_family_without_a_message_is_not_raised_and_gives_its_parameters_on():
    class OrderFamily(PublicError):
        status = 409
        order: int

    class OrderClosed(OrderFamily):
        message = "Order {order} is closed"

    with pytest.raises(TypeError, match="raise a subclass"):
        OrderFamily(order=1)
    assert OrderClosed(order=7).public_message == "Order 7 is closed"
    assert OrderClosed.required_parameters() == ("order",)
    assert "ORDER_FAMILY" not in catalog
    with pytest.raises(TypeError, match="raise a subclass"):
        PublicError()


def test_a_class_variable_and_a_method_are_no_parameters():
    class Noted(PublicError):
        status = 409
        message = "It is noted"
        team: ClassVar[str] = "orders"

        def hint(self):
            return self.team

    assert Noted().details == {}
    assert Noted().hint() == "orders"


def test_a_code_stands_for_one_class_and_a_conflict_names_both_places():
    def first():
        class SameCode(PublicError):
            status = 409
            message = "The first one"

        return SameCode

    held = first()
    with pytest.raises(DeclarationError) as caught:

        class Other(PublicError):
            status = 409
            code = "SAME_CODE"
            message = "The second one"

    assert "SAME_CODE is declared twice" in str(caught.value)
    assert str(caught.value).count("test_error.py:") == 2
    assert held.__qualname__ in str(caught.value)


def test_a_class_that_is_gone_gives_its_code_back():
    def local(words):
        class ShortLived(PublicError):
            status = 409
            message = words

        assert "SHORT_LIVED" in catalog

    gc.disable()
    try:
        local("The first one")
        namespace = {"__name__": "elsewhere"}
        exec(
            "from tightlip import PublicError\n"
            "class ShortLived(PublicError):\n"
            "    status = 409\n"
            "    message = 'From another module'\n",
            namespace,
        )
    finally:
        gc.enable()
    assert namespace["ShortLived"]().public_message == "From another module"


def test_a_module_that_is_loaded_again_replaces_its_errors():
    source = (
        "from tightlip import PublicError\n"
        "class Reloaded(PublicError):\n"
        "    status = 409\n"
        "    message = 'Loaded again'\n"
    )
    modules = [{"__name__": "reloaded"}, {"__name__": "reloaded"}, {"__name__": "__main__"}]
    for namespace in modules:  # the third: as `python -m` runs it, from the same file
        exec(compile(source, "/srv/shop/reloaded.py", "exec"), namespace)
    (held,) = (declared.error for declared in catalog if declared.code == "RELOADED")
    assert held is modules[-1]["Reloaded"]


def test_an_error_survives_pickling_and_copying():
    for again in (pickle.loads, copy.copy, copy.deepcopy):
        error = Everything(**EVERYTHING)
        made = again(pickle.dumps(error)) if again is pickle.loads else again(error)
        assert type(made) is Everything
        assert made.details == error.details
        assert made.public_message == error.public_message


def test_retry_after_may_be_declared_once_or_told_each_time():
    class Always(PublicError):
        status = 503
        message = "Closed for a moment"
        retry_after = 30

    class Sometimes(PublicError):
        status = 503
        message = "Closed for a moment"
        retry_after: int

    assert Always().retry_after == 30
    assert Sometimes(retry_after=5).retry_after == 5
    assert Sometimes.required_parameters() == ("retry_after",)


def test_an_enum_of_any_value_is_shown_by_value():
    class Size(Enum):
        SMALL = 1

    class Shown(PublicError):
        status = 409
        message = "The size {size} is gone"
        size: Size

    assert Shown(size=Size.SMALL).public_message == "The size 1 is gone"
