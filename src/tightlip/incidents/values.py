"""Values: a live object as JSON, without running a line of the object's own code."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from tightlip.expression import expression
from tightlip.incidents.encoding import JSON
from tightlip.incidents.fields import fields_of, layout_of
from tightlip.incidents.objects import class_name, is_list, standing_for
from tightlip.incidents.scrubbing import Scrubber
from tightlip.incidents.secrets.commands import secret_arguments
from tightlip.incidents.secrets.forms import is_card, lines_of_private_keys
from tightlip.incidents.secrets.found import SCRUBBED
from tightlip.incidents.secrets.names import counts, is_secret_name
from tightlip.incidents.secrets.statements import secret_parameters
from tightlip.slots import arguments_of

MOST_VALUES = 1500
"""How many values of locals and arguments one record holds."""

_MOST_OBJECTS = 64
_LONGEST_TEXT = 1024
_LONGEST_NAME = 200
_MOST_ITEMS = 24
_MOST_VARIABLES = 32
_DEEPEST = 4
_WIDEST_INTEGER = 256
_COLUMN = expression(r"[A-Za-z_][\w .-]{0,60}")
_SMALLEST_CARD = 10**13  # no card number has fewer than 14 digits
_A_PAIR = 2
_ORDERED = (list, tuple)
_ELSE = "..."
_CONTAINERS = (dict, list, tuple, set, frozenset)
_SHOWN = (str, bytes, int, float, bytearray, *_CONTAINERS)
_NAMES_OF_A_PAIR = frozenset({"name", "key", "field", "header", "Name", "Key", "Field", "Header"})
_VALUES_OF_A_PAIR = ("value", "Value", "input")


class Values:
    """Describes the values of one record, within a bound on their number.

    Args:
        scrubber: Takes every text.
        is_application: Tells whether a code file is the application's own.
    """

    __slots__ = (
        "_around",
        "_described",
        "_found",
        "_is_application",
        "_left",
        "_objects_left",
        "_text",
    )

    def __init__(self, scrubber: Scrubber, is_application: Callable[[str], bool]) -> None:
        self._text = scrubber.text
        self._found = scrubber.found
        self._is_application = is_application
        self._left = MOST_VALUES
        self._objects_left = _MOST_OBJECTS
        self._around: set[int] = set()
        self._described: dict[int, JSON] = {}

    def variables(self, variables: Mapping[str, Any]) -> dict[str, JSON]:
        """Return the first 32 of `variables` as JSON, and of those with secret names no value.

        An object that stands in several frames is described once.
        """
        described: dict[str, JSON] = {}
        known = self._described
        describe = self.value
        statements = _statements(variables)
        for name, value in islice(variables.items(), _MOST_VARIABLES):
            if is_secret_name(name):
                described[name] = self._hidden(value, name)
                continue
            if statements and (type(value) is tuple or type(value) is list):
                secret = statements.get(len(value))
                if secret is not None:
                    described[name] = self._row(value, secret)
                    continue
            identity = id(value)
            # The frame holds the object, so that its identity stays its own meanwhile.
            if identity in known:
                described[name] = known[identity]
            else:
                described[name] = known[identity] = describe(value)
        if len(variables) > _MOST_VARIABLES:
            described[_ELSE] = f"[{len(variables) - _MOST_VARIABLES} more]"
        return described

    def _row(self, value: Sequence[Any], secret: frozenset[int], depth: int = 0) -> JSON:
        """Describe values whose columns tell which are secrets, as those of a statement do."""
        self._left -= min(len(value), _MOST_ITEMS)
        return [
            self._hidden(item)
            if index in secret and not _is_one_of(type(item), _CONTAINERS)
            else self.value(item, depth + 1)
            for index, item in enumerate(islice(value, _MOST_ITEMS))
        ]

    def value(self, value: Any, depth: int = 0) -> JSON:
        """Return `value` as JSON.

        Values of exact built-in classes, and of some of the standard library's, are shown, to a
        depth of 4 and a width of 24; of a member of an enumeration its name; of an object whose
        class is the application's, or declares its fields, these, under the name of the class. Of
        every other object, a subclass of `str` among them, only the class is told.
        """
        kind = type(value)
        if kind is str:
            return self._text(value, _LONGEST_TEXT)
        if value is None or kind is bool:
            return value  # type: ignore[no-any-return]  # narrowed by `is`, which mypy does not follow here
        if kind is int:
            return value if -_SMALLEST_CARD < value < _SMALLEST_CARD else self._integer(value)
        if kind is float:
            return value if math.isfinite(value) else str(value)
        if kind is dict:
            return self._mapping(value, depth)
        if kind is list or kind is tuple or kind is set or kind is frozenset:
            return self._sequence(value, depth)
        if kind is bytes or kind is bytearray:
            return self._bytes(value)
        if kind is complex:
            return str(value)
        return self._object(value, depth)

    def attributes(self, exception: BaseException) -> JSON:
        """Return what an exception holds beside its arguments; None where nothing is told.

        It is told of the exceptions of which the fields are told of other objects.
        """
        try:
            return self._fields(exception, 0, arguments_of(exception))
        except Exception:  # another thread changes it meanwhile, or its class is in the making
            return None

    def in_words(self, value: Any) -> str:
        """Return `value` as a text, in which objects are told by their classes alone."""
        left, self._objects_left = self._objects_left, 0
        try:
            return str(self.value(value))
        finally:
            self._objects_left = left

    def _object(self, value: Any, depth: int) -> JSON:
        name = self._text(f"<{class_name(type(value))}>", _LONGEST_NAME)
        try:
            told = self._standard(value, depth)
            if told is None and depth < _DEEPEST and self._left > 0 and self._objects_left > 0:
                fields = self._fields(value, depth)
                told = {name: fields} if fields else None
        except Exception:  # another thread changes it meanwhile, or its class is in the making
            return name
        return name if told is None else told

    def _standard(self, value: Any, depth: int) -> JSON:
        """Describe a value of the standard library's; None for any other."""
        kind = type(value)
        if kind is OrderedDict or kind is defaultdict or kind is Counter:
            return self._mapping(value, depth)
        if kind is deque or is_list(kind):
            return self._sequence(value, depth)
        told = standing_for(value)
        return None if told is None else self._text(told, _LONGEST_TEXT)

    def _fields(self, value: Any, depth: int, told: Sequence[Any] = ()) -> JSON:
        """Describe the fields of an object but for those that hold what is told already.

        Return None of one that is not to be looked into, or has none.
        """
        layout = layout_of(type(value))
        own = self._is_application(layout.file)
        if id(value) in self._around or not (own or layout.is_model):
            return None
        fields = {
            name: held
            for name, held in fields_of(value, layout, with_private=own)
            if not any(held is each for each in told)
        }
        if not fields:
            return None
        self._objects_left -= 1
        self._around.add(id(value))
        try:
            return self._named(fields, depth, holds_secrets=layout.is_secret)
        finally:
            self._around.discard(id(value))

    def _integer(self, value: int) -> JSON:
        bits = value.bit_length()
        if bits > _WIDEST_INTEGER:
            return f"<int of {bits} bits>"
        return SCRUBBED if is_card(value) else value

    def _bytes(self, value: bytes | bytearray) -> JSON:
        # Four bytes make a character at most; what is further away is cut in any case.
        text = bytes(value[: _LONGEST_TEXT * 20]).decode("utf-8", "backslashreplace")
        return self._text(f"b'{text}'", _LONGEST_TEXT)

    def _hidden(self, value: Any, name: str = "") -> JSON:
        """Say no more of a secret than whether there is one, or what class it is of."""
        kind = type(value)
        if value is None or kind is bool:
            return value  # type: ignore[no-any-return]  # as above
        if (kind is int or kind is float) and counts(name):
            return self.value(value)
        if _is_one_of(kind, _SHOWN):
            if (kind is str or kind is bytes) and not value:
                return ""
            self._gather(value)
            return SCRUBBED
        return self._text(f"<{class_name(kind)}>", _LONGEST_NAME)

    def _gather(self, value: Any, depth: int = 0) -> None:
        """Tell the scrubber what is secret, so that it is found wherever else it stands."""
        kind = type(value)
        if kind is str:
            self._found.add(value)
        elif kind is int:
            if value.bit_length() <= _WIDEST_INTEGER:
                self._found.add(str(value))
        elif kind is bytes or kind is bytearray:
            self._found.add(bytes(value[:_LONGEST_TEXT]).decode("utf-8", "backslashreplace"))
        elif depth < _DEEPEST and _is_one_of(kind, _CONTAINERS):
            items = value.values() if kind is dict else value
            for item in islice(items, _MOST_ITEMS):
                self._gather(item, depth + 1)

    def _mapping(self, value: dict[Any, Any], depth: int) -> JSON:
        if depth >= _DEEPEST or self._left <= 0:
            return f"<dict of {len(value)}>"
        return self._named(value, depth)

    def _named(
        self, value: dict[Any, Any], depth: int, *, holds_secrets: bool = False
    ) -> dict[str, JSON]:
        described: dict[str, JSON] = {}
        text = self._text
        describe = self.value
        is_pair = _is_named_pair(value)
        self._left -= min(len(value), _MOST_ITEMS)
        depth += 1
        for key, item in islice(value.items(), _MOST_ITEMS):
            name = text(key, _LONGEST_NAME) if type(key) is str else self._key(key)
            if (
                is_secret_name(name)
                or (is_pair and name in _VALUES_OF_A_PAIR)
                or (holds_secrets and _may_be_one(name, item))
            ):
                described[name] = self._hidden(item, name)
            else:
                # What an object inside of an `ApiToken` holds may be the token.
                described[name] = describe(item, _DEEPEST if holds_secrets else depth)
        if len(value) > _MOST_ITEMS:
            described[_ELSE] = f"[{len(value) - _MOST_ITEMS} more]"
        return described

    def _key(self, key: Any) -> str:
        if type(key) is bytes:
            return self._text(key[:_LONGEST_NAME].decode("latin-1"), _LONGEST_NAME)
        if type(key) is tuple:
            pieces = (
                piece[:_LONGEST_NAME] if type(piece) is str else str(self.value(piece, _DEEPEST))
                for piece in islice(key, _MOST_ITEMS)
            )
            return self._text(f"({', '.join(pieces)})", _LONGEST_NAME)
        return self._text(str(self.value(key, _DEEPEST)), _LONGEST_NAME)

    def _sequence(self, value: Any, depth: int) -> JSON:
        length = len(value)
        if length and (depth >= _DEEPEST or self._left <= 0):
            return f"<{type(value).__name__} of {length}>"
        self._left -= min(length, _MOST_ITEMS)
        depth += 1
        if length == _A_PAIR and type(value) in _ORDERED:
            name = _text_of(value[0])
            if name is not None and _names_what_follows(name, value[1]):
                return [self.value(value[0], depth), self._hidden(value[1])]
        describe = self.value
        first = list(value if length <= _MOST_ITEMS else islice(value, _MOST_ITEMS))
        if _has_hyphens(first):  # those of options, or of a private key's first line
            secret = secret_arguments(first)
            secret |= lines_of_private_keys([_text_of(item) for item in first])
            described = [
                self._hidden(item) if index in secret else describe(item, depth)
                for index, item in enumerate(first)
            ]
        else:
            columns = _secret_columns(first)
            described = [
                describe(item, depth)
                if not columns or index == 0 or depth >= _DEEPEST or self._left <= 0
                else self._row(item, columns, depth)
                for index, item in enumerate(first)
            ]
        if length > _MOST_ITEMS:
            described.append(f"[{length - _MOST_ITEMS} more]")
        return described


