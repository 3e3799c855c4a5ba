"""Surroundings: the string in which a place of a text lies, and whether it tells of a failure."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache, cached_property

from tightlip.detection.failing_parts import FailingParts
from tightlip.detection.json_strings import Path, json_strings, opening
from tightlip.detection.reading import Reading
from tightlip.expression import expression

FAILURE_SIGN = (
    r'(?i:(?:(?:error|exception|stack|trace|fault|fail|debug|panic|cause|internal)[^"]{0,40}"|"err")'
    r"[^{}\[\],]"
    r'|"(?:is_?)?(?:success(?:ful)?|succeeded|ok)"\s{0,8}:\s{0,8}(?:false|0)'
    r'|"(?:status|state|result|outcome)"\s{0,8}:\s{0,8}"(?:error|fail|fault)'
    r'|"(?:status|status_?code|code)"\s{0,8}:\s{0,8}"?[45][0-9]'
    r"|<(?:[a-z0-9\-]{1,20}:)?[a-z_\-]{0,20}(?:error|exception|fault|failure)[^<>{}]{0,200}>"
    r'|<[a-z:]{1,40} [^<>]{0,100}status="(?:error|fail|fault)'
    r"|event: ?[a-z_.\-]{0,40}(?:error|fail|exception)|\berror(?:_description|_message)?=)"
)
"""A pattern of the rules' language, without whose match no text tells of a failure."""

_EVENTS = "text/event-stream"
_EVENT_DATA = expression(rb"data: ?")
_IN_EVENT = Reading()

_COUNT = expression(rb"\s{0,8}:\s{0,8}-?[0-9]")
"""What follows a key that names what is counted."""

_NESTED_KEY = expression(
    rb"\\+\"[^\"\\]{0,40}(?:error|exception|stack|trace|(?<!de)fault|fail|panic)[^\"\\]{0,40}\\+\""
    rb"\s{0,8}:\s{0,8}(?:\{\s{0,8}\\|\[\s{0,8}[\\{]|\\+\"[^\"\\])",
    re.IGNORECASE,
)
"""A key of JSON within a string of JSON that tells of a failure, and has a value."""

_FAILURE_IN_COOKIE = expression(
    # A message for the next page, which some frameworks keep in a cookie.
    rb"set-cookie: ?(?:[\w\-]{0,20}(?:error|exception|fail)[\w\-]{0,20}=|"
    rb"[^=\s]{1,60}=[^;]{0,400}(?:%22|\")[a-z_]{0,20}(?:error|exception|fail)[a-z_]{0,20}(?:%22|\")"
    rb"\s?(?:%3a|:))",
    re.IGNORECASE,
)
"""A cookie that is named after a failure, or whose JSON has such a key."""

_CODE_OF_AWS = expression(rb'"__type"\s{0,8}:\s{0,8}"[A-Za-z]{0,60}\Z')
"""What stands before a part of a code that AWS declares; without its namespace, it is no class.

Smithy, AWS JSON 1.1 protocol, "Operation error serialization".
"""

_LONGEST_CODE = 100
_NAME = expression(rb"([A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}): ?")

_FAILURE_KEY = expression(
    rb"\"[^\"]{0,40}(?:error|exception|stack|trace|(?<!de)fault|fail|debug|panic|cause|"
    # An internal address or name is a field of an inventory.
    rb"internal(?!_?(?:ip|address|dns|host|name|network|port|url|id)))[^\"]{0,40}\"|\"err\"",
    re.IGNORECASE,
)
"""A key that tells of a failure."""

_FAILURE_FLAG = expression(
    rb"\"(?:(?:is_?)?(?:success(?:ful)?|succeeded|ok)\"\s{0,8}:\s{0,8}(?P<flag>false|0\b)"
    rb"|(?:status|state|result|outcome)\"\s{0,8}:\s{0,8}\"(?:error|fail|failed|failure|fault)\""
    rb"|(?:status|status_?code|code)\"\s{0,8}:\s{0,8}\"?[45][0-9]{2}\b)",
    re.IGNORECASE,
)
"""A member by which an answer that is called good tells that it is not.

The first kind says nothing else; the others may also be the state of what the answer is about.
"""

_MESSAGE_KEY = expression(
    rb"\"[^\"]{0,20}(?:message|msg|detail|details|description|reason|title)\"", re.IGNORECASE
)
"""A key of words about what happened."""

_DATA_HEADERS = expression(
    rb"(?:access-control-|content-|x-forwarded-|sec-|report|nel\b|link\b|set-cookie|etag|date|"
    rb"last-modified|alt-svc|authorization|traceparent|tracestate|cache-control|vary|expires)",
    re.IGNORECASE,
)
"""The name of a field of a good answer that carries addresses and tokens as data."""

_LARGEST = 4 << 20
_LONGEST_LINE = 400


