from __future__ import annotations

import re
import tomllib
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from importlib.resources import files
from ipaddress import IPv4Address, IPv6Network
from typing import Annotated, Any, ClassVar, Literal, NamedTuple
from uuid import UUID

import pytest
from annotated_types import Ge
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import (
    UUID4,
    AfterValidator,
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    FutureDate,
    FutureDatetime,
    HttpUrl,
    ImportString,
    Json,
    NaiveDatetime,
    PastDate,
    PastDatetime,
    PostgresDsn,
    StringConstraints,
    ValidationError,
    condecimal,
    conint,
    conlist,
    constr,
    create_model,
    model_validator,
    validate_call,
)
from pydantic_core import PydanticCustomError
from pydantic_core._pydantic_core import list_all_errors

from tightlip.catalog.error import FieldError
from tightlip.catalog.wording import fault_of
from tightlip.failure import FieldFailure, ValidationFailure
from tightlip.translation.validation import describe

CANARY = "Xq7CanaryZ"
ALL_TYPES = list_all_errors()
TABLE = tomllib.loads(
    files("tightlip.translation").joinpath("tables", "validation.toml").read_text("utf-8")
)
# Named by pydantic 2.5 to 2.11 and no longer by the pydantic installed here.
FORMER_TYPES = ("string_sub_type",)
LIBRARY_WORDS = re.compile(
    r"(?i)\b(?:str|string|int|integer|float|bool|boolean|dict|dictionary|mapping|model|class|"
    r"instance|subclass|pydantic|python|tuple|frozenset|set|deque|counter|ordereddict|frozendict|"
    r"decimal(?! p)|fraction(?!$)|complex|dataclass|callable|iterable|hashable|enum|literal|"
    r"union|tag|discriminator|schema|argument|keyword|positional|ctx|context|regex|pattern(?!$)|"
    r"sentinel|ellipsis|missing|datetime|timedelta|none|nonetype|namedtuple|attribute|recursion|"
    r"cyclic|pars(?:e|ing)|unicode|generator|exception|error|assertion|validator|input|http\S*)\b"
)


def no_words(error):
    return None


def literal_words(error):
    return error.args[0] if error.args and error.args[0].startswith("Choose") else None


def one(location, kind="missing", context=None, *, error=None, declared=None, words_of=no_words):
    failure = ValidationFailure((FieldFailure(location, kind, context or {}, error),))
    (answer,) = describe(failure, words_of, declared)
    return answer


def several(*fields, declared=None, words_of=no_words):
    return describe(ValidationFailure(tuple(fields)), words_of, declared)


