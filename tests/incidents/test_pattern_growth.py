"""No pattern of the search for secrets goes over one run of a text from each of its places.

A pattern does where it holds a repeat without a bound, all that must stand before the repeat may
stand inside of such a run, too, and something must follow. Its work grows with the square of the
text's length then. Each pattern is read as the interpreter reads it; a new one is read by existing.
"""

from __future__ import annotations

import importlib
import pkgutil
from re import _constants as codes
from re import _parser

import pytest

from tightlip.expression import _Expression
from tightlip.incidents import scrubbing, secrets

ALL = frozenset(range(128))
WORD = frozenset(code for code in ALL if chr(code).isalnum() or chr(code) == "_")
DIGITS = frozenset(code for code in ALL if chr(code).isdigit())
SPACE = frozenset(code for code in ALL if chr(code).isspace())
CATEGORIES = {
    codes.CATEGORY_DIGIT: DIGITS,
    codes.CATEGORY_NOT_DIGIT: ALL - DIGITS,
    codes.CATEGORY_SPACE: SPACE,
    codes.CATEGORY_NOT_SPACE: ALL - SPACE,
    codes.CATEGORY_WORD: WORD,
    codes.CATEGORY_NOT_WORD: ALL - WORD,
}
REPEATS = {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}
ONE = {codes.LITERAL, codes.NOT_LITERAL, codes.IN, codes.ANY}
FAR = 4000  # characters: a repeat with such a bound is none that grows
MOST_WAYS = 3000

# Asked at one place of a text, by `match` or `fullmatch`, so that nothing is gone over again.
AT_ONE_PLACE = {
    *("addresses._A_NUMBERED_WORD", "commands._NO_PASSWORD", "named._VALUE", "named._LITERAL"),
    *("named._NAME_ENDS", "named._NUMBER", "tables._CELLS", "tables._VALUE"),
    "tables._VALUE_BETWEEN_BARS",
}
# What follows the run is a quote, and no run goes over one: the next quote ends it.
ENDED_BY_A_QUOTE = {"statements._LITERAL", "statements._IN", "statements._IN_A_STATEMENT"}


def patterns():
    modules = [
        importlib.import_module(f"{secrets.__name__}.{module.name}")
        for module in pkgutil.iter_modules(secrets.__path__)
    ]
    for module in (*modules, scrubbing):
        for name, value in vars(module).items():
            for index, each in enumerate(value.values() if isinstance(value, dict) else [value]):
                if isinstance(each, _Expression):
                    place = f"{module.__name__.rpartition('.')[2]}.{name}"
                    yield pytest.param(place, each._source, each._flags, id=f"{place}-{index}")


def characters(operation, argument):
    """Return which characters of ASCII stand in what one item of a pattern matches."""
    if operation is codes.LITERAL:
        return cased({argument} & ALL)
    if operation is codes.NOT_LITERAL:
        return ALL - {argument}
    if operation is codes.IN:
        return members(argument)
    if operation in (codes.ANY, codes.GROUPREF):
        return ALL
    return frozenset().union(*(of_all(items) for items in inside(operation, argument)))


def members(items):
    found = set()
    for operation, argument in items:
        if operation is codes.LITERAL:
            found.add(argument)
        elif operation is codes.RANGE:
            found.update(range(argument[0], min(argument[1], 127) + 1))
        elif operation is codes.CATEGORY:
            found.update(CATEGORIES[argument])
    found = cased(ALL & found)
    return ALL - found if items[0][0] is codes.NEGATE else found


def cased(found):
    """Return characters in both cases: the flag that makes them alike is not read."""
    return frozenset(ord(each) for code in found for each in (chr(code).lower(), chr(code).upper()))


def of_all(items):
    return frozenset().union(*(characters(*item) for item in items))


def inside(operation, argument):
    """Return the sequences, one of which an item of a pattern stands for."""
    if operation is codes.SUBPATTERN:
        return [argument[3]]
    if operation is codes.ATOMIC_GROUP:
        return [argument]
    if operation in REPEATS:
        return [argument[2]]
    if operation is codes.BRANCH:
        return argument[1]
    if operation is codes.GROUPREF_EXISTS:
        return [argument[1], argument[2] or []]
    return []


def ways(items):
    """Return the sequences in which a pattern can be gone through, repeats without a bound whole."""
    found = [[]]
    for operation, argument in items:
        if operation in REPEATS and argument[1] > FAR:
            more = [[(operation, argument)]]
        else:
            more = [way for one in inside(operation, argument) for way in ways(one)]
            more = more or [[(operation, argument)]]
            if operation in REPEATS and not argument[0]:
                more = [[], *more]
        found = [[*one, *two] for one in found for two in more][:MOST_WAYS]
    return found


def may_be_empty(way):
    return not any(
        operation in ONE or (operation in REPEATS and argument[0]) for operation, argument in way
    )


def runs(way):
    """Yield where in `way` a run stands that may begin at each of its own characters."""
    for index, (operation, argument) in enumerate(way):
        if operation in REPEATS:
            run, before = of_all(argument[2]), way[:index]
            needed = [item for item in before if not may_be_empty([item])]
            if all(characters(*item) & run for item in needed) and not is_guarded(before, run):
                yield index


def is_guarded(before, run):
    """Tell whether what looks behind keeps a match from beginning inside of a run."""
    return any(
        (operation is codes.ASSERT_NOT and argument[0] < 0 and run <= of_all(argument[1]))
        or (operation is codes.AT and argument is codes.AT_BEGINNING_STRING)
        or (operation is codes.AT and argument is codes.AT_BOUNDARY and run <= WORD)
        for operation, argument in before
    )


def grows(source, flags):
    found = [(way, index) for way in ways(_parser.parse(source, flags)) for index in runs(way)]
    ends = {repr(way[: index + 1]) for way, index in found if may_be_empty(way[index + 1 :])}
    return any(repr(way[: index + 1]) not in ends for way, index in found)


@pytest.mark.parametrize(("place", "source", "flags"), list(patterns()))
def test_no_run_is_gone_over_from_each_of_its_places(place, source, flags):
    assert not grows(source, flags) or place in AT_ONE_PLACE | ENDED_BY_A_QUOTE


@pytest.mark.parametrize(
    "source", [r"\s+x", r"\\+n", r"a\w*-", r"\bab[\w-]*=", r"(?:x|\s+)+y", r"\\++n", r"a?.*b"]
)
def test_a_pattern_that_grows_is_known(source):
    assert grows(source, 0)


@pytest.mark.parametrize(
    "source",
    [r"(?<!\\)\\++n", r"\bab\w*=", r"x\s+y", r"\s+", r"\s+y?", r"\A\s+x", r"\s{1,40}x"],
)
def test_a_pattern_that_does_not_grow_is_not_taken_for_one(source):
    assert not grows(source, 0)
