from __future__ import annotations

import base64
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.captures.har import EntryError, entry_of, looks_like_har, parts_of
from tightlip.detection.unpacking import unpack


def parts(entry, number=2) -> list:
    return list(parts_of(entry, "a.har", number, (5, 9)))


def answer(**content) -> dict:
    return {"response": {"status": 500, "content": content}}


@pytest.mark.parametrize(
    ("head", "is_har"),
    [
        (b'{"log":{"entries":[', True),
        (b'\xef\xbb\xbf\r\n {\n "log" : {"version": "1.2",\n"entries" : [', True),
        (b'{"x": 1, "log": {"entries": []}}', True),
        (b'{"log":{"level":"error"}}', False),
        (b'{"entries":[]}', False),
        (b'[{"log":{"entries":[]}}]', False),
        (b'the "log": {"entries": []}', False),
        (b"", False),
    ],
)
def test_an_archive_is_known_by_its_keys(head, is_har):
    assert looks_like_har(head) is is_har


def test_what_the_server_sent_is_told_with_its_place():
    entry = {
        "request": {"method": "GET", "url": "https://shop.example/"},
        "response": {
            "status": 404,
            "statusText": "Gone",
            "headers": [{"name": "A", "value": "b"}, {"name": "C"}, None],
            "content": {"mimeType": "text/plain; charset=utf-16", "text": "é\ud800"},
        },
        "_webSocketMessages": [
            {"type": "send", "data": "mine"},
            {"type": "receive", "data": "theirs"},
        ],
    }
    found = parts(entry)
    assert [(part.name, part.data, part.reading.kind) for part in found] == [
        ("/log/entries/2/response/statusText", b"Gone", "header"),
        ("/log/entries/2/response/headers/0", b"A: b", "header"),
        ("/log/entries/2/response/content/text", b"\xc3\xa9\xed\xa0\x80", "body"),
        ("/log/entries/2/_webSocketMessages/1/data", b"theirs", "body"),
    ]
    assert {part.exchange for part in found} == {"GET https://shop.example/ 404"}
    assert {part.enclosing for part in found} == {(5, 9)}
    assert not any(part.is_verbatim for part in found)
    body = found[2].reading
    assert (body.status, body.content_type) == (404, "text/plain")


def test_a_body_in_base64_is_read_as_bytes():
    text = base64.b64encode("é acme".encode("utf-16")).decode()
    (part,) = parts(answer(text=text, encoding="base64", mimeType="text/plain; charset=utf-16"))
    assert unpack(part.data, part.reading).decode() == "é acme"


def test_a_body_that_is_still_packed_is_unpacked():
    text = base64.encodebytes(gzip.compress(b"acme_users")).decode()
    (part,) = parts(answer(text=text, encoding="base64"))
    assert unpack(part.data, part.reading) == b"acme_users"


def test_a_body_that_is_no_base64_is_told():
    (error,) = parts(answer(text="%%%%", encoding="base64"))
    assert isinstance(error, EntryError)
    assert str(error).startswith("has a body that is no base64: ")


def test_an_answer_that_never_came_has_no_status():
    (part,) = parts({"response": {"status": 0, "content": {"text": "x"}}})
    assert (part.reading.status, part.exchange) == (None, "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[]", "is no object"),
        (b"{", "is no JSON: "),
        (b'"\xff"', "is no JSON: "),
        (b"[" * 100_000 + b"]" * 100_000, "is nested too deeply"),
    ],
)
def test_an_entry_that_is_none_is_told(data, said):
    with pytest.raises(EntryError, match=said):
        entry_of(data)


_KEYS = "request response status statusText headers content text encoding mimeType name value"
_ENTRIES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 999) | st.sampled_from(["base64", "x", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_KEYS.split()), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(entry=st.dictionaries(st.sampled_from(_KEYS.split()), _ENTRIES, max_size=5))
def test_an_entry_of_any_form_is_read(entry):
    for part in parts(entry_of(json.dumps(entry).encode())):
        assert isinstance(part, EntryError) or part.data