def names_of(schema):
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from names_of(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from names_of(value)


def refuse(model, value, *, declared=True, words_of=no_words, place="body"):
    """Validate with pydantic, and describe what it says as an adapter would."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(value)
    fields = []
    for details in caught.value.errors():
        context = details.get("ctx", {})
        error = context.get("error")
        fields.append(
            FieldFailure(
                (place, *details["loc"]),
                details["type"],
                context,
                error if isinstance(error, BaseException) else None,
            )
        )
    names = set(names_of(model.model_json_schema())) if declared else None
    return describe(ValidationFailure(tuple(fields)), words_of, names)


def refuse_value(annotation, value):
    """Refuse one value of a field `start_date`; return pydantic's types and our answers."""
    model = create_model("Planted", start_date=(annotation, ...), __config__=CONFIG)
    with pytest.raises(ValidationError) as caught:
        model.model_validate({"start_date": value})
    fields = tuple(
        FieldFailure(("body", *details["loc"]), details["type"], details.get("ctx", {}))
        for details in caught.value.errors()
    )
    return {field.type for field in fields}, describe(
        ValidationFailure(fields), no_words, {"start_date", "lives", "kind", "bark"}
    )


CONFIG = ConfigDict(arbitrary_types_allowed=True, hide_input_in_errors=False)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    bark: str


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Sign(Enum):
    ONLY = "only"


class Opaque:
    pass


@dataclass
class Point:
    x: int


class Pair(NamedTuple):
    left: int


def check_text(value):
    raise ValueError(f"no such row: {value}")


def check_by_assertion(value):
    assert value != CANARY, f"bad {value}"


def make_custom_error(value):
    raise PydanticCustomError("sold_out", "Row {row} is gone", {"row": value})


def short_after_validation(value):
    return value[:1]


class TestTheTable:
    def test_every_type_of_the_installed_validator_has_a_row(self):
        missing = {entry["type"] for entry in ALL_TYPES} - TABLE["types"].keys()
        assert not missing

    def test_types_of_earlier_releases_keep_their_row(self):
        assert set(FORMER_TYPES) <= TABLE["types"].keys()

    def test_every_row_has_a_declared_code_and_every_code_has_a_row(self):
        assert {row["code"] for row in TABLE["types"].values()} == TABLE["codes"].keys()

    def test_every_row_holds_a_code_and_sentences_and_nothing_else(self):
        for row in TABLE["types"].values():
            assert row.keys() <= {"code", "sentences"}
            assert all(isinstance(sentence, str) for sentence in row.get("sentences", []))

    def test_codes_have_the_grammar_of_the_wire_contract(self):
        assert all(re.fullmatch(r"[A-Z][A-Z0-9_]{1,62}", code) for code in TABLE["codes"])

    def test_a_sentence_of_a_code_needs_no_limit(self):
        for sentence in TABLE["codes"].values():
            assert sentence.count("{") == sentence.count("{field}") == 1

    def test_every_limit_in_a_sentence_is_one_that_the_validator_gives(self):
        given = {entry["type"]: entry["example_context"] or {} for entry in ALL_TYPES}
        for name, row in TABLE["types"].items():
            context = given.get(name.removesuffix("_value").removesuffix("_inside"), {})
            for sentence in row.get("sentences", []):
                limits = set(re.findall(r"\{(\w+)", sentence)) - {"field"}
                assert limits <= set(context), name

    def test_no_sentence_shows_what_a_client_or_a_parser_put_into_the_context(self):
        shown = set(re.findall(r"\{(\w+)", str(TABLE)))
        assert not shown & {
            *("error", "pattern", "tag", "discriminator", "expected_tags", "class", "class_name"),
            *("attribute", "method_name", "encoding", "encoding_error", "actual_length"),
            *("field_type", "tz_actual", "tz_expected"),
        }


def assert_reads_well(message, label):
    assert message.startswith(label)
    assert message[0].isupper()
    assert not message.endswith(".")
    assert "{" not in message
    assert "}" not in message
    assert "  " not in message
    assert CANARY not in message
    assert LIBRARY_WORDS.search(message.removeprefix(label)) is None, message
    assert fault_of(message) is None


PLANTED_CONTEXTS = {
    "as in the validator's own example": lambda name, value: value,
    "a canary for every value": lambda name, value: CANARY,
    "a canary for every text": lambda name, value: CANARY if isinstance(value, str) else 3,
    "nothing": lambda name, value: None,
    "a list of choices": lambda name, value: "'a', 'b' or 'c'" if "expect" in name else 1,
}


@pytest.mark.parametrize("plant", PLANTED_CONTEXTS.values(), ids=PLANTED_CONTEXTS)
@pytest.mark.parametrize("kind", [*(entry["type"] for entry in ALL_TYPES), *FORMER_TYPES])
def test_every_type_gives_a_calm_sentence_about_its_field(kind, plant):
    example_context = next(
        (entry["example_context"] or {} for entry in ALL_TYPES if entry["type"] == kind), {}
    )
    context = {name: plant(name, value) for name, value in example_context.items()}
    answer = one(("body", "start_date", "x"), kind, context, declared={"start_date", "x"})
    if kind == "invalid_key":  # the last part of its location is the key that the client chose
        assert (answer.field, answer.message) == ("start_date", "A key of Start date is not valid")
        return
    assert answer.field == "start_date.x"
    assert answer.code in TABLE["codes"]
    assert_reads_well(answer.message, "X ")


def test_an_unknown_type_gives_the_general_sentence():
    answer = one(("body", "email"), "a_type_of_tomorrow", {"ge": 3})
    assert answer == FieldError("email", "NOT_VALID", "Email is not valid")


PLANTED = [
    # annotation, input, pydantic's type, the sentence
    (str, ..., "string_type", "must be text"),
    (str, b"\xff" + CANARY.encode(), "string_unicode", "must be text"),
    (constr(min_length=8), "Xq7Can", "string_too_short", "must be at least 8 characters long"),
    (constr(min_length=1), "", "string_too_short", "must not be empty"),
    (constr(max_length=3), CANARY, "string_too_long", "must be at most 3 characters long"),
    (constr(max_length=1), CANARY, "string_too_long", "must be at most 1 character long"),
    (constr(pattern="^secret-rule$"), CANARY, "string_pattern_mismatch", "has the wrong format"),
    (int, CANARY, "int_parsing", "must be a whole number"),
    (int, 1.5, "int_from_float", "must be a whole number"),
    (int, [CANARY], "int_type", "must be a whole number"),
    (int, "9" * 5000, "int_parsing_size", "has too many digits"),
    (float, CANARY, "float_parsing", "must be a number"),
    (float, [CANARY], "float_type", "must be a number"),
    (
        Annotated[float, Field(allow_inf_nan=False)],
        "inf",
        "finite_number",
        "must be a finite number",
    ),
    (conint(ge=18), 7, "greater_than_equal", "must be at least 18"),
    (conint(gt=0), -7, "greater_than", "must be greater than 0"),
    (conint(le=99), 777, "less_than_equal", "must be at most 99"),
    (conint(lt=99), 777, "less_than", "must be less than 99"),
    (conint(multiple_of=5), 7, "multiple_of", "must be a multiple of 5"),
    (Annotated[float, Field(ge=0.5)], 0.25, "greater_than_equal", "must be at least 0.5"),
    (Annotated[float, Field(le=2.0)], 7, "less_than_equal", "must be at most 2"),
    (condecimal(ge=Decimal("1.50")), 1, "greater_than_equal", "must be at least 1.5"),
    (condecimal(max_digits=3), "12345", "decimal_max_digits", "must have at most 3 digits"),
    (
        condecimal(decimal_places=1),
        "1.234",
        "decimal_max_places",
        "must have at most 1 decimal place",
    ),
    (
        condecimal(max_digits=5, decimal_places=2),
        "12345",
        "decimal_whole_digits",
        "must have at most 3 digits before the decimal point",
    ),
    (Decimal, CANARY, "decimal_parsing", "must be a number"),
    (Decimal, [CANARY], "decimal_type", "must be a number"),
    (Fraction, CANARY, "fraction_parsing", "must be a number or a fraction"),
    (complex, [CANARY], "complex_type", "must be a number"),
    (bool, CANARY, "bool_parsing", "must be true or false"),
    (bool, [CANARY], "bool_type", "must be true or false"),
    (bytes, [CANARY], "bytes_type", "must be text or binary data"),
    (
        Annotated[bytes, Field(min_length=8)],
        "Xq7",
        "bytes_too_short",
        "must be at least 8 bytes long",
    ),
    (
        Annotated[bytes, Field(max_length=1)],
        CANARY,
        "bytes_too_long",
        "must be at most 1 byte long",
    ),
    (date, CANARY, "date_from_datetime_parsing", "must be a date"),
    (date, [CANARY], "date_type", "must be a date"),
    (date, "2030-01-01T03:00", "date_from_datetime_inexact", "must be a date without a time"),
    (PastDate, "2999-01-01", "date_past", "must be in the past"),
    (FutureDate, "1999-01-01", "date_future", "must be in the future"),
    (
        Annotated[date, Field(ge=date(2020, 1, 1))],
        "1999-01-01",
        "greater_than_equal",
        "must be 2020-01-01 or later",
    ),
    (
        Annotated[datetime, Field(lt=datetime(2020, 1, 1, tzinfo=UTC))],
        "2021-01-01T00:00Z",
        "less_than",
        "must be earlier than 2020-01-01T00:00:00Z",
    ),
    (time, CANARY, "time_parsing", "must be a time"),
    (time, [CANARY], "time_type", "must be a time"),
    (datetime, CANARY, "datetime_from_date_parsing", "must be a date and time"),
    (datetime, [CANARY], "datetime_type", "must be a date and time"),
    (PastDatetime, "2999-01-01T00:00", "datetime_past", "must be in the past"),
    (FutureDatetime, "1999-01-01T00:00", "datetime_future", "must be in the future"),
    (AwareDatetime, "1999-01-01T00:00", "timezone_aware", "must have a time zone"),
    (NaiveDatetime, "1999-01-01T00:00Z", "timezone_naive", "must not have a time zone"),
    (timedelta, CANARY, "time_delta_parsing", "must be a duration"),
    (timedelta, [CANARY], "time_delta_type", "must be a duration"),
    (
        Annotated[timedelta, Field(ge=timedelta(seconds=65))],
        1,
        "greater_than_equal",
        "must be at least 1 minute and 5 seconds",
    ),
    (list[int], CANARY, "list_type", "must be a list"),
    (tuple[int, int], CANARY, "tuple_type", "must be a list"),
    (set[int], CANARY, "set_type", "must be a list"),
    (frozenset[int], CANARY, "frozen_set_type", "must be a list"),
    (conlist(int, min_length=2), [1], "too_short", "must contain at least 2 items"),
    (conlist(int, max_length=1), [1, 2], "too_long", "must contain at most 1 item"),
    (
        Annotated[str, AfterValidator(short_after_validation), Field(min_length=3)],
        CANARY,
        "too_short",
        "must have a length of at least 3",
    ),
    (dict[str, int], CANARY, "dict_type", "must be an object"),
    (Cat, CANARY, "model_type", "must be an object"),
    (Point, CANARY, "dataclass_type", "must be an object"),
    (Literal["a", 1, True], CANARY, "literal_error", "must be a, 1 or true"),
    (Literal["a"], CANARY, "literal_error", "must be a"),
    (Literal["one or two", "three"], CANARY, "literal_error", "must be one of the allowed values"),
    (Literal["{a}", "<b>"], CANARY, "literal_error", "must be one of the allowed values"),
    (Literal["10.0.0.5", "b"], CANARY, "literal_error", "must be one of the allowed values"),
    (
        Literal[tuple("abcdefghij" * 3 + sign for sign in "12345678")],
        CANARY,
        "literal_error",
        "must be one of the allowed values",
    ),
    (Literal[tuple(range(40))], CANARY, "literal_error", "must be one of the allowed values"),
    (Color, CANARY, "enum", "must be red or blue"),
    (Sign, CANARY, "enum", "must be only"),
    (None, CANARY, "none_required", "must be null"),
    (Json[int], CANARY, "json_invalid", "must be valid JSON"),
    (Json[int], [CANARY], "json_type", "must be text that holds valid JSON"),
    (HttpUrl, CANARY, "url_parsing", "must be a URL"),
    (HttpUrl, [CANARY], "url_type", "must be a URL"),
    (HttpUrl, "ftp://" + CANARY, "url_scheme", "must be a URL that starts with http or https"),
    (HttpUrl, "http://" + "a" * 3000, "url_too_long", "must be at most 2083 characters long"),
    (PostgresDsn, "ftp://" + CANARY, "url_scheme", "must be a URL of an allowed kind"),
    (UUID, CANARY, "uuid_parsing", "must be a UUID"),
    (UUID, [CANARY], "uuid_type", "must be a UUID"),
    (
        UUID4,
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "uuid_version",
        "must be a UUID of version 4",
    ),
    (IPv4Address, CANARY, "ip_v4_address", "must be an IPv4 address"),
    (IPv6Network, CANARY, "ip_v6_network", "must be an IPv6 network"),
    (FilePath, "/" + CANARY, "path_not_file", "is not valid"),
    (re.Pattern, "(" + CANARY, "pattern_regex", "must be a search pattern"),
    (Base64Bytes, CANARY, "base64_decode", "must be Base64 text"),
    (ImportString, CANARY + ".x", "import_error", "is not valid"),
    (Opaque, CANARY, "is_instance_of", "is not valid"),
    (type[Opaque], int, "is_subclass_of", "is not valid"),
    (
        Annotated[Any, Field(ge=Decimal("2.5"))],
        Decimal(1),
        "greater_than_equal",
        "must be at least 2.5",
    ),
    (
        Annotated[Any, Ge(Fraction(1, 3))],
        Fraction(1, 4),
        "greater_than_equal",
        "is below the allowed range",
    ),
    (Annotated[str, AfterValidator(check_text)], CANARY, "value_error", "is not valid"),
    (Annotated[str, AfterValidator(check_by_assertion)], CANARY, "assertion_error", "is not valid"),
    (Annotated[str, AfterValidator(make_custom_error)], CANARY, "sold_out", "is not valid"),
    (
        Annotated[Cat | Dog, Field(discriminator="kind")],
        {"kind": CANARY},
        "union_tag_invalid",
        "must be of one of the allowed kinds",
    ),
    (
        Annotated[Cat | Dog, Field(discriminator="kind")],
        {"other": CANARY},
        "union_tag_not_found",
        "must say of which kind it is",
    ),
]


@pytest.mark.parametrize(
    ("annotation", "value", "kind", "sentence"),
    PLANTED,
    ids=[f"{row[2]}: {row[3]}" for row in PLANTED],
)
def test_a_value_that_pydantic_refuses_is_described_without_the_value(
    annotation, value, kind, sentence
):
    kinds, answers = refuse_value(annotation, value)
    assert kinds == {kind}
    (answer,) = answers
    assert answer.field == "start_date"
    assert answer.message == f"Start date {sentence}"
    assert CANARY not in str(answer)


def test_the_planted_values_reach_most_of_what_a_request_can_break():
    # The rest: failures of Python objects, calls and releases that no JSON or form can bring about.
    reached = {row[2] for row in PLANTED} & {entry["type"] for entry in ALL_TYPES}
    assert len(reached) >= 70


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (OrderedDict[str, int], CANARY),
        (Counter[str], CANARY),
        (deque[int], CANARY),
        (Pair, CANARY),
        (list[Pair], [CANARY]),
    ],
)
def test_a_refused_collection_of_python_is_a_list_or_an_object(annotation, value):
    _, (answer,) = refuse_value(annotation, value)
    assert answer.code in {"NOT_A_LIST", "NOT_AN_OBJECT", "NOT_VALID"}
    assert LIBRARY_WORDS.search(answer.message) is None
    assert CANARY not in answer.message


