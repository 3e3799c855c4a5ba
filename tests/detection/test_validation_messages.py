"""What frameworks say to a client about its own mistakes is no leak, in no language."""

from __future__ import annotations

import ast
import gettext
import json
import re
from pathlib import Path

import pytest

from tightlip.detection.reading import Reading
from tightlip.detection.scanner import default_scanner

django = pytest.importorskip("django")
rest_framework = pytest.importorskip("rest_framework")

DJANGO = Path(django.__file__).parent
REST_FRAMEWORK = Path(rest_framework.__file__).parent
REFUSED = Reading(422, "application/json")

FOR_CLIENTS = [
    DJANGO / "core" / "validators.py",
    DJANGO / "contrib" / "auth" / "password_validation.py",
    *sorted((DJANGO / "forms").glob("*.py")),
]
CATALOGS = [DJANGO / "conf", DJANGO / "contrib" / "auth"]
LANGUAGES = ["ar", "cs", "de", "es", "fi", "fr", "it", "ja", "nl", "pl", "pt_BR", "ru", "sv", "tr"]
PLACE = re.compile(r"%\(\w+\)[sdr]|%[sdr]|\{[\w!.:]*\}")


def _marked(path):
    """Yield the texts that the module at `path` marks for translation."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"_", "ngettext_lazy"}:
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def _translated(directory, language):
    """Yield each text of a catalog with its translation; those without a catalog have none."""
    path = directory / "locale" / language / "LC_MESSAGES" / "django.mo"
    if not path.is_file():
        return
    with path.open("rb") as file:
        catalog = gettext.GNUTranslations(file)._catalog
    for key, translation in catalog.items():
        yield key[0] if isinstance(key, tuple) else key, translation


MARKED = {text for path in FOR_CLIENTS for text in _marked(path)}


def _alarms(texts):
    """Return what is found in each text, filled in and sent as an error."""
    bodies = {text: PLACE.sub("7", text) for text in texts if text}
    found = {
        text: {
            finding.rule
            for finding in default_scanner().read(
                json.dumps({"error": {"code": "invalid", "message": body}}).encode(), REFUSED
            )
        }
        for text, body in bodies.items()
    }
    return {text: rules for text, rules in found.items() if rules}


def test_what_a_driver_says_in_its_place_is_found():
    assert _alarms({"(psycopg2.errors.UniqueViolation) %(value)s"})


def test_what_a_form_says_is_no_leak():
    assert len(MARKED) > 70
    assert _alarms(MARKED) == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_form_says_in_another_language_is_no_leak(language):
    translated = {
        translation
        for directory in CATALOGS
        for text, translation in _translated(directory, language)
        if text in MARKED
    }
    assert len(translated) > 50
    assert _alarms(translated) == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_serializer_says_is_no_leak(language):
    pairs = list(_translated(REST_FRAMEWORK, language))
    texts = {text for pair in pairs for text in pair if not pair[0].startswith("Project-Id")}
    texts = {text for text in texts if "Content-Transfer-Encoding" not in text}
    assert len(texts) > 50
    assert _alarms(texts) == {}
