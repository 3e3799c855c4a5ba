"""Cutting: a record that is too large loses its least telling parts first, and says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tightlip.incidents.encoding import JSON, encode

LARGEST_RECORD = 65_536
"""In bytes of JSON; the same in characters, since the line is ASCII."""

_SHORT = 1024
_BRIEF = 200
_FEW = 10
_VALUES_OF_AN_EXCEPTION = frozenset({"exception.args", "exception.attributes"})
_ESSENTIAL = (
    "schema_version",
    "reference",
    "fingerprint",
    "time",
    "event_name",
    "severity_number",
    "severity_text",
    "error.type",
    "error.code",
    "exception.type",
    "exception.message",
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "url.path",
    "service.name",
    "service.version",
    "host.name",
    "process.pid",
    "trace_id",
    "span_id",
)


def fitted(fields: dict[str, JSON], line: str) -> tuple[dict[str, JSON], str]:
    """Return `fields`, cut to at most 64 KB where needed, and the same as a line of JSON.

    What was cut is told under `cut`. `line` is the JSON of all `fields`.
    """
    if len(line) <= LARGEST_RECORD:
        return fields, line
    cut: list[JSON] = []
    fields["cut"] = cut
    for what, cutter in _CUTS:
        cutter(fields)
        cut.append(what)
        line = encode(fields)
        if len(line) <= LARGEST_RECORD:
            return fields, line
    fields = {key: _shortened(fields[key], _BRIEF) for key in _ESSENTIAL if key in fields}
    fields["cut"] = ["all but the essential"]
    return fields, encode(fields)


def _exceptions(fields: dict[str, JSON]) -> Iterator[dict[str, JSON]]:
    records = fields.get("exceptions")
    if type(records) is list:
        yield from (record for record in records if type(record) is dict)


def _cut_from_frames(fields: dict[str, JSON], key: str, *, of_libraries: bool = False) -> None:
    for record in _exceptions(fields):
        frames = record.get("frames")
        if type(frames) is list:
            # New mappings: those of frames are shared by all incidents.
            record["frames"] = [
                {name: value for name, value in frame.items() if name != key}
                if type(frame) is dict and not (of_libraries and frame.get("application"))
                else frame
                for frame in frames
            ]


def _cut_library_locals(fields: dict[str, JSON]) -> None:
    _cut_from_frames(fields, "locals", of_libraries=True)


def _cut_fields(fields: dict[str, JSON]) -> None:
    for record in _exceptions(fields):
        for key in _VALUES_OF_AN_EXCEPTION & record.keys():
            record[key] = _closed(record[key])
        frames = record.get("frames")
        if type(frames) is list:
            record["frames"] = [
                {**frame, "locals": _closed(frame["locals"])}
                if type(frame) is dict and "locals" in frame
                else frame
                for frame in frames
            ]


def _closed(value: JSON) -> JSON:
    """Return a value in which objects are told by their classes alone."""
    if type(value) is list:
        return [_closed(item) for item in value]
    if type(value) is dict:
        if len(value) == 1:
            ((name, fields),) = value.items()
            if name.startswith("<") and type(fields) is dict:
                return name
        return {name: _closed(item) for name, item in value.items()}
    return value


def _cut_locals(fields: dict[str, JSON]) -> None:
    _cut_from_frames(fields, "locals")
    for record in _exceptions(fields):
        for key in _VALUES_OF_AN_EXCEPTION & record.keys():
            del record[key]


def _cut_sources(fields: dict[str, JSON]) -> None:
    _cut_from_frames(fields, "source")


def _cut_texts(fields: dict[str, JSON], limit: int = _SHORT) -> None:
    for key, value in fields.items():
        if key != "exceptions":
            fields[key] = _shortened(value, limit)
    for record in _exceptions(fields):
        for key, value in record.items():
            if key != "frames":
                record[key] = _shortened(value, limit)


def _cut_texts_more(fields: dict[str, JSON]) -> None:
    _cut_texts(fields, _BRIEF)


def _cut_headers(fields: dict[str, JSON]) -> None:
    for key in [key for key in fields if key.startswith("http.request.header.")]:
        del fields[key]


def _cut_lists(fields: dict[str, JSON]) -> None:
    for key in ("withheld", "notes"):
        value = fields.get(key)
        if type(value) is list and len(value) > _FEW:
            fields[f"omitted_{key}"] = len(value) - _FEW
            fields[key] = value[:_FEW]
    fields.pop("facts", None)


def _cut_frames(fields: dict[str, JSON]) -> None:
    for record in _exceptions(fields):
        frames = record.get("frames")
        if type(frames) is list and len(frames) > _FEW:
            record["omitted_outer_frames"] = len(frames) - _FEW
            record["frames"] = frames[-_FEW:]


def _cut_exceptions(fields: dict[str, JSON]) -> None:
    records = fields.get("exceptions")
    if type(records) is list and len(records) > _FEW:
        fields["omitted_exceptions"] = len(records) - _FEW
        fields["exceptions"] = records[:_FEW]


def _shortened(value: JSON, limit: int) -> JSON:
    if type(value) is str and len(value) > limit:
        return f"{value[:limit]}[{len(value) - limit} more characters]"
    if type(value) is list:
        return [_shortened(item, limit) for item in value]
    if type(value) is dict:
        return {key: _shortened(item, limit) for key, item in value.items()}
    return value


_CUTS: tuple[tuple[str, Callable[[dict[str, JSON]], None]], ...] = (
    ("locals of library frames", _cut_library_locals),
    ("fields of objects", _cut_fields),
    ("locals, and what exceptions hold", _cut_locals),
    (f"texts after {_SHORT} characters", _cut_texts),
    ("headers", _cut_headers),
    (f"texts after {_BRIEF} characters", _cut_texts_more),
    (f"facts, and words and notes after {_FEW}", _cut_lists),
    ("source lines", _cut_sources),
    (f"frames but the innermost {_FEW}", _cut_frames),
    (f"exceptions but the first {_FEW}", _cut_exceptions),
)