def test_a_wrong_call_of_a_checked_function_is_described():
    @validate_call
    def book(seat: int, /, *, row: int):
        raise AssertionError

    with pytest.raises(ValidationError) as caught:
        book(1, 2, canary=CANARY)
    answers = several(
        *(FieldFailure(("body", *e["loc"]), e["type"], {}) for e in caught.value.errors()),
        declared={"seat", "row"},
    )
    assert FieldError("row", "REQUIRED", "Row is required") in answers
    assert CANARY not in str(answers)
    assert "canary" not in str(answers)


class Address(BaseModel):
    model_config = ConfigDict(extra="forbid")
    zip: Annotated[str, Field(pattern=r"^\d{5}$")]


class Item(BaseModel):
    price: int
    tags: list[Annotated[str, Field(max_length=4)]] = []


class Account(BaseModel):
    model_config = ConfigDict(extra="forbid")
    email: str
    first_name: str = Field(alias="firstName")
    address: Address | None = None
    items: list[Item] = []
    prices: dict[str, int] = {}
    ages: dict[int, dict[str, list[int]]] = {}
    matrix: list[list[int]] = []
    amount: int | list[int] | None = None
    pet: Cat | Dog | None = None
    tagged: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    checked: Annotated[str, AfterValidator(check_text), StringConstraints(min_length=3)] | int = 1

    REQUIRED: ClassVar[dict[str, str]] = {"email": "a@b.example", "firstName": "Ada"}


