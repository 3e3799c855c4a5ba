"""PublicError: declaration, codes, parameters at the raise, copies and families."""

from __future__ import annotations

import copy
import linecache
import pickle
import sys
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pytest

import tightlip
from tightlip import DeclarationError, FieldError, MaxLength, PublicError
from tightlip.catalog.error import code_of
from tightlip.catalog.standard import standard_error


class CrossesProcesses(PublicError):
    status = 409
    message = "Only {available} seats are left until {day}"
    available: int
    day: Annotated[str, MaxLength(10)] = "Monday"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("EmailAlreadyExists", "EMAIL_ALREADY_EXISTS"),
        ("HTTPTimeout", "HTTP_TIMEOUT"),
        ("URLTooLong", "URL_TOO_LONG"),
        ("SeatsOfTripAreGone", "SEATS_OF_TRIP_ARE_GONE"),
        ("Ticket2Old", "TICKET2_OLD"),
        ("Error404", "ERROR404"),
        ("_Private", "PRIVATE"),
        ("already_snake", "ALREADY_SNAKE"),
        ("Bad_Name", "BAD_NAME"),
    ],
)
def test_a_code_is_made_from_the_class_name(name, code):
    assert code_of(name) == code


def test_a_declared_error_has_the_code_of_its_name_and_speaks_its_message():
    class NameGivesTheCode(PublicError):
        status = 409
        message = "An account with this email already exists"

    error = NameGivesTheCode()
    assert (error.status, error.code) == (409, "NAME_GIVES_THE_CODE")
    assert error.public_message == "An account with this email already exists"
    assert str(error) == "NAME_GIVES_THE_CODE: An account with this email already exists"
    assert error.args == ("An account with this email already exists",)
    assert error.details == {}
    assert error.fields == ()


def test_the_public_names_are_the_ones_of_the_catalog():
    assert tightlip.PublicError is PublicError
    assert tightlip.DeclarationError is DeclarationError


@pytest.mark.parametrize("given", ["AB", "A1", "A_", "GIVEN_CODE_OF_TEST", "A" + "B" * 62])
def test_a_code_of_the_grammar_may_be_given(given):
    class GivenCode(PublicError):
        status = 400
        message = "No"
        code = given

    assert GivenCode().code == given


@pytest.mark.parametrize(
    "given",
    ["", "A", "a_b", "1A", "_AB", "A-B", "A B", "AB\n", "É_CODE", "A" + "B" * 63, 7, None, b"AB"],
)
def test_a_code_outside_the_grammar_is_refused(given):
    with pytest.raises(DeclarationError, match="starts with a letter and has 2 to 63 characters"):

        class OddCode(PublicError):
            status = 400
            message = "No"
            code = given


def test_a_class_name_that_makes_no_code_is_refused():
    with pytest.raises(DeclarationError, match="code is 'ÉTÉ'"):

        class Été(PublicError):  # noqa: PLC2401 - the odd name is the point
            status = 400
            message = "No"


@pytest.mark.parametrize("given", [400, 418, 499, 599])
def test_an_error_has_any_status_of_class_four_and_five(given):
    class AnyStatus(PublicError):
        status = given
        message = "No"

    assert AnyStatus().status == given


@pytest.mark.parametrize("given", [399, 600, 200, 0, -404, "409", 409.0, True, None])
def test_another_status_is_refused(given):
    with pytest.raises(DeclarationError, match="an error has a status from 400 to 599"):

        class OddStatus(PublicError):
            status = given
            message = "No"


def test_what_is_annotated_and_given_is_no_parameter():
    class WithTypes(PublicError):
        status: int = 409
        message: str = "Taken"
        code: str = "WITH_TYPES_GIVEN"
        docs: str | None = "https://errors.example/taken"
        limit: ClassVar[int] = 3

    assert WithTypes.parameters() == {}
    assert WithTypes().code == "WITH_TYPES_GIVEN"
    assert WithTypes().status == 409


def test_a_parameter_fills_the_message_and_stands_under_details():
    class SeatsLeft(PublicError):
        status = 409
        message = "Only {available} seats are left"
        available: int
        price: Decimal

    error = SeatsLeft(available=3, price=Decimal("9.90"))
    assert error.public_message == "Only 3 seats are left"
    assert error.details == {"available": 3, "price": "9.90"}
    assert error.available == 3
    assert error.price == Decimal("9.90")
    assert SeatsLeft.required_parameters() == ("available", "price")


