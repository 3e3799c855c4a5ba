from __future__ import annotations

import base64
import sys

import pytest

from tightlip import Shield
from tightlip.incidents.archive import Archive
from tightlip.incidents.compartments import open_part
from tightlip.incidents.database import Database
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.sealing import (
    OLD_VARIABLE,
    VARIABLE,
    Seal,
    SealedError,
    UnusableKeyError,
    is_sealed,
    seal_of,
)
from tightlip.responder.policy import ConfigurationError

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
REFERENCE = "K7Q29FMX4D1T"


def written(key):
    return base64.b64encode(key).decode()


@pytest.fixture
def kept(directory, record, raised):
    """Keep an incident under a key, drained or not; return it."""

    def keep(*, drained=True):
        def fail():
            planted = "planted-local"
            raise ValueError("planted-message", planted)

        archive = Archive(directory)
        archive.seal = Seal(KEY)
        incident = record(raised(fail))
        archive.append_report(incident)
        if drained:
            archive.close()
        return incident

    return keep


def found(directory, reference):
    with open_store(directory, print) as store:
        drain(directory, store)
        return store.find(reference)


def test_what_is_sealed_opens_for_its_own_incident_alone():
    seal = Seal(KEY)
    sealed = seal.close(b"planted", REFERENCE)
    assert b"planted" not in sealed
    assert is_sealed(sealed)
    assert sealed != seal.close(b"planted", REFERENCE)
    assert seal.open(sealed, REFERENCE) == b"planted"
    with pytest.raises(SealedError, match="its seal is broken"):
        seal.open(sealed, "0THER0000000")


def test_no_change_of_what_is_sealed_goes_unseen():
    seal = Seal(KEY)
    sealed = seal.close(b"planted", REFERENCE)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        if is_sealed(bytes(changed)):
            with pytest.raises(SealedError):
                seal.open(bytes(changed), REFERENCE)
    for length in range(4, len(sealed)):
        with pytest.raises(SealedError):
            seal.open(sealed[:length], REFERENCE)


def test_an_older_key_opens_and_does_not_seal():
    older, newer = Seal(OTHER), Seal(KEY, OTHER)
    assert newer.open(older.close(b"x", REFERENCE), REFERENCE) == b"x"
    with pytest.raises(SealedError, match=f"another key.*{OLD_VARIABLE}"):
        older.open(newer.close(b"x", REFERENCE), REFERENCE)


@pytest.mark.parametrize(
    "text", [written(KEY), f" {written(KEY)}\n", base64.urlsafe_b64encode(b"\xfb" * 32).decode()]
)
def test_a_key_is_base64_of_either_alphabet(text):
    assert seal_of({VARIABLE: text}) is not None


@pytest.mark.parametrize("text", ["", "secret", written(KEY[:31]), written(KEY) + "é", "=" * 44])
@pytest.mark.parametrize("variable", [VARIABLE, OLD_VARIABLE])
def test_what_is_no_key_is_refused_with_what_is_accepted(text, variable):
    with pytest.raises(UnusableKeyError, match=f"{variable} holds no key: .*openssl") as caught:
        seal_of({VARIABLE: written(OTHER), variable: text})
    assert not text or text not in str(caught.value)


def test_without_a_key_nothing_is_sealed_and_an_old_key_alone_is_a_slip():
    assert seal_of({}) is None
    with pytest.raises(UnusableKeyError, match=f"{OLD_VARIABLE} is set without {VARIABLE}"):
        seal_of({OLD_VARIABLE: written(KEY)})


def test_a_shield_does_not_start_with_a_bad_key_nor_without_the_library(directory, monkeypatch):
    monkeypatch.setenv(VARIABLE, "nonsense")
    with pytest.raises(ConfigurationError, match=f"^{VARIABLE} holds no key: give 32 random bytes"):
        Shield(directory=directory.path)
    monkeypatch.setenv(VARIABLE, written(KEY))
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(ConfigurationError, match=r"pip install .tightlip\[encryption\]"):
        Shield(directory=directory.path)


def test_with_a_key_no_file_has_the_closed_part_before_or_after_the_drain(kept, directory):
    kept(drained=False)
    (spool,) = directory.spools.iterdir()
    assert b"ValueError" in spool.read_bytes()
    assert b"planted" not in spool.read_bytes()
    found(directory, REFERENCE)
    with Database(directory.store) as database:
        ((body,),) = database.run("SELECT body FROM closed")
    assert is_sealed(body)


def test_with_the_key_all_is_read_and_without_it_the_open_part(kept, directory, monkeypatch):
    incident = kept()
    unreadable = {**open_part(incident), "closed_part": None}
    for key, hint in (
        (None, f"encrypted: set {VARIABLE}"),
        (OTHER, "another key"),
        (b"short", f"encrypted; {VARIABLE} holds no key"),
    ):
        if key is not None:
            monkeypatch.setenv(VARIABLE, written(key))
        seen = found(directory, incident.reference)
        assert hint in seen["closed_part"]
        assert {**seen, "closed_part": None} == unreadable
    monkeypatch.setenv(VARIABLE, written(OTHER))
    monkeypatch.setenv(OLD_VARIABLE, written(KEY))
    assert found(directory, incident.reference) == incident
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    assert "pip install" in found(directory, incident.reference)["closed_part"]


def test_what_cannot_be_sealed_is_not_kept_in_clear(directory, record, raised, monkeypatch):
    archive = Archive(directory)
    archive.seal = Seal(KEY)

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(archive.seal, "close", fail)
    with pytest.raises(MemoryError):
        archive.append_report(record(ValueError("planted")))
    assert not directory.path.exists() or not list(directory.spools.iterdir())


def test_a_shield_with_a_key_seals_what_it_records(directory, exchange, monkeypatch):
    monkeypatch.setenv(VARIABLE, written(KEY))

    async def application(scope, receive, send):
        raise ValueError("planted")

    shielded = Shield(directory=directory.path, sinks=[])(application)
    reference = exchange(shielded).headers[b"x-error-reference"].decode()
    assert found(directory, reference)["exception.message"] == "planted"
    monkeypatch.delenv(VARIABLE)
    seen = found(directory, reference)
    assert "encrypted" in seen["closed_part"]
    assert "planted" not in seen.as_json()