def refuse_account(declared=True, **values):
    return refuse(Account, {**Account.REQUIRED, **values}, declared=declared)


def test_a_missing_field_is_named_by_its_alias():
    assert refuse(Account, {}) == (
        FieldError("email", "REQUIRED", "Email is required"),
        FieldError("firstName", "REQUIRED", "First name is required"),
    )


def test_a_field_in_a_list_of_objects_has_its_position_in_the_path_and_its_name_in_the_sentence():
    assert refuse_account(items=[{"price": CANARY, "tags": ["a", CANARY]}]) == (
        FieldError("items.0.price", "NOT_A_WHOLE_NUMBER", "Price must be a whole number"),
        FieldError(
            "items.0.tags.1", "TOO_LONG", "Entry 2 of Tags must be at most 4 characters long"
        ),
    )


def test_an_entry_of_a_nested_list_is_counted_from_one_in_words():
    assert refuse_account(matrix=[[1, CANARY]]) == (
        FieldError(
            "matrix.0.1",
            "NOT_A_WHOLE_NUMBER",
            "Entry 2 of entry 1 of Matrix must be a whole number",
        ),
    )


@pytest.mark.parametrize("declared", [True, False])
def test_the_branches_of_a_union_are_not_named_and_give_one_answer(declared):
    assert refuse_account(declared, amount=CANARY) == (
        FieldError("amount", "NOT_VALID", "Amount is not valid"),
    )


