"""Provenance: which of the words that an exception brings were declared by an author."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from tightlip.catalog.error import PublicError
from tightlip.catalog.parameter import ELLIPSIS, cleaned
from tightlip.catalog.standard import standard_error
from tightlip.failure import Failure, HttpFailure, ValidationFailure, Withheld
from tightlip.translation.advice import declaration_for
from tightlip.translation.chain import related, text_of
from tightlip.translation.literal import places_of, prove
from tightlip.translation.statement import StatedError, changes_of, statement_of
from tightlip.translation.validation import describe

Flags: TypeAlias = Callable[[str], str | None]
"""The detectors: names the rule that a text breaks, or None."""

_SENTENCE = 12
"""From so many characters on, and two words, a text is known again inside of another."""


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


def public(error: PublicError, flags: Flags, source: BaseException | None = None) -> Translation:
    """A public error speaks as declared, unless it carries internals all the same.

    What its object says otherwise than its class declared does not leave. The standard error
    takes its place where a parameter is not of its type, where a text in it holds the text of
    another exception, or where a detector flags one; also a message that was declared after the
    start, when the catalog had been read.

    Args:
        error: The public error, raised or made by a translation.
        flags: The detectors.
        source: The exception that a translation made it from.
    """
    try:
        statement = statement_of(error)
    except (TypeError, ValueError) as fault:
        withheld = Withheld("parameter", text_of(error), str(fault))
        return Translation(standard_error(_status_of(error)), withheld=(withheld,))
    spoken = list(_spoken(statement))
    # Only where there is something to compare: an exception is asked for its text by its own code.
    compares = not all(told for _, _, told in spoken)
    others = list(filter(None, map(text_of, _others(error, source)))) if compares else []
    for where, text, told in spoken:
        flagged = flags(text)
        reason = flagged_by(flagged) if flagged is not None else None
        if reason is None and not told and any(_repeats(text, other) for other in others):
            reason = "another exception in the chain says the same"
        if reason is not None:
            withheld = Withheld(where, text, reason)
            return Translation(standard_error(statement.status), withheld=(withheld,))
    reason = "the declaration of the error says otherwise"
    changes = changes_of(error, statement).items()
    changed = tuple(Withheld(name, _shown(value), reason) for name, value in changes)
    return Translation(statement, declared=True, withheld=changed)


def _status_of(error: PublicError) -> int:
    declared = type(error)._declared  # noqa: SLF001 - what the class of a foreign object keeps
    return 500 if declared is None else declared.status


def _others(error: PublicError, source: BaseException | None) -> Iterator[BaseException]:
    yield from related(error)
    if source is not None:
        yield source
        yield from related(source)


def _spoken(statement: StatedError) -> Iterator[tuple[str, str, bool]]:
    """Yield what a statement says: where, the text, and whether its class declared it whole."""
    for name, value in statement.details.items():
        if isinstance(value, str):
            yield f"parameter {name}", value, False
    for field in statement.fields:
        yield f"field {field.field}", field.field, False
        yield f"field {field.field}", field.message, False
        yield f"field {field.field}", field.code, False
    yield "message", statement.public_message, True


def _repeats(text: str, other: str) -> bool:
    """Tell whether a text says what an exception says: the same, a sentence within, or its start.

    A parameter was cleaned, and cut to its length: so is what it is held against.
    """
    said = cleaned(other).strip()
    if text.strip() == said:
        return bool(said)
    start = text.strip().removesuffix(ELLIPSIS)
    if start and text.endswith(ELLIPSIS) and said.startswith(start):
        return True
    return len(said) >= _SENTENCE and " " in said and said in text


def http(exception: BaseException, failure: HttpFailure, flags: Flags) -> Translation:
    """A framework's HTTP exception keeps its status, and its detail where that is a literal."""
    error = standard_error(failure.status)
    detail = failure.detail
    if detail is None or (isinstance(detail, str) and not str.__len__(detail)):
        return Translation(error, failure=failure)
    places = places_of(exception)
    verdict = prove(detail, exception, places)
    reason = None if verdict.declared else verdict.reason
    if reason is None:
        flagged = next(filter(None, map(flags, _texts(_plain(detail)))), None)
        reason = flagged_by(flagged) if flagged is not None else None
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
            found = public(error, flags)
            withheld.extend(found.withheld)
            return found.error.public_message if found.declared else None
        text = error.args[0] if len(error.args) == 1 else text_of(error)
        verdict = prove(text, error, places_of(error))
        reason = verdict.reason
        if verdict.declared and isinstance(text, str):
            flagged = flags(text)
            if flagged is None:
                return text
            reason = flagged_by(flagged)
        withheld.append(Withheld("validator message", text_of(error), reason, verdict.source))
        return None

    error = standard_error(422, fields=describe(failure, words_of, failure.declared))
    if len(error.fields) == 1:
        error.public_message = error.fields[0].message
    return Translation(error, failure=failure, withheld=tuple(withheld))


def flagged_by(rule: str) -> str:
    """Return the reason for which words that break `rule` do not leave."""
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
