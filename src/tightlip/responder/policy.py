"""Policy: every setting, checked once at start, then frozen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypedDict

from tightlip.translation.rules import DatabaseRule, ExceptionRule, Rule
from tightlip.wire.headers import allowed_with_error

if TYPE_CHECKING:
    from tightlip.incidents.sink import Sink

_NAME = re.compile(r"[\x20-\x7e]{1,200}")


class ConfigurationError(Exception):
    """A setting is unknown or has the wrong form; every fault is named, with the accepted form."""


class Settings(TypedDict, total=False):
    """What a `Shield` takes.

    Attributes:
        translations: What `on_unique`, `on_exception` and their like return.
        sinks: Where incidents go: names of sinks (`"logging"`, `"structlog"`), or objects with
            `send(incident)` and `close()`. Without this setting: structlog where it is
            configured, else logging.
        headers: Security headers that every error carries, such as
            `{"strict-transport-security": "max-age=63072000"}`.
        service_name: The name of the service in its incidents.
        service_version: The version of the service in its incidents.
    """

    translations: Sequence[Rule]
    sinks: Sequence[Sink | str]
    headers: Mapping[str, str]
    service_name: str
    service_version: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings in their checked form; see `Settings`."""

    translations: tuple[Rule, ...] = ()
    sinks: tuple[Any, ...] | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    service_name: str | None = None
    service_version: str | None = None


def read_policy(settings: Mapping[str, Any]) -> Policy:
    """Check `settings` and freeze them.

    Raises:
        ConfigurationError: Names each setting that is unknown or has the wrong form.
    """
    known = {field.name for field in fields(Policy)}
    faults = [
        f"{name}: no such setting; the settings are {', '.join(sorted(known))}"
        for name in settings
        if name not in known
    ]
    checked: dict[str, Any] = {}
    for name in sorted(known & settings.keys()):
        try:
            checked[name] = _CHECKS[name](settings[name])
        except (TypeError, ValueError) as error:
            faults.append(f"{name}: {error}")
    if faults:
        raise ConfigurationError("; ".join(faults))
    return Policy(**checked)


def _translations(value: Any) -> tuple[Rule, ...]:
    rules = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else None
    if rules is None or not all(isinstance(rule, DatabaseRule | ExceptionRule) for rule in rules):
        raise TypeError(
            f"takes a list of what on_unique, on_foreign_key, on_check, on_not_null and "
            f"on_exception return, not {value!r}"
        )
    return rules


def _sinks(value: Any) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"takes a list of names or sinks, such as ['logging'], not {value!r}")
    return tuple(value)


def _headers(value: Any) -> tuple[tuple[bytes, bytes], ...]:
    form = "takes a dict of security headers, such as {'x-frame-options': 'DENY'}"
    if not isinstance(value, Mapping) or not all(
        isinstance(part, str) for item in value.items() for part in item
    ):
        raise TypeError(f"{form}, not {value!r}")
    headers = tuple(
        (name.lower().encode("latin-1", "replace"), text.encode("latin-1", "replace"))
        for name, text in value.items()
    )
    refused = {name for name, _ in headers} - {name for name, _ in allowed_with_error(headers)}
    if refused:
        names = ", ".join(sorted(name.decode("latin-1") for name in refused))
        raise ValueError(
            f"{form}; these may not stand with an error, or not with this value: {names}"
        )
    return headers


def _name(value: Any) -> str:
    if not isinstance(value, str) or _NAME.fullmatch(value) is None:
        raise TypeError(f"takes a text of printable characters, not {value!r}")
    return value


_CHECKS = {
    "translations": _translations,
    "sinks": _sinks,
    "headers": _headers,
    "service_name": _name,
    "service_version": _name,
}