def test_a_value_that_is_none_of_several_classes_must_be_an_object():
    assert refuse_account(pet=CANARY) == (
        FieldError("pet", "NOT_AN_OBJECT", "Pet must be an object"),
    )


@pytest.mark.parametrize("branch", [date, time, UUID, Fraction, datetime, Decimal])
def test_a_branch_that_is_called_by_an_english_word_is_not_named_where_names_are_declared(branch):
    model = create_model("Planned", when=(branch | list[int], ...))
    assert refuse(model, {"when": CANARY}) == (
        FieldError("when", "NOT_VALID", "When is not valid"),
    )


def test_a_branch_that_is_called_by_an_english_word_is_no_value_in_its_field():
    answer = one(("body", "when", "date"), "date_type", declared={"when"})
    assert answer == FieldError("when", "NOT_A_DATE", "When must be a date")


@pytest.mark.parametrize("declared", [True, False])
def test_a_branch_that_a_validator_wraps_is_not_named(declared):
    answers = refuse_account(declared, checked=CANARY)
    assert answers == (FieldError("checked", "NOT_VALID", "Checked is not valid"),)


@pytest.mark.parametrize("declared", [True, False])
def test_the_classes_of_a_union_are_not_named(declared):
    answers = refuse_account(declared, pet={"kind": CANARY})
    assert [answer.field for answer in answers] == ["pet.kind", "pet.lives", "pet.bark"]
    assert answers[0] == FieldError(
        "pet.kind", "NOT_ALLOWED", "Kind must be one of the allowed values"
    )


def test_the_tag_of_a_union_is_no_part_of_the_path_where_the_names_are_declared():
    assert refuse_account(tagged={"kind": "cat"}) == (
        FieldError("tagged.lives", "REQUIRED", "Lives is required"),
    )


@pytest.mark.parametrize("key", [CANARY, CANARY.lower(), "Xq7.CanaryZ", "", "5", "prIce", "\x00"])
def test_a_key_that_the_client_chose_is_not_named(key):
    assert refuse_account(prices={key: CANARY}) == (
        FieldError("prices", "NOT_A_WHOLE_NUMBER", "A value in Prices must be a whole number"),
    )


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("key", [CANARY, "canary", "email"])
def test_a_key_that_is_itself_refused_is_not_named(declared, key):
    assert refuse_account(declared, ages={key: {}}) == (
        FieldError("ages", "NOT_A_WHOLE_NUMBER", "A key of Ages must be a whole number"),
    )


def test_positions_below_a_key_that_is_not_named_are_not_named():
    assert refuse_account(ages={"1": {CANARY: [1, CANARY]}}) == (
        FieldError("ages", "NOT_A_WHOLE_NUMBER", "A value in Ages must be a whole number"),
    )


def test_a_key_and_a_value_refused_together_say_that_the_field_is_not_valid():
    assert refuse_account(ages={CANARY: CANARY}) == (
        FieldError("ages", "NOT_VALID", "Ages is not valid"),
    )


def test_a_key_and_a_value_refused_alike_say_that_the_field_is_not_valid():
    model = create_model("Counted", seats=(dict[int, int], ...))
    assert refuse(model, {"seats": {CANARY: CANARY}}) == (
        FieldError("seats", "NOT_VALID", "Seats is not valid"),
    )


def test_a_key_that_looks_like_a_class_hides_the_positions_below_it():
    model = create_model("Shelved", shelves=(dict[str, list[Item]], ...))
    assert refuse(model, {"shelves": {"Alice": [CANARY]}}) == (
        FieldError("shelves", "NOT_AN_OBJECT", "A value in Shelves must be an object"),
    )


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(
    "key", [CANARY, CANARY.lower(), "<script>", "a.b", "[key]", "", "\x00", "5"]
)
def test_an_unknown_field_is_told_of_what_holds_it(declared, key):
    assert refuse_account(declared, **{key: CANARY}) == (
        FieldError("body", "UNKNOWN_FIELD", "The body must not contain unknown fields"),
    )
    address = {"zip": "12345", key: CANARY}
    assert refuse_account(declared, address=address) == (
        FieldError("address", "UNKNOWN_FIELD", "Address must not contain unknown fields"),
    )


def test_an_unknown_field_whose_name_is_declared_elsewhere_is_named():
    assert refuse_account(address={"zip": "12345", "email": CANARY}) == (
        FieldError("address.email", "UNKNOWN_FIELD", "Email is not allowed here"),
    )


def test_an_unknown_parameter_is_told_of_the_query_string():
    assert refuse(Account, {**Account.REQUIRED, CANARY: "1"}, place="query") == (
        FieldError("query", "UNKNOWN_FIELD", "The query string must not contain unknown fields"),
    )


def test_fields_that_are_called_like_types_are_named_where_they_are_declared():
    model = create_model("Called", i=(str, Field(alias="int")), l=(str, Field(alias="list")))
    assert refuse(model, {"int": [CANARY], "list": [CANARY]}) == (
        FieldError("int", "NOT_TEXT", "Int must be text"),
        FieldError("list", "NOT_TEXT", "List must be text"),
    )


