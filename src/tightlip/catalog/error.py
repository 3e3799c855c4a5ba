"""PublicError: the words that an author declares for a client."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import get_annotations
from string import Formatter
from types import FrameType
from typing import Any, ClassVar, NamedTuple, dataclass_transform, get_origin, get_type_hints

from tightlip.catalog.catalog import Declaration, catalog
from tightlip.catalog.parameter import Parameter, read_parameter
from tightlip.catalog.wording import fault_of

_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,62}")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_DOCS = re.compile(r"https?://[!#-;=?-~]{1,500}")  # RFC 3986 has no quote and no angle bracket
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
_DECLARABLE_HEADERS = frozenset(
    {
        "allow",
        "accept",
        "accept-patch",
        "accept-post",
        "accept-ranges",
        "content-language",
        "link",
        "proxy-authenticate",
        "retry-after",
        "sunset",
        "deprecation",
        "upgrade",
        "www-authenticate",
    }
)
_OWN_NAMES = frozenset(
    {"status", "message", "code", "retry_after", "docs", "headers", "fields", "fingerprint"}
)
_NAMES_OF_EXCEPTIONS = frozenset(dir(Exception)) | {
    "details",
    "is_concrete",
    "parameters",
    "public_message",
    "required_parameters",
}


class DeclarationError(Exception):
    """A public error or a translation was declared wrongly; the message names file and line."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused field of a request: its name in the API, a stable code, a sentence."""

    field: str
    code: str
    message: str


class Declared(NamedTuple):
    """What a class of public errors said when it was declared."""

    code: str
    status: int
    message: str
    retry_after: int | None
    docs: str | None
    headers: Mapping[str, str]
    fields: tuple[FieldError, ...]
    parameters: Mapping[str, Parameter]
    defaults: Mapping[str, Any]


@dataclass_transform(kw_only_default=True)
class PublicError(Exception):
    """An error in words that may leave, declared once as a class and raised anywhere.

    A subclass declares `status` (400 to 599) and `message`. Its `code` is made from the class
    name (`EmailAlreadyExists` is `EMAIL_ALREADY_EXISTS`) unless given. What the message fills in
    is declared as an annotation with its type, and shown to the client under `details`:

        class SoldOut(PublicError):
            status = 409
            message = "Only {available} seats are left"
            available: int

        raise SoldOut(available=3)

    A subclass without a message is a family of errors, and is itself not raised.

    Attributes:
        status: The HTTP status.
        message: The template of the message; `{name}` stands for a parameter.
        code: The stable code, `[A-Z][A-Z0-9_]+`, at most 63 characters (AIP-193).
        retry_after: Seconds for the header `Retry-After`; with its type, `retry_after: int`, it
            is a parameter.
        docs: The address of a page for the reader of this error.
        headers: Further response headers, from the allow list.
        fingerprint: Groups the incidents of this error under one name.
        fields: The refused fields of a request.

    Raises:
        DeclarationError: At the declaration, with file and line, if the status, the code, the
            template, a parameter's type, a header or the wording cannot stand.
        TypeError: At the raise, if a parameter is missing, unknown, of the wrong type or given
            without its name.
        ValueError: At the raise, if a parameter is none of its declared choices, is no finite
            number, or is a negative `retry_after`.
    """

    # The type checkers' dataclass rules take no attribute of this class itself for a field.
    status: int
    message: str
    code: str
    retry_after: int | None = None
    docs: str | None = None
    headers: Mapping[str, str] = {}
    fingerprint: str | None = None
    fields: tuple[FieldError, ...] = ()

    _parameters: ClassVar[Mapping[str, Parameter]] = {}
    _defaults: ClassVar[Mapping[str, Any]] = {}
    _declared: ClassVar[Declared | None] = None

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        frame = _declaring_frame(sys._getframe(1))  # noqa: SLF001 - the only way to name the line
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        try:
            _declare(cls, frame)
            if cls.is_concrete():
                cls._declared = _declared(cls)
                catalog.add(Declaration(cls.code, cls, place))
        except (TypeError, ValueError) as error:
            raise DeclarationError(f"{cls.__qualname__} at {place}: {error}") from None

    @classmethod
    def is_concrete(cls) -> bool:
        """Tell whether this class declares all that it takes to be raised."""
        return hasattr(cls, "message") and hasattr(cls, "status")

    @classmethod
    def parameters(cls) -> Mapping[str, Parameter]:
        """Return the declared parameters by name."""
        return cls._parameters

    @classmethod
    def required_parameters(cls) -> tuple[str, ...]:
        """Return the names of the parameters that a raise must give."""
        return tuple(name for name in cls._parameters if name not in cls._defaults)

    def __init__(self, *positional: Any, **values: Any) -> None:
        cls = type(self)
        if not cls.is_concrete():
            raise TypeError(
                f"{cls.__name__} declares no status and message of its own; raise a subclass"
            )
        given = {**cls._defaults, **values}
        faults = [f"needs the parameter {name!r}" for name in cls._parameters if name not in given]
        faults += [f"has no parameter {name!r}" for name in given if name not in cls._parameters]
        if positional:
            faults.append("takes no positional arguments: give its parameters by name")
        if faults:
            raise TypeError(f"{cls.__name__} {' and '.join(faults)}")
        self.details: Any = {
            name: parameter.clean(given[name]) for name, parameter in cls._parameters.items()
        }
        self.public_message = cls.message.format_map(self.details)
        for name, value in given.items():
            setattr(self, name, value)
        if self.retry_after is not None and self.retry_after < 0:
            raise ValueError("parameter 'retry_after' takes a number of seconds from 0")
        super().__init__(self.public_message)

    def __str__(self) -> str:
        # A subclass with an `__init__` of its own may have left ours out.
        return f"{self.code}: {self.__dict__.get('public_message', type(self).message)}"

    def __reduce__(self) -> tuple[Any, ...]:
        cls = type(self)
        given = {name: getattr(self, name) for name in cls._parameters}
        return _rebuild, (cls, given), dict(self.__dict__)