def test_a_wrong_raise_fails_where_it_is_raised():
    class StrictSeats(PublicError):
        status = 409
        message = "Only {available} seats are left"
        available: int

    with pytest.raises(TypeError, match="StrictSeats needs the parameter 'available'"):
        StrictSeats()
    with pytest.raises(TypeError, match="StrictSeats has no parameter 'left'"):
        StrictSeats(available=1, left=1)
    with pytest.raises(TypeError, match="'available' and has no parameter 'left'"):
        StrictSeats(left=1)
    with pytest.raises(TypeError, match="'available' takes int, not str"):
        StrictSeats(available="3")
    with pytest.raises(TypeError, match="'available' takes int, not bool"):
        StrictSeats(available=True)
    with pytest.raises(TypeError, match="give its parameters by name"):
        StrictSeats(3)
    with pytest.raises(TypeError, match="has no parameter 'status'"):
        StrictSeats(available=3, status=500)


def test_a_text_in_a_message_is_cleaned_and_cut():
    class CouponRefused(PublicError):
        status = 409
        message = "The coupon {coupon} is not valid"
        coupon: Annotated[str, MaxLength(8)]

    error = CouponRefused(coupon="a\r\nb\x1b[31mcdefgh")
    assert error.public_message == "The coupon a b [31… is not valid"
    assert error.details == {"coupon": "a b [31…"}


def test_a_template_is_not_filled_in_twice():
    class BracesInValue(PublicError):
        status = 409
        message = "No {item}, {{literally}}"
        item: Annotated[str, MaxLength(40)]

    error = BracesInValue(item="{item.__class__}")
    assert error.public_message == "No {item.__class__}, {literally}"


def test_a_parameter_with_a_default_may_be_left_out():
    class WithDefault(PublicError):
        status = 409
        message = "Only {available} seats are left"
        available: int = 2

    assert WithDefault.required_parameters() == ()
    assert WithDefault().public_message == "Only 2 seats are left"
    assert WithDefault(available=5).details == {"available": 5}
    assert WithDefault().available == 2


@pytest.mark.parametrize("given", ["2", 2.0, True, None])
def test_a_default_of_another_type_is_refused_at_the_declaration(given):
    with pytest.raises(DeclarationError, match="parameter 'available' takes int"):

        class OddDefault(PublicError):
            status = 409
            message = "No"
            available: int = given


def test_the_time_to_wait_may_be_fixed():
    class WaitFixed(PublicError):
        status = 503
        message = "Try again"
        retry_after = 60

    assert WaitFixed().retry_after == 60
    assert WaitFixed().details == {}
    with pytest.raises(TypeError, match="has no parameter 'retry_after'"):
        WaitFixed(retry_after=5)


def test_the_time_to_wait_may_be_a_parameter():
    class WaitGiven(PublicError):
        status = 503
        message = "Try again in {retry_after} seconds"
        retry_after: int

    error = WaitGiven(retry_after=30)
    assert error.retry_after == 30
    assert error.public_message == "Try again in 30 seconds"
    assert error.details == {"retry_after": 30}
    with pytest.raises(TypeError, match="needs the parameter 'retry_after'"):
        WaitGiven()
    with pytest.raises(ValueError, match="takes a number of seconds from 0"):
        WaitGiven(retry_after=-1)


def test_the_time_to_wait_may_be_a_parameter_with_a_default():
    class WaitDefault(PublicError):
        status = 503
        message = "Try again"
        retry_after: int | None = 5

    assert WaitDefault().retry_after == 5
    assert WaitDefault(retry_after=30).retry_after == 30
    assert WaitDefault(retry_after=None).retry_after is None


@pytest.mark.parametrize("given", [-1, 1.5, "5", True])
def test_a_time_to_wait_that_is_no_count_of_seconds_is_refused(given):
    with pytest.raises(DeclarationError, match="whole number of seconds"):

        class OddWait(PublicError):
            status = 503
            message = "Try again"
            retry_after = given