@pytest.mark.parametrize("declared", [True, False])
def test_no_canary_of_a_wholly_wrong_body_leaves(declared):
    wrong = dict.fromkeys(Account.model_json_schema()["properties"], CANARY)
    wrong |= {f"{CANARY} {number}": CANARY for number in range(5)}
    wrong |= {"pet": {"kind": CANARY}, "ages": {"1": {f"{CANARY}!": CANARY}}}
    answers = refuse(Account, wrong, declared=declared)
    assert len(answers) > 5
    assert CANARY not in str(answers)


class TestLocations:
    @pytest.mark.parametrize(
        ("location", "field", "sentence"),
        [
            (("body",), "body", "The body is required"),
            (("query",), "query", "The query string is required"),
            (("path",), "path", "The path is required"),
            (("header",), "header", "The request header is required"),
            (("cookie",), "cookie", "The cookie header is required"),
            ((), "request", "The request is required"),
            (("body", 0), "0", "Entry 1 of the body is required"),
            (("body", "email"), "email", "Email is required"),
            (("query", "page_size"), "page_size", "Page size is required"),
            (("path", "itemId"), "itemId", "Item ID is required"),
            (("header", "x-api-key"), "x-api-key", "The header x-api-key is required"),
            (("header", "X-Api-Key"), "X-Api-Key", "The header X-Api-Key is required"),
            (("cookie", "session_id"), "session_id", "The cookie session_id is required"),
            (("body", "first-name"), "first-name", "First name is required"),
            (("body", "firstName"), "firstName", "First name is required"),
            (("body", "_private"), "_private", "Private is required"),
            (("body", "__"), "__", "__ is required"),
            (("body", "homeURL"), "homeURL", "Home URL is required"),
            (("body", "ISBNCode"), None, None),
            (("body", "LAST_NAME"), "LAST_NAME", "Last name is required"),
            (("body", "event", "date"), "event.date", "Date is required"),
            (("body", "Cat", "kind"), "kind", "Kind is required"),
            (("body", "event", "datetime"), "event", "Event is required"),
            (("query", "int"), "int", "Int is required"),
            (("query", "tags", 2), "tags.2", "Entry 3 of Tags is required"),
            (("body", "u", "constrained-str"), "u", "U is required"),
            (("body", "u", "lax-or-strict[lax=a,strict=b]"), "u", "U is required"),
            (("body", "u", "nullable", "x"), "u.x", "X is required"),
            (("query", "a b", "Cat"), "query", "A value in the query string is required"),
            (("body", "a b"), "body", "A value in the body is required"),
            (("body", "e\u0301mail"), "body", "A value in the body is required"),
            (("body", "x" * 65), "body", "A value in the body is required"),
            (("body", "email", 10**7), "email", "A value in Email is required"),
            (("body", "email", -1), "email", "A value in Email is required"),
            (("body", "email", True), "email", "A value in Email is required"),
        ],
    )
    def test_a_location_without_declared_names_goes_by_its_form(self, location, field, sentence):
        answer = one(location)
        if field is None:  # has the form of a class name
            assert answer.field == "body"
            return
        assert (answer.field, answer.message) == (field, sentence)

    @pytest.mark.parametrize(
        ("name", "label"),
        [
            ("a b", "A b"),
            ("e\u0301mail", "E\u0301mail"),
            ("größe", "Größe"),
            ("$filter", "$filter"),
            ("ISBNCode", "ISBN code"),
            ("{x}", "{x}"),
            ("Cat", "Cat"),
            ("a.b", "A.b"),
            ("function-after[x]", "Function after[x]"),
        ],
    )
    def test_a_declared_name_is_shown_as_it_is(self, name, label):
        answer = one(("body", name), declared=[name])
        assert answer == FieldError(name, "REQUIRED", f"{label} is required")

    @pytest.mark.parametrize("name", ["", "a\nb", "a\x00", "\ud800", "\u202eabc", "x" * 129])
    def test_a_declared_name_that_cannot_be_printed_is_dropped(self, name):
        assert one(("body", "ok", name), declared={"ok", name}).field == "ok"

    def test_a_location_of_great_depth_ends_in_its_upper_part(self):
        answer = one(("body", *["children", 0] * 500, "name"), declared={"children", "name"})
        assert answer.field == ".".join(["children.0"] * 8)
        assert answer.message == "Entry 1 of Children is not valid"

    def test_a_key_of_great_length_costs_no_time(self):
        answer = one(("body", "A" + "a_" * 500_000 + "!"))
        assert answer.field == "body"

    def test_a_text_that_only_behaves_like_one_is_dropped(self):
        class Text(str):
            __slots__ = ()

            def __eq__(self, other):
                raise AssertionError

            def __hash__(self):
                raise AssertionError

        assert one(("body", Text("email")), declared={"email"}).field == "body"
        assert one((Text("body"),)).field == "request"
        assert one(("body", "email"), Text("missing")).code == "NOT_VALID"


def refused(name, kind="missing", **rest):
    return FieldFailure(("body", name), kind, **rest)


