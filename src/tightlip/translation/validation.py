"""From a refused request to calm sentences, one for each refused field."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from itertools import islice
from typing import NamedTuple

from tightlip.catalog.error import FieldError
from tightlip.failure import FieldFailure, ValidationFailure
from tightlip.translation.limits import fill, value_of
from tightlip.translation.location import (
    NAMED_BY_THE_CLIENT,
    Target,
    ends_in_declared_name,
    target_of,
)

# A client can make as many failures as its body has values: both bounds keep the answer small
# and the work short.
_MOST_FIELDS = 100
_MOST_EXAMINED = 1000


class _Row(NamedTuple):
    code: str
    sentences: tuple[str, ...] = ()


class _Table(NamedTuple):
    codes: Mapping[str, str]
    types: Mapping[str, _Row]


class _Answer(NamedTuple):
    target: Target
    code: str
    message: str
    authored: bool = False


def describe(
    failure: ValidationFailure,
    words_of: Callable[[BaseException], str | None],
    declared: Collection[str] | None = None,
) -> tuple[FieldError, ...]:
    """Say of each refused field, in declared words only, what is wrong with it.

    The sentences stand in `tables/validation.toml`; of a failure's context only limits that the
    schema declares are filled in, after a check of their exact type and form. The input, the
    failure's own message and everything else in the context are never read.

    Locations are the delicate part, for they mix three things: names that the API declares,
    names that the validator gives to the branches of a union (`list[int]`, `Cat`,
    `function-after[…]`), and keys that the client chose (keys of a free mapping, and the unknown
    field that `extra_forbidden` reports). Only the first and list positions may be shown, and the
    form of a part cannot tell them apart. Therefore:

    - With `declared`, a name is shown exactly if it is declared. A client's key that happens to
      be a declared name shows nothing that the API's own document does not.
    - Without it, what looks like a plain name is shown and what looks like a class or a type of
      the validator is not, so a client's key may be named back to the client that sent it. An
      adapter that can read the schema should give `declared`.
    - An unknown field that is not declared is told of what holds it, and a key of a mapping
      likewise (`"[key]"` in the location), in both cases without the key.

    Several failures of one field come from the branches of a union, or from parts that were
    dropped. They become one: an author's own words stand before ours, equal codes keep the
    code's sentence, and different ones say no more than that the field is not valid.

    Args:
        failure: What was refused. One that could not be read at all has no fields to tell of.
        words_of: Returns the declared words of an exception that the application's own validator
            raised, or None. Such words stand unchanged, with the code `NOT_VALID`. If it raises,
            that counts as None.
        declared: The names that the API's schema declares: the aliases of fields and parameters.

    Returns:
        At most 100 fields, in the order of the failure; the first 1000 failures are looked at.
    """
    if failure.malformed:
        return ()
    names = None if declared is None else frozenset(declared)
    answers: dict[str, _Answer] = {}
    for refused in islice(failure.fields, _MOST_EXAMINED):
        answer = _answer(refused, words_of, names)
        earlier = answers.get(answer.target.field)
        if earlier is not None:
            answer = _merge(earlier, answer)
        elif len(answers) == _MOST_FIELDS:
            break
        answers[answer.target.field] = answer
    return tuple(
        FieldError(answer.target.field, answer.code, answer.message) for answer in answers.values()
    )


@cache
def _table() -> _Table:
    import tomllib  # only where a request was refused
    from importlib.resources import files

    source = files("tightlip.translation").joinpath("tables", "validation.toml")
    content = tomllib.loads(source.read_text("utf-8"))
    rows = {
        name: _Row(row["code"], tuple(row.get("sentences", ())))
        for name, row in content["types"].items()
    }
    return _Table(content["codes"], rows)


def _answer(
    refused: FieldFailure,
    words_of: Callable[[BaseException], str | None],
    declared: frozenset[str] | None,
) -> _Answer:
    kind = _kind(refused, declared)
    target = target_of(refused.location, kind, declared)
    words = None if refused.error is None else _authored_words(refused.error, words_of)
    if words is not None:
        return _Answer(target, "NOT_VALID", words, authored=True)
    row = _table().types.get(kind)
    if row is None or not target.whole:
        return _plain(target, "NOT_VALID")
    for sentence in row.sentences:
        message = fill(sentence, target.label, refused.context)
        if message is not None:
            return _Answer(target, row.code, message)
    return _plain(target, row.code)


def _authored_words(
    error: BaseException, words_of: Callable[[BaseException], str | None]
) -> str | None:
    try:
        words = words_of(error)
    except Exception:  # the proof looks into a foreign exception; what fails is not proved
        return None
    return words if type(words) is str and words.strip() else None


def _kind(refused: FieldFailure, declared: frozenset[str] | None) -> str:
    """Return the name of the table's row that fits: the type, or a variant of it."""
    kind = refused.type
    if type(kind) is not str:
        return ""
    if kind in NAMED_BY_THE_CLIENT and not ends_in_declared_name(refused.location, declared):
        return f"{kind}_inside"
    if kind in {"too_short", "too_long"}:
        measured = value_of(refused.context, "field_type")
        if type(measured) is str and measured == "Value":
            return f"{kind}_value"
    return kind


def _plain(target: Target, code: str) -> _Answer:
    message = fill(_table().codes[code], target.label, {})
    return _Answer(target, code, message or target.label)


def _merge(first: _Answer, second: _Answer) -> _Answer:
    """Make one answer of two about the same field."""
    if first.authored or first == second:
        return first
    if second.authored:
        return second
    if first.code == second.code and first.target == second.target:
        return _plain(first.target, first.code)
    target = first.target
    return _plain(Target(target.field, target.field_label, target.field_label), "NOT_VALID")
