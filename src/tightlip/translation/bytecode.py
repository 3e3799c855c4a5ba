"""What stands in an expression: the instructions of a code object, by place in the source."""

from __future__ import annotations

import dis
import re
import weakref
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple, TypeAlias

Span: TypeAlias = tuple[tuple[int, int], tuple[int, int]]
"""A place in the source: (line, column) of the start and of the end (PEP 657)."""

DottedName: TypeAlias = tuple[str, ...]
"""A dotted name: `("Messages", "GONE")`."""

_Calls: TypeAlias = tuple[tuple[Span, DottedName | None], ...]

_STORES = frozenset({"STORE_NAME", "STORE_GLOBAL", "STORE_FAST", "STORE_DEREF"})
_LOCALS = frozenset({"LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW", "LOAD_DEREF"})
_VARIABLES = _LOCALS | {"LOAD_GLOBAL", "LOAD_NAME"}
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_LOCAL_OPERATION = re.compile(r"(?:LOAD|STORE)_FAST")
_ASSERTIONS = frozenset({"LOAD_ASSERTION_ERROR", "LOAD_COMMON_CONSTANT"})
_ENDS = frozenset({"RAISE_VARARGS", "RERAISE", "RETURN_VALUE", "RETURN_CONST", "POP_TOP"})
_CONSTANTS = frozenset({"LOAD_CONST", "RETURN_CONST"})
_INLINE = frozenset({"<lambda>", "<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
_PASSED_OVER = frozenset({"PUSH_NULL", "NOP", "COPY"})
_READS = _VARIABLES | {"LOAD_ATTR", "BINARY_SUBSCR"}
_MAKERS = ("CALL", "BUILD_", "DICT_", "LIST_", "MAP_ADD")


class Step(NamedTuple):
    """One instruction: what it does, with what, and where that stands in the source."""

    offset: int
    operation: str
    argument: Any
    span: Span | None

    def lies_in(self, span: Span) -> bool:
        """Tell whether the place of this instruction lies inside `span`."""
        return self.span is not None and span[0] <= self.span[0] and self.span[1] <= span[1]


class Expression(NamedTuple):
    """What stands in one expression.

    Attributes:
        constants: The constants in it, those of its own lambdas and comprehensions among them.
        paths: The dotted names in it.
        raised: Where it is a `raise`: the dotted name that stands first in it, if not a local's.
        keywords: The names of keyword arguments in it.
    """

    constants: tuple[Any, ...] = ()
    paths: tuple[DottedName, ...] = ()
    raised: DottedName | None = None
    keywords: tuple[str, ...] = ()


_NOTHING = Expression()


class Code:
    """The instructions of one code object."""

    def __init__(self, code: CodeType) -> None:
        self.steps = tuple(_steps(code))
        self._expressions: dict[int, Expression] = {}
        self._parts: dict[int, tuple[tuple[Step, ...], _Calls]] = {}

    def under_way(self, instruction: int) -> Expression:
        """Return the expression that the instruction at the byte offset `instruction` belongs to.

        In a frame that waits for a call, the offset points into the inline cache of that call
        (3.11, 3.12): the instruction is the last one at or before it. Without positions, nothing
        is known to stand in it.
        """
        expression = self._expressions.get(instruction)
        if expression is None:
            expression = self._expressions[instruction] = self._expression(instruction)
        return expression

    def made_by(
        self, step: Step, makes: Callable[[DottedName | None], bool] | None = None
    ) -> Expression:
        """Return the call or the display that ends in `step`; of anything else, nothing.

        With `makes`, without what stands in a call of anything of which it does not hold.
        """
        if step.operation == "LOAD_CONST":
            return Expression(tuple(_flatten(step.argument)))
        if not step.operation.startswith(_MAKERS) or step.span is None:
            return _NOTHING
        if makes is None:
            return self.under_way(step.offset)
        if step.offset not in self._parts:
            steps = self.inside(step.span)
            self._parts[step.offset] = (steps, self._calls_in(steps))
        steps, calls = self._parts[step.offset]
        steps = _outside(steps, (span for span, callee in calls if not makes(callee)))
        return Expression(
            tuple(constants(steps)), tuple(paths(steps)), keywords=tuple(_keywords(steps))
        )

    def _calls_in(self, steps: tuple[Step, ...]) -> _Calls:
        """Return the place of each call, and the dotted name of what it calls."""
        return tuple(
            (step.span, first_of(tuple(paths(self.inside(step.span)))))
            for step in steps
            if step.operation.startswith("CALL") and step.span is not None
        )

    def read_by(self, step: Step) -> Expression:
        """Return the name, attribute or item that ends in `step`; of anything else, nothing."""
        return self.under_way(step.offset) if step.operation in _READS else _NOTHING

    @cached_property
    def returned(self) -> tuple[Expression, ...]:
        """The calls whose values are returned, also by way of a local."""
        found = []
        for step, following in zip(self.steps, self.steps[1:], strict=False):
            if following.operation == "RETURN_VALUE":
                givers = self.bindings(step.argument) if step.operation in _LOCALS else (step,)
                found += [giver for giver in givers if giver.operation.startswith("CALL")]
        return tuple(self.under_way(call.offset) for call in found)

    def _expression(self, instruction: int) -> Expression:
        begun = bisect_right(self.steps, instruction, key=lambda step: step.offset)
        current = self.steps[begun - 1] if begun else None
        if current is None or current.span is None:
            return _NOTHING
        steps = self.inside(current.span)
        found = tuple(paths(steps))
        raised: DottedName | None = None
        if current.operation == "RAISE_VARARGS":
            raised = first_of(found) if _begins_global(steps) else None
            steps = (*steps, *self._assertion_before(begun - 1))
        return Expression(tuple(constants(steps)), found, raised, tuple(_keywords(steps)))

    def _assertion_before(self, index: int) -> tuple[Step, ...]:
        """Return the steps of an `assert` that end at `index`, where it raises.

        From 3.13 on, the place of the raise is that of the condition alone, without its message.
        """
        for start in range(index - 1, -1, -1):
            operation = self.steps[start].operation
            if operation in _ASSERTIONS:
                return self.steps[start:index]
            if operation in _STORES or operation in _ENDS:
                break
        return ()

    def without_raises(self, excludes: Callable[[DottedName], bool]) -> tuple[Step, ...]:
        """Return the steps that stand in no `raise` of a name that is excluded.

        Without positions it is not known what stands in a `raise`: then none, if there is one.
        """
        raises = [step for step in self.steps if step.operation == "RAISE_VARARGS"]
        if any(step.span is None for step in raises):
            return ()
        spans = [
            step.span
            for step in raises
            if step.span and (raised := self.under_way(step.offset).raised) and excludes(raised)
        ]
        return _outside(self.steps, spans)

    def inside(self, span: Span) -> tuple[Step, ...]:
        """Return the steps whose place lies inside `span`."""
        return tuple(step for step in self.steps if step.lies_in(span))

    def bindings(self, name: str) -> tuple[Step, ...]:
        """Return each step that gives a value in an assignment to `name`.

        Chained targets (`a = b = …`) share their giver; a conditional has one a branch, which
        jumps to the assignment; targets that unpack share what is unpacked.
        """
        return self._bindings.get(name, ())

    @cached_property
    def _bindings(self) -> dict[str, tuple[Step, ...]]:
        branches: dict[int, tuple[Step, ...]] = {}
        for branch, jump in zip(self.steps, self.steps[1:], strict=False):
            if jump.operation.startswith("JUMP"):
                branches[jump.argument] = (*branches.get(jump.argument, ()), branch)
        found: dict[str, tuple[Step, ...]] = {}
        giver: tuple[Step, ...] = ()
        for step in self.steps:
            if step.operation in _STORES:
                givers = (*giver, *branches.get(step.offset, ()))
                found[step.argument] = (*found.get(step.argument, ()), *givers)
            elif step.operation not in _PASSED_OVER and step.operation != "UNPACK_SEQUENCE":
                giver = (step,)
        return found

    def sources(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield the modules, and the names in them, that an import may have bound `name` from.

        A relative module begins with its dots.
        """
        for module, original, bound in self._imports:
            if bound in {name, "*"}:
                yield module, name if bound == "*" else original

    def defaults_of(self, name: str) -> tuple[Any, ...]:
        """Return the constants that stand as defaults of the function `name`, in no call."""
        found: list[Any] = []
        begun: list[Step] = []
        for step in self.steps:
            if isinstance(step.argument, CodeType) and step.argument.co_qualname == name:
                statement = tuple(begun)
                calls = self._calls_in(statement)
                found += constants(_outside(statement, (span for span, _ in calls)))
            begun = [] if step.operation in _STORES or step.operation in _ENDS else [*begun, step]
        return tuple(found)

    def bodies(self, name: str) -> tuple[CodeType, ...]:
        """Return the code below this one that has the qualified name `name`."""
        return self._bodies.get(name, ())

    @cached_property
    def _bodies(self) -> dict[str, tuple[CodeType, ...]]:
        found: dict[str, tuple[CodeType, ...]] = {}
        below = [step.argument for step in self.steps if isinstance(step.argument, CodeType)]
        for code in below:
            found[code.co_qualname] = (*found.get(code.co_qualname, ()), code)
            below.extend(code for code in code.co_consts if isinstance(code, CodeType))
        return found

    @cached_property
    def _imports(self) -> tuple[tuple[str, str, str], ...]:
        """Each `from module import original as bound`; with a star in both for a star."""
        found = []
        module = ""
        for index, step in enumerate(self.steps):
            if step.operation == "IMPORT_NAME":
                level, names = (before.argument for before in self.steps[index - 2 : index])
                module = "." * level + step.argument
                if names == ("*",):
                    found.append((module, "*", "*"))
            elif step.operation == "IMPORT_FROM":
                following = self.steps[index + 1]
                if following.operation in _STORES:
                    found.append((module, step.argument, following.argument))
        return tuple(found)


def constants(steps: tuple[Step, ...]) -> Iterator[Any]:
    """Yield the constants that the steps load, members of constant tuples one by one.

    A lambda or comprehension stands whole in the expression that holds it (from 3.12 on, most
    comprehensions are no code objects of their own). The tuple of keyword names of a call (3.13)
    is no constant that the author wrote.
    """
    for step, following in zip_longest(steps, steps[1:]):
        if step.operation not in _CONSTANTS or (following and following.operation == "CALL_KW"):
            continue
        if isinstance(step.argument, CodeType):
            if step.argument.co_name in _INLINE:
                yield from constants(code_of(step.argument).steps)
        else:
            yield from _flatten(step.argument)


def _outside(steps: tuple[Step, ...], spans: Iterable[Span]) -> tuple[Step, ...]:
    for span in spans:
        steps = tuple(step for step in steps if not step.lies_in(span))
    return steps


def _keywords(steps: tuple[Step, ...]) -> Iterator[str]:
    """Yield the names of keyword arguments: of `KW_NAMES`, or before `CALL_KW` (3.13)."""
    for step, following in zip_longest(steps, steps[1:]):
        if step.operation == "KW_NAMES" or (following and following.operation == "CALL_KW"):
            yield from _flatten(step.argument)


def _flatten(constant: Any) -> Iterator[Any]:
    if type(constant) is tuple or type(constant) is frozenset:
        for member in constant:
            yield from _flatten(member)
    else:
        yield constant


def paths(steps: tuple[Step, ...]) -> Iterator[DottedName]:
    """Yield the dotted names that the steps load, from a variable on.

    A path stands once in each length, since an attribute of a text may follow.
    """
    path: DottedName = ()
    for step in steps:
        if step.operation in _VARIABLES:
            path = (step.argument,)
            yield path
        elif step.operation in _ATTRIBUTES and path:
            path = (*path, step.argument)
            yield path
        elif step.operation not in _PASSED_OVER:
            path = ()


def _begins_global(steps: tuple[Step, ...]) -> bool:
    first = next((step.operation for step in steps if step.operation in _VARIABLES), None)
    return first is not None and first not in _LOCALS


def first_of(found: tuple[DottedName, ...]) -> DottedName | None:
    """Return the first of the dotted names, in its full length."""
    first: DottedName | None = None
    for path in found:
        if first is not None and path[:-1] != first:
            break
        first = path
    return first


def _steps(code: CodeType) -> Iterator[Step]:
    offset: int | None = None
    for instruction in dis.get_instructions(code):
        if offset is None:
            offset = instruction.offset
        if instruction.opname == "EXTENDED_ARG":
            continue  # a prefix: the instruction that follows begins here, also for jumps
        position = instruction.positions
        span: Span | None = None
        if (
            position is not None
            and position.lineno is not None
            and position.end_lineno is not None
            and position.col_offset is not None
            and position.end_col_offset is not None
        ):
            span = (
                (position.lineno, position.col_offset),
                (position.end_lineno, position.end_col_offset),
            )
        if "FAST_" in instruction.opname and isinstance(instruction.argval, tuple):
            # 3.13 joins two instructions on locals into one: LOAD_FAST_LOAD_FAST and its like.
            operations = _LOCAL_OPERATION.findall(instruction.opname)
            for operation, argument in zip(operations, instruction.argval, strict=True):
                yield Step(offset, operation, argument, span)
        else:
            argument = instruction.argval
            if instruction.opname == "KW_NAMES":  # 3.11 leaves it unknown
                argument = code.co_consts[instruction.arg or 0]
            yield Step(offset, instruction.opname, argument, span)
        offset = None


# By identity: equal code objects may hold different string objects. The reference drops the
# entry when the code object goes.
_codes: dict[int, tuple[weakref.ref[CodeType], Code]] = {}


def code_of(code: CodeType) -> Code:
    """Return the instructions of `code`, read once for as long as it lives."""
    key = id(code)
    held = _codes.get(key)
    if held is not None and held[0]() is code:
        return held[1]
    table = Code(code)
    _codes[key] = (weakref.ref(code, lambda _: _codes.pop(key, None)), table)
    return table


_modules: dict[tuple[str, str], CodeType | None] = {}


def module_code(members: dict[str, Any]) -> CodeType | None:
    """Return the code object of the module that holds the names `members`, read once.

    None where there is none to be had.
    """
    name, file = members.get("__name__"), members.get("__file__")
    if type(name) is not str or type(file) is not str:
        return None
    if (name, file) not in _modules:
        _modules[name, file] = _read(members, name, file)
    return _modules[name, file]


def _read(members: dict[str, Any], name: str, file: str) -> CodeType | None:
    """Ask the module's loader for its code; where it has none to give, read the file."""
    spec = members.get("__spec__")
    try:
        loader = members.get("__loader__") or spec.loader  # type: ignore[union-attr]
        code = loader.get_code(spec.name if spec is not None else name)
        if type(code) is CodeType:
            return code
    except Exception:  # a foreign loader may raise anything  # noqa: S110 - the file is next
        pass
    try:
        return compile(Path(file).read_bytes(), file, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return None