class TestMerging:
    def test_the_same_answer_twice_is_one(self):
        assert several(refused("a"), refused("a")) == (
            FieldError("a", "REQUIRED", "A is required"),
        )

    def test_equal_codes_with_different_limits_keep_the_code_alone(self):
        assert several(
            refused("a", "string_too_short", context={"min_length": 3}),
            refused("a", "string_too_short", context={"min_length": 5}),
        ) == (FieldError("a", "TOO_SHORT", "A is too short"),)

    def test_different_codes_say_only_that_the_field_is_not_valid(self):
        general = (FieldError("a", "NOT_VALID", "A is not valid"),)
        assert several(refused("a", "int_type"), refused("a", "list_type")) == general
        assert (
            several(refused("a", "int_type"), refused("a", "list_type"), refused("a", "int_type"))
            == general
        )

    @pytest.mark.parametrize("turn", [1, -1])
    def test_words_of_an_author_stand_before_ours(self, turn):
        error = ValueError("Choose a town")
        fields = [refused("a", "int_type"), refused("a", "value_error", error=error)][::turn]
        assert several(*fields, words_of=literal_words) == (
            FieldError("a", "NOT_VALID", "Choose a town"),
        )

    def test_of_two_authors_the_first_stands(self):
        fields = [refused("a", "value_error", error=ValueError(f"Choose {what}")) for what in "xy"]
        (answer,) = several(*fields, words_of=literal_words)
        assert answer.message == "Choose x"

    def test_fields_keep_the_order_of_the_failure(self):
        answers = several(refused("b"), refused("a"), refused("b"), refused("c"))
        assert [answer.field for answer in answers] == ["b", "a", "c"]


class TestBounds:
    def test_a_hundred_fields_are_told_and_no_more(self):
        answers = several(*(refused(f"f{number}") for number in range(300)))
        assert [answer.field for answer in answers] == [f"f{number}" for number in range(100)]

    def test_failures_after_the_thousandth_are_not_looked_at(self):
        asked = []

        def words_of(error):
            asked.append(error)

        fields = [refused("a", "value_error", error=ValueError()) for _ in range(3000)]
        (answer,) = several(*fields, words_of=words_of)
        assert answer.message == "A is not valid"
        assert len(asked) == 1000

    def test_a_body_that_could_not_be_read_has_no_fields(self):
        failure = ValidationFailure((refused("a", "json_invalid"),), malformed=True)
        assert describe(failure, no_words) == ()

    def test_a_failure_without_fields_has_none(self):
        assert several() == ()


class TestWords:
    @pytest.mark.parametrize("kind", ["value_error", "assertion_error"])
    def test_declared_words_stand_alone_and_unchanged(self, kind):
        words = "Choose {a} town. Any  town"
        answer = one(("body", "town"), kind, error=ValueError(words), words_of=literal_words)
        assert answer == FieldError("town", "NOT_VALID", words)

    def test_words_that_are_not_declared_do_not_leave(self):
        answer = one(
            ("body", "town"),
            "value_error",
            {"error": ValueError(CANARY), "reason": CANARY},
            error=ValueError(CANARY),
            words_of=literal_words,
        )
        assert answer == FieldError("town", "NOT_VALID", "Town is not valid")

    def test_the_proof_is_given_the_very_exception(self):
        error = ValueError(CANARY)
        seen = []
        one(("body", "town"), "value_error", error=error, words_of=seen.append)
        assert seen[0] is error

    @pytest.mark.parametrize("words", ["", "  ", 5, b"Choose", ["Choose"]])
    def test_what_is_no_text_counts_as_no_words(self, words):
        answer = one(("body", "a"), "value_error", error=ValueError(), words_of=lambda _: words)
        assert answer.message == "A is not valid"

    def test_a_proof_that_fails_counts_as_no_words(self):
        def words_of(error):
            raise RecursionError(CANARY)

        answer = one(("body", "a"), "value_error", error=ValueError(), words_of=words_of)
        assert answer.message == "A is not valid"

    def test_a_validator_of_a_whole_model_speaks_of_the_body(self):
        class Range(BaseModel):
            low: int
            high: int

            @model_validator(mode="after")
            def check(self):
                raise ValueError("Choose a low below the high")

        values = {"low": 2, "high": 1}
        assert refuse(Range, values) == (FieldError("body", "NOT_VALID", "The body is not valid"),)
        assert refuse(Range, values, words_of=literal_words) == (
            FieldError("body", "NOT_VALID", "Choose a low below the high"),
        )


class Hostile:
    def __str__(self, *arguments):
        raise RuntimeError(CANARY)

    __repr__ = __eq__ = __hash__ = __format__ = __bool__ = __str__
    __int__ = __index__ = __len__ = __lt__ = __abs__ = __str__


class HostileMapping(dict):
    def __getitem__(self, name):
        raise RuntimeError(CANARY)

    get = __iter__ = __contains__ = __len__ = __getitem__

    def __bool__(self):
        return True


class HostileZone(tzinfo):
    def utcoffset(self, moment):
        raise RuntimeError(CANARY)


class Number(int):
    def __str__(self):
        return CANARY

    __repr__ = __format__ = __str__


class Text(str):
    __slots__ = ()

    def __str__(self):
        return CANARY

    __repr__ = __format__ = __str__


LIMITED = [
    ("greater_than_equal", "ge"),
    ("string_too_short", "min_length"),
    ("literal_error", "expected"),
    ("decimal_max_digits", "max_digits"),
]


