"""Translator: from an exception to the public error that stands for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from tightlip.catalog.error import PublicError
from tightlip.catalog.standard import standard_error
from tightlip.failure import (
    DatabaseFailure,
    DatabaseKind,
    Failure,
    HttpFailure,
    NetworkFailure,
    NetworkKind,
    ValidationFailure,
)
from tightlip.plugins import find_for
from tightlip.slots import cause_of, context_of, is_a, members_of, suppresses_context
from tightlip.translation.chain import text_of
from tightlip.translation.provenance import Flags, Translation, http, public, validation
from tightlip.translation.rules import (
    DatabaseRule,
    ExceptionRule,
    Rule,
    Target,
    check_contradictions,
)

Read: TypeAlias = Callable[[BaseException], Failure | None]

# What a client is told where no author said anything: status and seconds to wait.
_DATABASE: dict[DatabaseKind, tuple[int, int | None]] = {
    DatabaseKind.UNIQUE: (409, None),
    DatabaseKind.EXCLUSION: (409, None),
    DatabaseKind.FOREIGN_KEY: (409, None),
    DatabaseKind.CHECK: (422, None),
    DatabaseKind.NOT_NULL: (422, None),
    DatabaseKind.INVALID_VALUE: (422, None),
    DatabaseKind.DEADLOCK: (503, 1),
    DatabaseKind.SERIALIZATION: (503, 1),
    DatabaseKind.LOCK_TIMEOUT: (503, None),
    DatabaseKind.STATEMENT_TIMEOUT: (503, None),
    DatabaseKind.POOL_EXHAUSTED: (503, None),
    DatabaseKind.CANNOT_CONNECT: (503, None),
    DatabaseKind.TOO_MANY_CONNECTIONS: (503, None),
    DatabaseKind.SHUTTING_DOWN: (503, None),
    DatabaseKind.READ_ONLY: (503, None),
    DatabaseKind.DISK_FULL: (503, None),
    DatabaseKind.PERMISSION_DENIED: (500, None),
    DatabaseKind.PROGRAMMING: (500, None),
    DatabaseKind.INTERNAL: (500, None),
}
_NETWORK = {
    NetworkKind.UNREACHABLE: 503,
    NetworkKind.TIMEOUT: 504,
    NetworkKind.BAD_ANSWER: 502,
}

# Raised by the interpreter itself at a mistake in the code. One that strikes while another
# exception is handled is a failure of its own, not a wrapping of the first.
_MISTAKES = frozenset(
    {
        AssertionError,
        AttributeError,
        ImportError,
        IndexError,
        KeyError,
        MemoryError,
        ModuleNotFoundError,
        NameError,
        NotImplementedError,
        RecursionError,
        SyntaxError,
        SystemError,
        TypeError,
        UnboundLocalError,
        ZeroDivisionError,
    }
)
_CATCH_ALL = (Exception, BaseException)
_MOST_LINKS = 32


@dataclass(slots=True)
class _Search:
    """What is gathered on the way through one chain of exceptions."""

    read: Read
    flags: Flags
    notes: list[str] = field(default_factory=list)
    left: int = _MOST_LINKS


class Translator:
    """Finds the public error of an exception.

    Asked in this order: the rule of the most specific class, and inside a class one whose
    condition holds; the exception itself, where it is public, a framework's, or one that a reader
    knows; its cause, or its context; the members of a group.

    Args:
        rules: The author's translations.

    Raises:
        DeclarationError: Two rules contradict each other.
    """

    def __init__(self, rules: tuple[Rule, ...] = ()) -> None:
        check_contradictions(rules)
        self._database = tuple(rule for rule in rules if isinstance(rule, DatabaseRule))
        self._exceptions: dict[type[BaseException], list[ExceptionRule]] = {}
        for rule in rules:
            if isinstance(rule, ExceptionRule):
                self._exceptions.setdefault(rule.exception, []).append(rule)

    def translate(self, exception: BaseException, read: Read, flags: Flags) -> Translation:
        """Return the translation of `exception`; the standard 500 where nothing is known of it.

        Args:
            exception: Any exception, with its traceback.
            read: The adapter's reader of its framework's exceptions.
            flags: The detectors: names the rule that a text breaks, or None.
        """
        search = _Search(read, flags)
        found = self._find(exception, search) or Translation(standard_error(500))
        return found._replace(notes=(*found.notes, *search.notes)) if search.notes else found

    def _find(self, exception: BaseException, search: _Search) -> Translation | None:
        behind: BaseException | None = exception
        framework = True
        while behind is not None and search.left > 0:
            search.left -= 1
            found = self._find_one(behind, search, framework=framework)
            if found is not None:
                return found
            if is_a(behind, BaseExceptionGroup):
                return self._find_in_group(behind, search)
            # What a framework's exception says counts only for the exception that got out.
            framework = False
            behind = _behind(behind)
        return None

    def _find_one(
        self, exception: BaseException, search: _Search, *, framework: bool
    ) -> Translation | None:
        ruled = self._by_class(exception, search)
        if ruled is not None:
            return ruled
        if is_a(exception, PublicError):
            return public(exception, search.flags)
        if framework:
            failure = _guarded(partial(search.read, exception), search, "an adapter")
            if isinstance(failure, HttpFailure):
                return http(exception, failure, search.flags)
            if isinstance(failure, ValidationFailure):
                return validation(failure, search.flags)
            if failure is not None:
                return self._from_facts(failure, search)
        return self._by_readers(exception, search)

    def _by_class(self, exception: BaseException, search: _Search) -> Translation | None:
        if not self._exceptions:
            return None
        for cls in type(exception).__mro__:
            rules = self._exceptions.get(cls)
            if not rules:
                continue
            if cls in _CATCH_ALL and self._is_known(exception, search):
                return None
            holding = [rule for rule in rules if rule.when and _holds(rule, exception, search)]
            chosen = holding or [rule for rule in rules if rule.when is None]
            if len({id(rule.error) for rule in chosen}) > 1:
                places = " and ".join(rule.place for rule in chosen)
                search.notes.append(f"translations contradict each other here: {places}")
                return None
            if chosen:
                return _made(chosen[0].error, exception, chosen[0].place, search)
        return None

    def _is_known(self, exception: BaseException, search: _Search) -> bool:
        """Tell whether more is known of `exception` than a rule for all exceptions says."""
        if is_a(exception, (PublicError, BaseExceptionGroup)):
            return True
        failure = _guarded(partial(search.read, exception), search, "an adapter")
        if failure is not None:
            return True
        return any(
            isinstance(facts, DatabaseFailure) and self._matching(facts)
            for facts in self._facts_of(exception, search)
        )

    def _by_readers(self, exception: BaseException, search: _Search) -> Translation | None:
        for failure in self._facts_of(exception, search):
            return self._from_facts(failure, search)
        return None

    def _facts_of(self, exception: BaseException, search: _Search) -> Iterator[Failure]:
        """Yield what the readers of the exception's libraries know of it."""
        seen = {id(exception)}
        current: BaseException | None = exception
        while current is not None:
            found: BaseException | None = None
            for reader in find_for("translation.readers", current):
                inside = getattr(reader, "inside", None)
                if inside is not None and found is None:
                    found = _guarded(partial(inside, current), search, reader.__name__)
                failure = _guarded(partial(reader.read, current), search, reader.__name__)
                if failure is not None:
                    yield failure
            current = found if found is not None and id(found) not in seen else None
            seen.add(id(current))

    def _from_facts(self, failure: Failure, search: _Search) -> Translation | None:
        if isinstance(failure, DatabaseFailure):
            rules = self._matching(failure)
            if len({id(rule.error) for rule in rules}) > 1:
                places = " and ".join(rule.place for rule in rules)
                search.notes.append(f"translations contradict each other here: {places}")
            elif rules:
                made = _made(rules[0].error, failure, rules[0].place, search)
                if made is not None:
                    return made._replace(failure=failure)
            status, retry_after = _DATABASE[failure.kind]
            return Translation(standard_error(status, retry_after=retry_after), failure=failure)
        if isinstance(failure, NetworkFailure):
            return Translation(standard_error(_NETWORK[failure.kind]), failure=failure)
        return None

    def _matching(self, failure: DatabaseFailure) -> list[DatabaseRule]:
        """Return the rules that match most closely; several only where they tie."""
        scores = [(rule.specificity(failure), rule) for rule in self._database]
        best = max((score for score, _ in scores), default=0)
        return [rule for score, rule in scores if score == best > 0]

    def _find_in_group(
        self, group: BaseExceptionGroup[BaseException], search: _Search
    ) -> Translation:
        members = []
        for member in members_of(group):
            if search.left <= 0:
                break
            found = self._find(member, search)
            members.append(found or Translation(standard_error(500)))
        codes = {found.error.code for found in members}
        if len(codes) == 1:
            return members[0]
        search.notes.append(f"the members of a group have different answers: {sorted(codes)}")
        statuses = {found.error.status for found in members}
        if len(statuses) == 1:
            status = statuses.pop()
        else:
            status = 500 if max(statuses, default=500) >= 500 else 400  # noqa: PLR2004 - RFC 9110
        withheld = tuple(words for found in members for words in found.withheld)
        return Translation(standard_error(status), withheld=withheld)