class Surroundings:
    """What stands around the places of one text.

    Args:
        data: The text, as it was sent.
        reading: What is known of it.
    """

    def __init__(self, data: bytes, reading: Reading) -> None:
        self._data = data
        self._reading = reading
        self._events: dict[int, tuple[int, Surroundings]] = {}

    def counts_weak(self, at: int) -> bool:
        """Tell whether weak words count at `at`: whether a failure is told there."""
        if self._reading.is_failing:
            return _CODE_OF_AWS.search(self._data, max(0, at - _LONGEST_CODE), at) is None
        if self._reading.kind == "header":
            return self._names_failure
        if self._reading.kind == "piece":
            return False
        if not self._is_json:
            return at in self._failing_parts or self._counts_in_event(at)
        if not self._tells_of_failure:
            return False
        starts, _, fails = self._strings
        index = bisect_right(starts, at) - 1
        return index >= 0 and fails[index]

    def string_of(self, at: int) -> tuple[int, int]:
        """Return where the string around `at` begins and ends: of JSON, else the line."""
        if self._is_json:
            starts, ends, _ = self._strings
            index = bisect_right(starts, at) - 1
            if index >= 0 and at < ends[index]:
                return starts[index], ends[index]
        start = self._data.rfind(b"\n", max(0, at - _LONGEST_LINE), at) + 1
        end = self._data.find(b"\n", at, at + _LONGEST_LINE)
        if end < 0:
            end = min(len(self._data), at + _LONGEST_LINE)
        return start or max(0, at - _LONGEST_LINE), end

    @cached_property
    def _names_failure(self) -> bool:
        """Whether the header is none of those that carry data, or tells of a failure in it."""
        name = _NAME.match(self._data)
        return (
            name is None
            or _DATA_HEADERS.match(name[1]) is None
            or _FAILURE_IN_COOKIE.match(self._data) is not None
        )

    @cached_property
    def _is_json(self) -> bool:
        return len(self._data) <= _LARGEST and opening(self._data) != b""

    @cached_property
    def _failing_parts(self) -> FailingParts:
        """The parts of a text that is no JSON in which a failure is told."""
        return FailingParts(self._data, self._reading.media_type)

    def _counts_in_event(self, at: int) -> bool:
        """Tell whether weak words count at `at` in a line of data of a server-sent event."""
        if self._reading.media_type != _EVENTS:
            return False
        start = self._data.rfind(b"\n", 0, at) + 1
        if start not in self._events:
            line = self._data[start:].partition(b"\n")[0] if at - start < _LARGEST else b""
            data = _EVENT_DATA.match(line)
            self._events[start] = (
                start + len(data[0]) if data else at + 1,
                Surroundings(line[len(data[0]) :] if data else b"", _IN_EVENT),
            )
        first, inner = self._events[start]
        return at >= first and inner.counts_weak(at - first)

    @cached_property
    def _tells_of_failure(self) -> bool:
        return self._is_json and (
            _FAILURE_KEY.search(self._data) is not None
            or _FAILURE_FLAG.search(self._data) is not None
        )

    @cached_property
    def _strings(self) -> tuple[list[int], list[int], list[bool]]:
        """Where each string begins and ends, and whether a failure is told in it.

        It is under a key that says so, and wherever the outermost object says so of itself.
        """
        starts: list[int] = []
        ends: list[int] = []
        paths: list[Path | None] = []
        flags: list[re.Match[bytes]] = []
        nested: list[bool] = []
        is_object = opening(self._data) == b"{"
        is_nesting = _NESTED_KEY.search(self._data) is not None
        for string in json_strings(self._data):
            starts.append(string.start)
            ends.append(string.end)
            paths.append(string.path)
            nested.append(
                is_nesting and _NESTED_KEY.search(self._data, string.start, string.end) is not None
            )
            if is_object and string.is_key and string.path is None:
                flag = _FAILURE_FLAG.match(self._data, string.start)
                flags += () if flag is None else (flag,)
        if any(flag["flag"] for flag in flags):
            return starts, ends, [True] * len(starts)
        fails = _failures(paths, has_flags=bool(flags))
        counted = (_COUNT.match(self._data, end) is not None for end in ends)
        return (
            starts,
            ends,
            [
                (fail or told) and not count
                for fail, told, count in zip(fails, nested, counted, strict=True)
            ],
        )


def _failures(paths: list[Path | None], *, has_flags: bool) -> list[bool]:
    """Return of each path whether it leads to words about a failure.

    `has_flags` tells that the answer speaks of one: then its messages do.
    """
    known: dict[Path | None, bool] = {None: False}
    names_failure = cache(lambda key: _FAILURE_KEY.fullmatch(key) is not None)
    names_message = cache(lambda key: _MESSAGE_KEY.fullmatch(key) is not None)
    failures: list[bool] = []
    for path in paths:
        if path is not None and path not in known:
            known[path] = known.get(path.outer, False) or names_failure(path.key)
        failures.append(known[path] or (has_flags and path is not None and names_message(path.key)))
    return failures
