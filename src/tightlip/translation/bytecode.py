"""What stands in an expression: the instructions of a code object, by their place in the source."""

from __future__ import annotations

import dis
import re
import sys
import weakref
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import CodeType
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from types import ModuleType

Span: TypeAlias = tuple[tuple[int, int], tuple[int, int]]
"""A place in the source: (line, column) of the start and of the end (PEP 657)."""

_STORES = frozenset({"STORE_NAME", "STORE_GLOBAL", "STORE_FAST", "STORE_DEREF"})
_LOCALS = frozenset({"LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW", "LOAD_DEREF"})
_VARIABLES = _LOCALS | {"LOAD_GLOBAL", "LOAD_NAME"}
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_LOCAL_OPERATION = re.compile(r"(?:LOAD|STORE)_FAST")
_ASSERTIONS = frozenset({"LOAD_ASSERTION_ERROR", "LOAD_COMMON_CONSTANT"})
_ENDS = frozenset({"RAISE_VARARGS", "RERAISE", "RETURN_VALUE", "RETURN_CONST", "POP_TOP"})
_PASSED_OVER = frozenset({"PUSH_NULL", "NOP", "CACHE", "COPY", "EXTENDED_ARG"})


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction: what it does, with what, and where that stands in the source."""

    offset: int
    operation: str
    argument: Any
    span: Span | None

    def lies_in(self, span: Span) -> bool:
        """Tell whether the place of this instruction lies inside `span`."""
        return self.span is not None and span[0] <= self.span[0] and self.span[1] <= span[1]


class Code:
    """The instructions of one code object."""

    def __init__(self, code: CodeType) -> None:
        self.steps = tuple(_steps(code))

    def under_way(self, instruction: int) -> tuple[Step, ...]:
        """Return the steps of the expression that the byte offset `instruction` belongs to.

        In a frame that waits for a call, the offset points into the inline cache of that call
        (3.11, 3.12): the instruction is the last one at or before it. No place, no steps.
        """
        begun = bisect_right(self.steps, instruction, key=lambda step: step.offset)
        current = self.steps[begun - 1] if begun else None
        if current is None or current.span is None:
            return ()
        steps = self.inside(current.span)
        if current.operation == "RAISE_VARARGS":
            return (*steps, *self._assertion_before(begun - 1))
        return steps

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

    def inside(self, span: Span) -> tuple[Step, ...]:
        """Return the steps whose place lies inside `span`."""
        return tuple(step for step in self.steps if step.lies_in(span))

    def bindings(self, name: str) -> Iterator[Step]:
        """Yield each step that gives a value in an assignment to `name`.

        Chained targets (`a = b = …`) share their giver; a conditional has one a branch, which
        jumps to the assignment.
        """
        for index, step in enumerate(self.steps):
            if step.operation not in _STORES or step.argument != name:
                continue
            giver = index - 1
            while giver >= 0 and self.steps[giver].operation in _PASSED_OVER | _STORES:
                giver -= 1
            if giver >= 0:
                yield self.steps[giver]
            for branch, jump in zip(self.steps[:index], self.steps[1:index], strict=False):
                if jump.operation.startswith("JUMP") and jump.argument == step.offset:
                    yield branch

    @cached_property
    def imports(self) -> dict[str, str]:
        """The names that `from module import name as other` binds: other to name."""
        return {
            following.argument: step.argument
            for step, following in zip(self.steps, self.steps[1:], strict=False)
            if step.operation == "IMPORT_FROM" and following.operation in _STORES
        }


def constants(steps: tuple[Step, ...]) -> Iterator[Any]:
    """Yield the constants that the steps load, members of constant tuples one by one.

    The tuple of keyword names of a call (3.13) is no constant that the author wrote.
    """
    for step, following in zip(steps, (*steps[1:], None), strict=True):
        if step.operation != "LOAD_CONST" or (following and following.operation == "CALL_KW"):
            continue
        yield from _flatten(step.argument)


def _flatten(constant: Any) -> Iterator[Any]:
    if type(constant) is tuple or type(constant) is frozenset:
        for member in constant:
            yield from _flatten(member)
    else:
        yield constant


def paths(steps: tuple[Step, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the dotted names that the steps load, from a variable on: `("Messages", "GONE")`.

    A path stands once in each length, since an attribute of a text may follow.
    """
    path: tuple[str, ...] = ()
    for step in steps:
        if step.operation in _VARIABLES:
            path = (step.argument,)
            yield path
        elif step.operation in _ATTRIBUTES and path:
            path = (*path, step.argument)
            yield path
        elif step.operation not in _PASSED_OVER:
            path = ()


def _steps(code: CodeType) -> Iterator[Step]:
    for instruction in dis.get_instructions(code):
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
                yield Step(instruction.offset, operation, argument, span)
        else:
            yield Step(instruction.offset, instruction.opname, instruction.argval, span)


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


@lru_cache(maxsize=256)
def _module_codes(name: str) -> tuple[CodeType, ...]:
    module = sys.modules[name]
    spec = getattr(module, "__spec__", None)
    loader = getattr(module, "__loader__", None) or getattr(spec, "loader", None)
    try:
        code = loader.get_code(spec.name if spec is not None else name)  # type: ignore[union-attr]
    except Exception:  # a loader without source or bytecode: there is nothing to prove by
        return ()
    return tuple(_nested(code)) if isinstance(code, CodeType) else ()


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def module_code(module: ModuleType) -> CodeType | None:
    """Return the code object that makes up `module`, or None where there is none to be had."""
    return next(iter(_module_codes(module.__name__)), None)


def class_code(module: ModuleType, qualified_name: str) -> CodeType | None:
    """Return the code object of the body of the class `qualified_name` in `module`."""
    for code in _module_codes(module.__name__):
        if code.co_qualname == qualified_name:
            return code
    return None