def _rebuild(cls: type[PublicError], values: Mapping[str, Any]) -> PublicError:
    return cls(**values)


def code_of(name: str) -> str:
    """Make a code from a class name: `HTTPTimeout` is `HTTP_TIMEOUT`."""
    return _WORD_START.sub("_", name.strip("_")).upper()


def _declaring_frame(frame: FrameType) -> FrameType:
    """Walk out of metaclasses and class factories of this package to the author's line."""
    while frame.f_back is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    return frame


def _declare(cls: type[PublicError], frame: FrameType) -> None:
    own = cls.__dict__
    if "status" in own and not (type(cls.status) is int and 400 <= cls.status <= 599):  # noqa: PLR2004 - RFC 9110, sections 15.5 and 15.6
        raise ValueError(f"status is {cls.status!r}; an error has a status from 400 to 599")
    if "code" not in own:
        cls.code = code_of(cls.__name__)
    if type(cls.code) is not str or _CODE.fullmatch(cls.code) is None:
        raise ValueError(
            f"code is {cls.code!r}; a code is made of A-Z, 0-9 and _, starts with a letter "
            f"and has 2 to 63 characters"
        )
    _declare_parameters(cls, frame)
    if "message" in own:
        if not hasattr(cls, "status"):
            raise ValueError("it has a message and no status: add `status = 409`, say")
        _check_message(cls)
    if hasattr(cls, "message"):
        _check_filled_in(cls)
    _check_extras(cls)


def _declared(cls: type[PublicError]) -> Declared:
    return Declared(
        cls.code,
        cls.status,
        cls.message,
        cls.retry_after if isinstance(cls.retry_after, int) else None,
        cls.docs,
        dict(cls.headers),
        cls.fields,
        dict(cls._parameters),
        dict(cls._defaults),
    )