@pytest.mark.parametrize("kind", [float, bool, Annotated[str, MaxLength(5)], int | float])
def test_a_time_to_wait_of_another_type_is_refused(kind):
    with pytest.raises(DeclarationError, match="retry_after is a whole number of seconds"):
        type(
            "OddWaitType",
            (PublicError,),
            {"status": 503, "message": "No", "__annotations__": {"retry_after": kind}},
        )


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("Only {available} left", "which is not declared; add `available: int`, say"),
        ("Only {} left", "may hold only plain"),
        ("Only {0} left", "may hold only plain"),
        ("Only {count:>9999999} left", "may hold only plain"),
        ("Only {count!r} left", "may hold only plain"),
        ("Only {count.real} left", "may hold only plain"),
        ("Only {count[0]} left", "may hold only plain"),
        ("Only {count:d} left", "may hold only plain {name} fields, not {count:d}"),
        ("Only {status} left", "{status}, which is a name of the error's own; take another"),
        ("Only {spare} left", "{spare}, which may be None; leave it out of the message"),
        ("Only {count left", "a brace without its other half; {{ and }} stand for braces"),
        ("Only } left", "a brace without its other half"),
        ("", "the message is empty"),
        ("  ", "the message is empty"),
        ("psycopg failed", "the message names a library: 'psycopg'"),
        ("KeyError", "the message names a class: 'KeyError'"),
        (None, "a message is a plain string"),
        (b"Bytes", "a message is a plain string"),
        (type("Text", (str,), {})("Plain"), "a message is a plain string"),
    ],
)
def test_a_message_that_cannot_stand_is_refused(message, fault):
    said = message
    with pytest.raises(DeclarationError) as raised:

        class OddMessage(PublicError):
            status = 409
            message = said
            count: int
            spare: int | None

    assert fault in str(raised.value)


class MaybeUnknown(Enum):
    KNOWN = "known"
    UNKNOWN = None


@pytest.mark.parametrize("kind", [int | None, Literal["a", None], MaybeUnknown])  # noqa: PYI061 - as some write it
def test_a_parameter_of_an_inherited_message_may_not_become_none(kind):
    class FilledIn(PublicError):
        status = 409
        message = "Row {row} is taken"
        row: int

    with pytest.raises(DeclarationError, match=r"\{row\}, which may be None"):
        type("FilledInAgain", (FilledIn,), {"__annotations__": {"row": kind}})


def test_a_message_without_a_status_is_refused():
    with pytest.raises(DeclarationError, match="it has a message and no status: add `status ="):

        class Statusless(PublicError):
            message = "Something is amiss"


def test_an_error_that_leaves_our_constructor_out_has_its_text_all_the_same():
    class MadeByItself(PublicError):
        status = 409
        message = "This was made by itself"

        def __init__(self, reason):
            self.reason = reason

    assert str(MadeByItself(3)) == "MADE_BY_ITSELF: This was made by itself"


def test_a_declaration_error_names_file_and_line():
    with pytest.raises(DeclarationError) as raised:

        class OnThisLine(PublicError):
            status = 200
            message = "No"

    told, _, _ = str(raised.value).partition(": ")
    place = told.rpartition(" at ")[2]
    file, _, line = place.rpartition(":")
    assert Path(file) == Path(__file__)
    assert "class OnThisLine(PublicError)" in linecache.getline(file, int(line))


@pytest.mark.parametrize(
    "name", ["args", "details", "with_traceback", "add_note", "public_message"]
)
def test_a_parameter_takes_no_name_that_exceptions_have(name):
    with pytest.raises(DeclarationError, match=f"a parameter cannot be called '{name}'"):
        type(
            "OddName",
            (PublicError,),
            {"status": 409, "message": "No", "__annotations__": {name: int}},
        )


@pytest.mark.parametrize("annotation", ["Nowhere", "sys.nothing", "int |", "1/0"])
def test_a_type_that_is_not_known_is_refused(annotation):
    with pytest.raises(DeclarationError, match="the type of a parameter is not known here"):
        type(
            "UnknownType",
            (PublicError,),
            {
                "status": 409,
                "message": "No",
                "__module__": __name__,
                "__annotations__": {"x": annotation},
            },
        )


def test_a_type_may_stand_inside_the_class_or_the_function():
    class Outer(Enum):
        RED = "red"

    class NestedTypes(PublicError):
        status = 409
        message = "The {size} is {colour}"

        class Size(Enum):
            BIG = "big one"

        size: Size
        colour: Outer

    error = NestedTypes(size=NestedTypes.Size.BIG, colour=Outer.RED)
    assert error.public_message == "The big one is red"


def test_a_family_without_a_message_is_not_raised_and_takes_no_code():
    class FamilyAlone(PublicError):
        status = 402

    assert not FamilyAlone.is_concrete()
    with pytest.raises(TypeError, match="FamilyAlone declares no status and message of its own"):
        FamilyAlone()
    with pytest.raises(TypeError, match="raise a subclass"):
        PublicError()


def _family_with_a_type_of_its_own():
    class Reason(Enum):
        LATE = "late"

    class FamilyOfOrders(PublicError):
        status = 409
        reason: Reason
        order: int = 7

    return FamilyOfOrders, Reason