OF_ANOTHER_FORM = [
    Hostile(),
    CANARY,
    Number(7),
    Text("7"),
    Text("'a'"),
    CANARY.encode(),
    [CANARY],
    True,
    None,
    10**400,
    -(10**5000),
    float("nan"),
    float("inf"),
    1e300,
    1e-300,
    Decimal("NaN"),
    Decimal("Infinity"),
    Decimal("1E+999999"),
    Decimal("1." + "1" * 60),
    datetime(2020, 1, 1, tzinfo=HostileZone()),
    time(1, tzinfo=timezone(timedelta(seconds=1), CANARY)),
    f"2020-01-01 {CANARY}",
    f"5 seconds and {CANARY}",
    f"'a', '{CANARY}",
    f"'{CANARY}\\n'",
    f"<{CANARY}.a: 'a'>",
    "'" + "a" * 500 + "'",
    "'SELECT x FROM y'",
    "'postgresql'",
    "'a' or ' or '",
    "''",
    "\u0661",
    "7" * 20,
    lambda: CANARY,
]


@pytest.mark.parametrize(("kind", "limit"), LIMITED)
@pytest.mark.parametrize(
    "value", OF_ANOTHER_FORM, ids=[type(value).__name__ for value in OF_ANOTHER_FORM]
)
def test_a_limit_of_another_form_falls_back_to_the_plain_sentence(kind, limit, value):
    answer = one(("body", "email"), kind, {limit: value})
    code = TABLE["types"][kind]["code"]
    assert answer == FieldError("email", code, TABLE["codes"][code].format(field="Email"))


def test_a_context_that_cannot_be_read_falls_back_to_the_plain_sentence():
    answer = one(("body", "email"), "string_too_short", HostileMapping(min_length=3))
    assert answer.message == "Email is too short"
    answer = one(("body", "email"), "too_short", {"field_type": Hostile(), "min_length": 2})
    assert answer.message == "Email must contain at least 2 items"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-7, "-7"),
        (0.1, "0.1"),
        (-0.0, "0"),
        (100.0, "100"),
        (1e-7, "0.0000001"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.1"),
        ("Decimal('2.5')", "2.5"),
        ("12.5", "12.5"),
        ("1 day and 2 hours", "1 day and 2 hours"),
    ],
)
def test_an_amount_is_written_plainly(value, text):
    answer = one(("body", "age"), "greater_than_equal", {"ge": value})
    assert answer.message == f"Age must be at least {text}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2020, 1, 2), "2020-01-02"),
        (datetime(2020, 1, 2, 3, 4, tzinfo=UTC), "2020-01-02T03:04:00+00:00"),
        (time(3, 4), "03:04:00"),
        ("2020-01-02T03:04:05.678Z", "2020-01-02T03:04:05.678Z"),
    ],
)
def test_a_date_is_written_as_iso_8601(value, text):
    answer = one(("body", "start"), "less_than_equal", {"le": value})
    assert answer.message == f"Start must be {text} or earlier"


DECLARED = ("email", "firstName", "items", "x-token", "größe", "int")
ANY_PART = st.one_of(
    st.sampled_from(
        (
            *DECLARED,
            *("body", "query", "header", "Cat", "list[int]", "str", "[key]", "nullable"),
            *("function-after[f(), str]", "constrained-str", "lax-or-strict[a]", ""),
        )
    ),
    st.text(max_size=20),
    st.integers(),
    st.booleans(),
)
ANY_TYPE = st.one_of(
    st.sampled_from(sorted(TABLE["types"])), st.sampled_from(FORMER_TYPES), st.text(max_size=12)
)
ANY_CONTEXT = st.dictionaries(
    st.sampled_from(["min_length", "max_length", "ge", "expected", "field_type", "error"]),
    st.one_of(st.integers(), st.floats(), st.text(), st.none(), st.decimals(), st.dates()),
)
ANY_FIELD = st.builds(
    FieldFailure, st.lists(ANY_PART, max_size=6).map(tuple), ANY_TYPE, ANY_CONTEXT
)
PLACES = {"body", "query", "path", "header", "cookie", "request"}


@given(st.lists(ANY_FIELD, max_size=6))
@example([FieldFailure(("body", "items", "[key]"), "missing")])
def test_only_declared_names_and_positions_stand_in_a_field(fields):
    for answer in several(*fields, declared=DECLARED):
        parts = answer.field.split(".")
        assert answer.field in PLACES or all(part in DECLARED or part.isdecimal() for part in parts)
        assert answer.code in TABLE["codes"]
        assert answer.message[0].isupper()
        assert answer.message.isprintable()


@given(st.lists(ANY_FIELD, max_size=6))
def test_without_declared_names_only_plain_names_stand_in_a_field(fields):
    answers = several(*fields)
    for answer in answers:
        for part in answer.field.split("."):
            assert part.isdecimal() or re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", part)
        assert answer.message.isprintable()
    assert len({answer.field for answer in answers}) == len(answers)


@given(st.text(alphabet="abcXYZ0_", min_size=1, max_size=12), st.sampled_from(["a", 0, None]))
def test_the_key_of_an_unknown_field_never_shows(key, parent):
    location = ("body", key) if parent is None else ("body", parent, key)
    for kind in ("extra_forbidden", "unexpected_keyword_argument"):
        expected = "body" if parent is None else str(parent)
        assert one(location, kind).field == expected
        assert one(location, kind, declared={"a"} - {key}).field in {expected, "body"}
