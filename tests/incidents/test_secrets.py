"""Secrets planted wherever an application has them: none of them is in anything that we write."""

from __future__ import annotations

import html
import importlib.util
import io
import json
import logging
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from tightlip import Shield
from tightlip.cli.incidents import command
from tightlip.dashboard.access import Rules
from tightlip.dashboard.application import create_dashboard
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.scrubbing import scrub_text
from tightlip.incidents.sink import open_sink

SECRETS = Path(__file__).parent / "secrets"
_LOOKED_AT = 8  # of so many, one is looked at as a page: pages show nothing that is in no record


class Planted(NamedTuple):
    """One failure with secrets in it.

    Attributes:
        name: What it is, unique.
        request: What the client asks for, as arguments of the test client's `request`.
        text: The text with the secrets, where there is one.
        place: The function of the application that fails with the text.
        shape: The index of the function that fails by itself.
        secrets: What may be found nowhere.
        stays: What must be found still.
    """

    name: str
    request: dict[str, Any]
    text: str = ""
    place: str = ""
    shape: int = 0
    secrets: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()


def _loaded(name: str, file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SECRETS / file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pydantic look there
    spec.loader.exec_module(module)
    return module


def _read(file: Path, table: str) -> list[dict[str, Any]]:
    text = file.read_text(encoding="utf-8").replace("¦", "")
    return tomllib.loads(text).get(table, [])


APPLICATION = _loaded("planted", "application.py")
_loaded("planted_objects", "objects.py")  # adds its shapes to those of the application
PLACES = [function.__name__ for function in APPLICATION.PLACES]


def _texts(table: str, names: list[str]) -> list[Planted]:
    """Plant each text in one of the places, by turns."""
    entries = [(name, entry) for name in names for entry in _read(SECRETS / name, table)]
    return [
        Planted(
            f"{name[:-5]}: {entry['name']}",
            {"url": "/places"},
            entry["text"],
            PLACES[number % len(PLACES)],
            0,
            tuple(entry.get("secrets", ())),
            tuple(entry["stays"]),
        )
        for number, (name, entry) in enumerate(entries)
    ]


def _shapes() -> list[Planted]:
    return [
        Planted(
            f"shapes: {shape.name}", {"url": "/shapes"}, "", "", number, shape.secrets, shape.stays
        )
        for number, shape in enumerate(APPLICATION.SHAPES)
    ]


def _requests() -> list[Planted]:
    planted = []
    for entry in _read(SECRETS / "requests.toml", "planted"):
        url = quote(entry.get("path", "/anywhere")) + "?" + entry.get("query", "")
        headers = dict(entry.get("headers", ()))
        planted.append(
            Planted(
                f"requests: {entry['name']}",
                {"url": url, "headers": headers},
                secrets=tuple(entry["secrets"]),
                stays=tuple(entry["stays"]),
            )
        )
    body = {"user": "ada", "password": "tattler-8803-long-enough"}
    taken = {"method": "POST", "url": "/accounts", "json": body}
    secrets = ("tattler-8803",)
    return [*planted, Planted("requests: body", taken, secrets=secrets, stays=("ada",))]


TEXTS = [
    *("bodies", "commands", "connection_strings", "drivers", "environments", "escapes"),
    *("headers", "keys"),
    *("names", "payments", "personal", "prose", "schemes", "shells", "sql", "tokens"),
]
PLANTED = [*_texts("planted", [f"{name}.toml" for name in TEXTS]), *_shapes(), *_requests()]
KEPT = _texts("kept", ["look_alikes.toml", "look_alikes_in_notations.toml"])
# A header that is no error's own does not leave, and is told by its name alone.
TOLD = [planted for planted in [*PLANTED, *KEPT] if planted.place != "in_withheld_header"]


class Written(NamedTuple):
    """All that was written of the failures.

    Attributes:
        records: Of each failure, the record that the store has; none where none was made.
        ways: Each way in which they were written: all of them in one text, made plain.
    """

    records: dict[str, dict[str, Any]]
    ways: dict[str, str]


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Written:
    """Let every failure happen in a shielded application, and collect all that is written of it."""
    directory = PrivateDirectory(tmp_path_factory.mktemp("planted"))
    log, posted = io.StringIO(), list[bytes]()
    handler = logging.StreamHandler(log)
    logger = logging.getLogger("tightlip")
    logger.addHandler(handler)
    webhook = open_sink(("webhook", {"url": "http://127.0.0.1:1/", "closed": True}))
    shield = Shield(directory=directory.path, sinks=["logging", webhook])
    client = TestClient(shield(APPLICATION.app), raise_server_exceptions=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tightlip.incidents.storms._ALL_OF_THE_FIRST", 10_000)
        patch.setattr("tightlip.incidents.archive._WORTH_REMOVING", 1 << 40)
        patch.setattr(
            "tightlip.incidents.sinks.webhook.post",
            lambda url, body, headers, timeout: posted.append(body),
        )
        try:
            references = {planted.name: _ask(client, planted) for planted in [*PLANTED, *KEPT]}
        finally:
            logger.removeHandler(handler)
            webhook.close()
    spool = b"".join(file.read_bytes() for file in sorted(directory.path.rglob("*.spool")))
    with open_store(directory, print) as store:
        drain(directory, store)
        found = {name: store.find(reference or "") for name, reference in references.items()}
    records = {name: {} if found[name] is None else found[name].as_dict() for name in found}
    made = [reference for reference in references.values() if reference]
    looked_at = made[::_LOOKED_AT]
    shown = CliRunner().invoke(command, ["--directory", str(directory.path), "show", *looked_at])
    ways = {
        "spool": spool.decode("latin-1"),
        "log": log.getvalue(),
        "webhook": b"".join(posted).decode("ascii"),
        "store": json.dumps(records),
        "terminal": shown.output,
        "page": "".join(_pages(directory, looked_at)),
    }
    chance = _chance(records)
    return Written(records, {way: _plain(chance.sub("", text)) for way, text in ways.items()})


def _chance(records: dict[str, dict[str, Any]]) -> re.Pattern[str]:
    """Return what finds that of the records which no two runs have alike: it may spell a secret."""
    names = ("reference", "fingerprint", "time", "thread.name")
    values = {record[name] for record in records.values() for name in names if name in record}
    return re.compile("|".join(map(re.escape, sorted(values))))


def _ask(client: TestClient, planted: Planted) -> str | None:
    now = APPLICATION.now
    now.text, now.shape = planted.text, planted.shape
    now.place = getattr(APPLICATION, planted.place, None)
    answer = client.request(**{"method": "GET", **planted.request})
    return answer.headers.get("x-error-reference")


def _pages(directory: PrivateDirectory, references: list[str]) -> Iterator[str]:
    dashboard = create_dashboard(directory, Rules(token="token"))
    page = TestClient(dashboard, base_url="http://127.0.0.1", client=("127.0.0.1", 50000))
    page.get("/", params={"token": "token"})
    for reference in references:
        yield html.unescape(page.get(f"/incidents/{reference}").text)


WAYS = {
    "plain": lambda text: text,
    "json": lambda text: json.dumps({"line": text}, ensure_ascii=False),
    "repr": repr,
    "bytes": lambda text: repr(text.encode()),
}


def _plain(text: str) -> str:
    """Return a text without what a terminal breaks lines with, and without escapes."""
    return "".join(text.replace("\\n", "").replace("\\", "").replace("│", "").split())


def _values(value: Any) -> Iterator[str]:
    """Yield every text of a record, names among them."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _values(item)
    elif isinstance(value, list):
        for item in value:
            yield from _values(item)
    else:
        yield str(value)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_no_secret_is_in_anything_that_was_written(written, planted):
    assert written.records[planted.name], "no record was made"
    survivors = [
        (way, secret)
        for secret in planted.secrets
        for way, text in written.ways.items()
        if _plain(secret) in text
    ]
    assert survivors == []


@pytest.mark.parametrize(
    "planted", [planted for planted in PLANTED if planted.text], ids=lambda planted: planted.name
)
def test_no_secret_is_in_a_text_however_it_is_written(planted):
    for way, write in WAYS.items():
        if way == "bytes" and not planted.text.isascii():
            continue  # a name in escapes is no name
        scrubbed = _plain(scrub_text(write(planted.text)))
        assert [secret for secret in planted.secrets if _plain(secret) in scrubbed] == [], way


@pytest.mark.parametrize("planted", KEPT, ids=lambda planted: planted.name)
def test_what_looks_like_a_secret_and_is_none_stays(planted):
    text = scrub_text(planted.text)
    assert [fact for fact in planted.stays if fact not in text] == []


@pytest.mark.parametrize("planted", TOLD, ids=lambda planted: planted.name)
def test_what_a_developer_needs_stays(written, planted):
    text = _plain(" ".join(_values(written.records[planted.name])))
    assert [fact for fact in planted.stays if _plain(fact) not in text] == []


def test_there_are_many_secrets_in_many_kinds_of_places():
    assert len(PLANTED) > 280
    assert len({planted.place for planted in PLANTED} | {*APPLICATION.SHAPES}) > 15
