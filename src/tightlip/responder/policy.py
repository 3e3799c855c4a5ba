"""Policy: every setting, checked once at start, then frozen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fsdecode
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

from tightlip.incidents.retention import Retention
from tightlip.responder.exemption import Exemption, checked_paths
from tightlip.translation.rules import DatabaseRule, ExceptionRule, Rule
from tightlip.wire.error_headers import allowed_with_error

if TYPE_CHECKING:
    from tightlip.incidents.alerts import Alerts
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
        directory: Where incidents are kept, to be found by their reference. Without this
            setting: the environment variable `TIGHTLIP_DIRECTORY`, else `tightlip` in the user's
            directory for state. None keeps none: then the sinks are all there is.
        alerts: Who is told at once of faults that are new, came back, or are suddenly frequent:
            a list of `tightlip.Alerts`.
        retention: How much is kept there, and for how long: a `tightlip.Retention`.
        source_lines: Whether incidents hold the source lines of frames: True (the default), or
            False where source code must not lie beside what is recorded.
        headers: Security headers that every error carries, such as
            `{"strict-transport-security": "max-age=63072000"}`.
        rules: Files of further rules, for the names and products of your own.
        exemptions: Where success answers may carry what elsewhere would be a leak.
        success_answers: `"contain"` (the default), or `"report"` to record leaks in success
            answers and let them leave, while you get to know what they are. Error answers are
            held to the rules in either case.
        error_pages: Paths, such as `/admin/`, below which error pages in HTML leave as the
            application wrote them, once they were read like a good answer.
        service_name: The name of the service in its incidents.
        service_version: The version of the service in its incidents.
    """

    translations: Sequence[Rule]
    sinks: Sequence[Sink | str]
    directory: str | PathLike[str] | None
    alerts: Sequence[Alerts]
    retention: Retention
    source_lines: bool
    headers: Mapping[str, str]
    rules: Sequence[str | PathLike[str]]
    exemptions: Sequence[Exemption]
    success_answers: Literal["contain", "report"]
    error_pages: Sequence[str]
    service_name: str
    service_version: str


class Policy(NamedTuple):
    """The settings in their checked form; see `Settings`.

    An empty `directory` is one that was not set.
    """

    translations: tuple[Rule, ...] = ()
    sinks: tuple[Any, ...] | None = None
    directory: str | None = ""
    alerts: tuple[Alerts, ...] = ()
    retention: Retention | None = None
    source_lines: bool = True
    headers: tuple[tuple[bytes, bytes], ...] = ()
    rules: tuple[str, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    success_answers: Literal["contain", "report"] = "contain"
    error_pages: tuple[str, ...] = ()
    service_name: str | None = None
    service_version: str | None = None


def read_policy(settings: Mapping[str, Any]) -> Policy:
    """Check `settings` and freeze them.

    Raises:
        ConfigurationError: Names each setting that is unknown or has the wrong form.
    """
    known = set(Policy._fields)
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


def _directory(value: Any) -> str | None:
    if value is None:
        return None
    path = fsdecode(value) if isinstance(value, str | PathLike) else ""
    if not path or "\0" in path:
        raise TypeError(f"takes the path of a directory, or None, not {value!r}")
    return path


def _alerts(value: Any) -> tuple[Alerts, ...]:
    from tightlip.incidents.alerts import Alerts  # what sends them takes long to import

    alerts = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else None
    if alerts is None or not all(isinstance(each, Alerts) for each in alerts):
        raise TypeError(f"takes a list of tightlip.Alerts, not {value!r}")
    return alerts


def _retention(value: Any) -> Retention:
    if not isinstance(value, Retention):
        raise TypeError(f"takes a tightlip.Retention, not {value!r}")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"takes True or False, not {value!r}")
    return value


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


def _rules(value: Any) -> tuple[str, ...]:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise TypeError(f"takes a list of files, such as ['rules.toml'], not {value!r}")
    return tuple(fsdecode(path) for path in value)


def _exemptions(value: Any) -> tuple[Exemption, ...]:
    found = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else None
    if found is None or not all(isinstance(exemption, Exemption) for exemption in found):
        raise TypeError(f"takes a list of tightlip.Exemption, not {value!r}")
    return found


def _success_answers(value: Any) -> Any:
    if value not in {"contain", "report"}:
        raise ValueError(f"takes 'contain' or 'report', not {value!r}")
    return value


def _error_pages(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"takes a list of paths, such as ['/admin/'], not {value!r}")
    return checked_paths(value)


def _name(value: Any) -> str:
    if not isinstance(value, str) or _NAME.fullmatch(value) is None:
        raise TypeError(f"takes a text of printable characters, not {value!r}")
    return value


_CHECKS = {
    "translations": _translations,
    "sinks": _sinks,
    "directory": _directory,
    "alerts": _alerts,
    "retention": _retention,
    "source_lines": _truth,
    "headers": _headers,
    "rules": _rules,
    "exemptions": _exemptions,
    "success_answers": _success_answers,
    "error_pages": _error_pages,
    "service_name": _name,
    "service_version": _name,
}