def _secret_columns(rows: Sequence[Any]) -> frozenset[int]:
    """Return which columns of rows are secrets, where the first row has their names.

    Of two columns, the second can be: the first has the names of pairs.
    """
    width = len(rows[0]) if rows and _is_one_of(type(rows[0]), _ORDERED) else 0
    if width < _A_PAIR or len(rows) == 1:
        return frozenset()
    if any(not _is_one_of(type(row), _ORDERED) or len(row) != width for row in rows):
        return frozenset()
    names = rows[0][:_MOST_ITEMS]
    if not all(type(name) is str and _COLUMN.fullmatch(name) for name in names):
        return frozenset()
    return frozenset(
        index
        for index, name in enumerate(names)
        if (index or width > _A_PAIR) and is_secret_name(name)
    )


def _statements(variables: Mapping[str, Any]) -> dict[int, frozenset[int]]:
    """Return which parameters are secrets, by their number, of the statements among variables."""
    statements: dict[int, frozenset[int]] = {}
    for value in islice(variables.values(), _MOST_VARIABLES):
        if type(value) is str and ("?" in value or "%s" in value or "$1" in value):
            total, secret = secret_parameters(value)
            if secret:
                statements[total] = statements.get(total, frozenset()) | secret
    return statements


def _is_one_of(kind: type, kinds: Iterable[type]) -> bool:
    """Tell whether `kind` is one of `kinds`, without asking a metaclass for a hash or `==`."""
    for each in kinds:  # noqa: SIM110 - a generator costs more
        if kind is each:
            return True
    return False