def _behind(exception: BaseException) -> BaseException | None:
    """Return what `exception` was raised from, or in the handling of."""
    cause = cause_of(exception)
    if cause is not None:
        return cause
    context = context_of(exception)
    # A declared error that was being handled is over: only an explicit cause still speaks.
    if context is None or suppresses_context(exception) or is_a(context, PublicError):
        return None
    # `in` would ask the class for its hash.
    is_mistake = any(type(exception) is mistake for mistake in _MISTAKES)
    return None if is_mistake else context


def _guarded(ask: Callable[[], Any], search: _Search, name: str) -> Any:
    """Ask a plug-in or a function of the author's; a fault counts as "don't know"."""
    try:
        return ask()
    except BaseException as fault:  # code of an exception may raise anything: it ends no process
        search.notes.append(f"{name} failed: {type(fault).__name__}: {text_of(fault)}")
        return None


def _holds(rule: ExceptionRule, exception: BaseException, search: _Search) -> bool:
    when = rule.when
    if when is None:
        return False

    def ask() -> bool:
        return bool(when(exception))

    return _guarded(ask, search, f"the condition of {rule.place}") is True


def _made(target: Target, argument: object, place: str, search: _Search) -> Translation | None:
    """Make the public error of a rule; None where the author's function fails."""
    if isinstance(target, type):
        return public(target(), search.flags)
    error = _guarded(partial(target, argument), search, f"the translation at {place}")
    if is_a(error, PublicError):
        source = argument if is_a(argument, BaseException) else None
        return public(error, search.flags, source)
    if error is not None:
        search.notes.append(f"the translation at {place} gave no PublicError")
    return None