def _declare_parameters(cls: type[PublicError], frame: FrameType) -> None:
    annotations = get_annotations(cls)
    hints = _hints(cls, annotations, frame)
    parameters = dict(cls._parameters)
    defaults = dict(cls._defaults)
    for name in annotations:
        if get_origin(hints[name]) is ClassVar or hints[name] is ClassVar:
            continue
        if name in _OWN_NAMES and name != "retry_after":
            continue
        if name in _NAMES_OF_EXCEPTIONS:
            raise TypeError(f"a parameter cannot be called {name!r}: that name is taken")
        parameters[name] = read_parameter(name, hints[name])
        if name == "retry_after" and parameters[name].types != (int,):
            raise TypeError("retry_after is a whole number of seconds: declare it as int")
        if name in cls.__dict__:
            parameters[name].clean(cls.__dict__[name])
            defaults[name] = cls.__dict__[name]
    cls._parameters = parameters
    cls._defaults = defaults


def _hints(
    cls: type[PublicError], annotations: Mapping[str, Any], frame: FrameType
) -> dict[str, Any]:
    """Resolve the annotations of this class alone: a family's were read where it was declared."""
    alone = type("_Alone", (), {"__annotations__": annotations, "__module__": cls.__module__})
    nested = {name: value for name, value in vars(cls).items() if isinstance(value, type)}
    try:
        return get_type_hints(alone, localns={**frame.f_locals, **nested}, include_extras=True)
    except Exception as error:  # an annotation is code of the author's: it may raise anything
        raise TypeError(f"the type of a parameter is not known here: {error}") from None


def _check_message(cls: type[PublicError]) -> None:
    if type(cls.message) is not str:
        raise TypeError(f"message is {cls.message!r}; a message is a plain string")
    fault = fault_of(cls.message)
    if fault is not None:
        raise ValueError(f"the message {fault}; say what happened in the client's own words")


def _check_filled_in(cls: type[PublicError]) -> None:
    """See that a message, which may be inherited, fills in what is declared and always there."""
    for name in _filled_in(cls.message):
        parameter = cls._parameters.get(name)
        if parameter is None and name in _OWN_NAMES:
            raise ValueError(
                f"message fills in {{{name}}}, which is a name of the error's own; take another"
            )
        if parameter is None:
            raise ValueError(
                f"message fills in {{{name}}}, which is not declared; add `{name}: int`, say"
            )
        if parameter.takes_none:
            raise ValueError(
                f"message fills in {{{name}}}, which may be None; leave it out of the message "
                "(details show it), or declare it without None"
            )


def _filled_in(message: str) -> list[str]:
    """Return the names of the parameters that a template fills in.

    Raises:
        ValueError: A field is no plain name, or a brace stands alone.
    """
    try:
        fields = list(Formatter().parse(message))
    except ValueError:
        raise ValueError(
            "message has a brace without its other half; {{ and }} stand for braces"
        ) from None
    for _, name, specification, conversion in fields:
        if name is not None and (specification or conversion or not name.isidentifier()):
            how = f"!{conversion}" if conversion else ""
            how += f":{specification}" if specification else ""
            raise ValueError(f"message may hold only plain {{name}} fields, not {{{name}{how}}}")
    return [name for _, name, _, _ in fields if name is not None]


def _check_extras(cls: type[PublicError]) -> None:
    retry_after = cls.__dict__.get("retry_after")
    if retry_after is not None and not (type(retry_after) is int and retry_after >= 0):
        raise TypeError(f"retry_after is {retry_after!r}; it is a whole number of seconds")
    if cls.docs is not None and not (isinstance(cls.docs, str) and _DOCS.fullmatch(cls.docs)):
        raise ValueError(f"docs is {cls.docs!r}; it is an http or https address")
    if not isinstance(cls.headers, Mapping):
        raise TypeError("headers is a mapping of names to values")
    for name, value in cls.headers.items():
        if not isinstance(name, str) or name.lower() not in _DECLARABLE_HEADERS:
            allowed = ", ".join(sorted(_DECLARABLE_HEADERS))
            raise ValueError(f"the header {name!r} may not be declared; these may: {allowed}")
        if not isinstance(value, str) or _HEADER_VALUE.fullmatch(value) is None:
            raise ValueError(f"the header {name!r} has a value that is no printable ASCII text")