def _may_be_one(name: str, value: Any) -> bool:
    """Tell whether the field of an `ApiToken` may be the secret itself: its `id` is none."""
    kind = type(value)
    if kind is int or kind is float:
        return name[-2:].lower() != "id"
    return _is_one_of(kind, _SHOWN)


def _has_hyphens(items: list[Any]) -> bool:
    for item in items:  # most lists are short: a generator costs more
        kind = type(item)
        if (kind is str and item[:1] == "-") or (kind is bytes and item[:1] == b"-"):
            return True
    return False


def _is_named_pair(value: dict[Any, Any]) -> bool:
    """Tell whether a mapping is `{"name": "password", "value": …}` or the like.

    One that a validator made is: `{"loc": ("body", "password"), "input": …}`.
    """
    # It is gone through, since a look-up may run the `__eq__` of a key with the same hash.
    for key, item in islice(value.items(), _MOST_ITEMS):
        if type(key) is not str:
            continue
        if key in _NAMES_OF_A_PAIR:
            name = _text_of(item)
            if name is not None and " " not in name and is_secret_name(name):
                return True
        elif key == "loc" and (type(item) is tuple or type(item) is list):
            return any(
                type(name) is str and is_secret_name(name[:_LONGEST_NAME])
                for name in islice(item, _MOST_ITEMS)
            )
    return False


def _names_what_follows(text: str, value: Any) -> bool:
    """Tell whether the first of two things is the name of a secret that is the second.

    `("invalid token", 401)` is a sentence and a status.
    """
    if " " not in text:
        return is_secret_name(text)
    return (type(value) is str or type(value) is bytes) and is_secret_name(text)


def _text_of(value: Any) -> str | None:
    if type(value) is str:
        return value[:_LONGEST_NAME]
    if type(value) is bytes:
        return value[:_LONGEST_NAME].decode("latin-1")
    return None
