"""Tightlip: in an API's error, only words that an author declared may leave."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tightlip.catalog.error import DeclarationError, FieldError, PublicError
    from tightlip.catalog.exports.openapi import errors
    from tightlip.catalog.parameter import MaxLength
    from tightlip.incidents.alerts import Alerts
    from tightlip.incidents.retention import Retention
    from tightlip.responder.exemption import Exemption
    from tightlip.responder.policy import ConfigurationError
    from tightlip.shielding import Shield, shield
    from tightlip.translation.rules import (
        on_check,
        on_exception,
        on_foreign_key,
        on_not_null,
        on_unique,
    )

__all__ = [
    "Alerts",
    "ConfigurationError",
    "DeclarationError",
    "Exemption",
    "FieldError",
    "MaxLength",
    "PublicError",
    "Retention",
    "Shield",
    "errors",
    "on_check",
    "on_exception",
    "on_foreign_key",
    "on_not_null",
    "on_unique",
    "shield",
]

_HOMES = {
    "Alerts": "incidents.alerts",
    "ConfigurationError": "responder.policy",
    "DeclarationError": "catalog.error",
    "Exemption": "responder.exemption",
    "FieldError": "catalog.error",
    "MaxLength": "catalog.parameter",
    "PublicError": "catalog.error",
    "Retention": "incidents.retention",
    "Shield": "shielding",
    "errors": "catalog.exports.openapi",
    "on_check": "translation.rules",
    "on_exception": "translation.rules",
    "on_foreign_key": "translation.rules",
    "on_not_null": "translation.rules",
    "on_unique": "translation.rules",
    "shield": "shielding",
}

# Hidden from type checkers: with it in sight, every misspelt name would pass as Any.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module 'tightlip' has no attribute {name!r}")
        value = getattr(import_module(f"tightlip.{home}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
