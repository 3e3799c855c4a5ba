"""Provenance: which of the words that an exception brings were declared by an author."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from tightlip.catalog.error import PublicError
from tightlip.catalog.standard import standard_error
from tightlip.failure import Failure, HttpFailure, ValidationFailure, Withheld
from tightlip.translation.advice import declaration_for
from tightlip.translation.chain import related, text_of
from tightlip.translation.literal import places_of, prove
from tightlip.translation.validation import describe

Flags: TypeAlias = Callable[[str], str | None]
"""The detectors: names the rule that a text breaks, or None."""


class Translation(NamedTuple):
    """What a client is told of an exception, and how that was found.

    Attributes:
        error: The public error.
        declared: Whether an author declared it for this very failure, by raising it or by a rule.
        failure: The facts that were read.
        withheld: Words that were to leave and did not.
        notes: Contradictions between rules, and faults of rules and readers.
    """

    error: PublicError
    declared: bool = False
    failure: Failure | None = None
    withheld: tuple[Withheld, ...] = ()
    notes: tuple[str, ...] = ()


def public(error: PublicError, flags: Flags) -> Translation:
    """A public error speaks as declared, unless it carries internals all the same.

    That can be by a text parameter that holds the text of another exception, or that a detector
    flags; or by a message that was declared after the start, when the catalog had been read.
    """
    parameters = error.details if isinstance(error.details, dict) else {}
    texts = {name: value for name, value in parameters.items() if isinstance(value, str)}
    others = {text_of(other) for other in related(error)} if texts else ()
    for name, text in (*texts.items(), (None, error.public_message)):
        flagged = flags(text)
        reason = _flagged(flagged) if flagged is not None else None
        if reason is None and name is not None and text in others:
            reason = "another exception in the chain says the same"
        if reason is not None:
            withheld = Withheld(f"parameter {name}" if name else "message", text, reason)
            return Translation(standard_error(error.status), withheld=(withheld,))
    return Translation(error, declared=True)


def http(exception: BaseException, failure: HttpFailure, flags: Flags) -> Translation:
    """A framework's HTTP exception keeps its status, and its detail where that is a literal."""
    error = standard_error(failure.status)
    detail = failure.detail
    if detail is None or (isinstance(detail, str) and not detail):
        return Translation(error, failure=failure)
    places = places_of(exception)
    verdict = prove(detail, exception, places)
    reason = None if verdict.declared else verdict.reason
    if reason is None:
        flagged = next(filter(None, map(flags, _texts(_plain(detail)))), None)
        reason = _flagged(flagged) if flagged is not None else None
    if reason is not None:
        advice = declaration_for(error, places)
        withheld = Withheld("detail", _shown(detail), reason, verdict.source, advice)
        return Translation(error, failure=failure, withheld=(withheld,))
    words = _plain(detail)
    if isinstance(words, str):
        error.public_message = words
    else:
        error.details = words
    return Translation(error, declared=True, failure=failure)


def validation(failure: ValidationFailure, flags: Flags) -> Translation:
    """A refused request is told field by field; a validator's own words where declared."""
    if failure.malformed:
        return Translation(standard_error(400), failure=failure)
    withheld: list[Withheld] = []

    def words_of(error: BaseException) -> str | None:
        if isinstance(error, PublicError):
            return error.public_message
        text = error.args[0] if len(error.args) == 1 else text_of(error)
        verdict = prove(text, error, places_of(error))
        reason = verdict.reason
        if verdict.declared and isinstance(text, str):
            flagged = flags(text)
            if flagged is None:
                return text
            reason = _flagged(flagged)
        withheld.append(Withheld("validator message", text_of(error), reason, verdict.source))
        return None

    error = standard_error(422, fields=describe(failure, words_of, failure.declared))
    if len(error.fields) == 1:
        error.public_message = error.fields[0].message
    return Translation(error, failure=failure, withheld=tuple(withheld))


def _flagged(rule: str) -> str:
    return f"a detector flags it: {rule}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _texts(key)
            yield from _texts(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _texts(member)


def _plain(value: Any) -> Any:
    """Return a proved detail in plain types: an Enum member counts by its value."""
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return getattr(value, "_value_", value)


def _shown(value: Any) -> str:
    """Return a withheld detail as text, for the record."""
    if isinstance(value, str):
        return value
    try:
        return repr(value)
    except BaseException:  # whatever a foreign __repr__ raises, the type is what is left
        return f"<{type(value).__name__}>"