def test_a_subclass_inherits_status_parameters_and_defaults_but_not_the_code():
    family, reason = _family_with_a_type_of_its_own()

    class OrderIsLate(family):
        message = "Order {order} is {reason}, {days} days"
        days: int

    class OrderIsVeryLate(OrderIsLate):
        status = 410
        order: int = 8

    late = OrderIsLate(reason=reason.LATE, days=2)
    assert (late.status, late.code) == (409, "ORDER_IS_LATE")
    assert late.public_message == "Order 7 is late, 2 days"
    assert late.details == {"reason": "late", "order": 7, "days": 2}
    very_late = OrderIsVeryLate(reason=reason.LATE, days=9)
    assert (very_late.status, very_late.code) == (410, "ORDER_IS_VERY_LATE")
    assert very_late.public_message == "Order 8 is late, 9 days"
    assert isinstance(very_late, family)
    assert set(family.parameters()) == {"reason", "order"}


def test_headers_and_a_page_may_be_declared():
    class WithHeaders(PublicError):
        status = 405
        message = "Not here"
        docs = "https://errors.example/not-here?x=1#a"
        headers = {"Allow": "GET, POST", "sunset": "Sat, 31 Dec 2033 23:59:59 GMT"}  # noqa: RUF012 - as users write it

    assert WithHeaders().headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        ({"Set-Cookie": "a=b"}, "the header 'Set-Cookie' may not be declared; these may: accept"),
        ({"Server": "x"}, "may not be declared"),
        ({"Content-Type": "text/plain"}, "may not be declared"),
        ({"X-Error-Reference": "x"}, "may not be declared"),
        ({1: "x"}, "the header 1 may not be declared"),
        ({"Allow": 7}, "no printable ASCII text"),
        ({"Allow": "GET\r\nX: y"}, "no printable ASCII text"),
        ({"Allow": "GET\n"}, "no printable ASCII text"),
        ({"Link": "é"}, "no printable ASCII text"),
        ([("Allow", "GET")], "headers is a mapping"),
        (None, "headers is a mapping"),
    ],
)
def test_a_header_that_may_not_leave_is_refused(headers, fault):
    given = headers
    with pytest.raises(DeclarationError) as raised:

        class OddHeaders(PublicError):
            status = 409
            message = "No"
            headers = given

    assert fault in str(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/errors/taken",
        "javascript:alert(1)",
        "ftp://errors.example",
        "https://",
        "https://errors.example/a b",
        "https://errors.example/\r\nX: y",
        'https://errors.example/>; rel="x',
        "https://errors.example/é",
        "https://errors.example/" + "a" * 500,
        b"https://errors.example",
        7,
    ],
)
def test_a_page_that_is_no_address_is_refused(address):
    with pytest.raises(DeclarationError, match="it is an http or https address"):

        class OddDocs(PublicError):
            status = 409
            message = "No"
            docs = address


@pytest.mark.parametrize(
    "make", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
def test_a_copy_says_the_same(make):
    error = CrossesProcesses(available=3)
    error.fields = (FieldError("seat", "TAKEN", "The seat is taken"),)
    error.add_note("for the record")
    twin = make(error)
    assert twin is not error
    assert type(twin) is CrossesProcesses
    assert twin.details == error.details == {"available": 3, "day": "Monday"}
    assert twin.public_message == "Only 3 seats are left until Monday"
    assert twin.fields == error.fields
    assert twin.__notes__ == ["for the record"]


@pytest.mark.parametrize(
    "make", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
def test_a_copy_of_a_standard_error_keeps_its_status_and_its_time_to_wait(make):
    twin = make(standard_error(499, retry_after=3))
    assert (twin.status, twin.retry_after, twin.code) == (499, 3, "INVALID_REQUEST")


def test_a_choice_and_a_family_can_be_raised_and_caught():
    class PaymentFamily(PublicError):
        status = 402

    class PaymentRefusedHere(PaymentFamily):
        message = "The payment was refused: {reason}"
        reason: Literal["card", "limit"]

    with pytest.raises(PaymentFamily) as raised:
        raise PaymentRefusedHere(reason="card")
    assert raised.value.details == {"reason": "card"}
    with pytest.raises(ValueError, match="parameter 'reason' takes one of"):
        raise PaymentRefusedHere(reason="mood")


def test_the_class_alone_can_be_raised():
    class RaisedBare(PublicError):
        status = 409
        message = "Taken"

    with pytest.raises(RaisedBare, match="RAISED_BARE: Taken"):
        raise RaisedBare
    assert sys.exception() is None
