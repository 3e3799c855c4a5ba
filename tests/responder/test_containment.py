from __future__ import annotations

import html
import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.findings.finding import Category, Finding
from tightlip.responder.containment import WORDS, contain

LEAK = b"LEAK"
JSON = "application/json"


def found(body, category=Category.STACK_TRACE, leak=LEAK):
    """A finding wherever `leak` stands."""
    findings, at = [], body.find(leak)
    while at >= 0:
        findings.append(Finding("own-rule", category, at, at + len(leak)))
        at = body.find(leak, at + 1)
    assert findings
    return findings


def left(body, media_type=JSON):
    contained = contain(body, found(body), media_type)
    return None if contained is None else contained.body


def test_the_words_are_those_of_an_internal_error():
    assert WORDS == "Something went wrong"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": "x LEAK y", "b": [1, true, null]}', b'{"a": "%b", "b": [1, true, null]}'),
        (b'{"a":"LEAK","b":"LEAKED"}', b'{"a":"%b","b":"%b"}'),
        (b'["ok", "LEAK", {"c": {"d": "LEAK"}}]', b'["ok", "%b", {"c": {"d": "%b"}}]'),
        (rb'{"a": "\"LEAK\\", "b": "\u00e9"}', rb'{"a": "%b", "b": "\u00e9"}'),
        (b'\n{"a" : "LEAK" , "b":1 }\n', b'\n{"a" : "%b" , "b":1 }\n'),
        (b'{"LEAK": 1, "b": 2}', b'{"%b": 1, "b": 2}'),
        (b'{"a": ["LEAK LEAK"]}', b'{"a": ["%b"]}'),
        ('{"ü": "LEAK", "b": "ü"}'.encode(), '{"ü": "%b", "b": "ü"}'.encode()),
    ],
)
def test_only_the_strings_that_leak_give_way(body, expected):
    contained = left(body)
    assert contained == expected.replace(b"%b", WORDS.encode())
    json.loads(contained)


def test_keys_that_leak_are_numbered_so_that_none_is_lost():
    body = b'{"LEAK 1": 1, "LEAK 2": 2, "LEAK 3": {"LEAK 4": "LEAK"}}'
    assert json.loads(left(body)) == {
        WORDS: 1,
        f"{WORDS} 2": 2,
        f"{WORDS} 3": {f"{WORDS} 4": WORDS},
    }


def test_a_leak_over_key_and_value_keeps_the_keys():
    body = b'{"at": {"file": "/srv/a.py", "line": "3"}, "ok": 1}'
    span = b'"file": "/srv/a.py", "line": "3"'
    contained = contain(body, found(body, Category.SOURCE_PATH, span), JSON)
    assert json.loads(contained.body) == {"at": {"file": WORDS, "line": WORDS}, "ok": 1}
    assert contained.removed == (b'"/srv/a.py"', b'"3"')


def test_a_leak_over_a_key_and_a_number_takes_the_key():
    body = b'{"LEAK": 5}'
    assert json.loads(contain(body, found(body, leak=b'LEAK": 5'), JSON).body) == {WORDS: 5}


def test_what_is_removed_is_told():
    body = b'{"a": "x LEAK", "b": "LEAK y"}'
    assert contain(body, found(body), JSON).removed == (b'"x LEAK"', b'"LEAK y"')


@pytest.mark.parametrize("media_type", [JSON, "", "text/plain", "text/html"])
def test_json_is_known_by_its_looks(media_type):
    assert json.loads(left(b'{"a": "LEAK", "b": "ok"}', media_type)) == {"a": WORDS, "b": "ok"}


@pytest.mark.parametrize("body", [b'"LEAK"', b' "a LEAK"\n'])
def test_a_json_string_that_is_the_whole_answer_does_not_leave(body):
    assert left(body) is None


def test_a_leak_outside_of_any_string_does_not_leave():
    body = b'{"a": 100045}'
    assert contain(body, found(body, leak=b"100045"), JSON) is None


@pytest.mark.parametrize("media_type", [JSON, "text/html", "text/plain"])
def test_a_debug_page_does_not_leave(media_type):
    body = b'{"a": "LEAK", "b": "' + b"b" * 1000 + b'"}'
    assert contain(body, found(body, Category.DEBUG_PAGE), media_type) is None


WHOLE = b" and here is a good deal of other text, so that something is left to keep"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<p>LEAK</p><p>WHOLE</p>", b"<p>%b</p><p>WHOLE</p>"),
        (b"<p>a LEAK\nb</p>\n<p>WHOLE</p>", b"<p>%b</p>\n<p>WHOLE</p>"),
        (b"<p>WHOLE</p><b>LEAK</b><i>LEAK</i>", b"<p>WHOLE</p><b>%b</b><i>%b</i>"),
        (b'<a b="c" title="a LEAK" d="e">WHOLE</a>', b'<a b="c" title="%b" d="e">WHOLE</a>'),
        (b'<a b="c" title = \'LEAK"\' d>WHOLE</a>', b"<a b=\"c\" title = '%b' d>WHOLE</a>"),
        (b'<a b="LEAK" c="d" e="LEAK" f="g">WHOLE</a>', b'<a b="%b" c="d" e="%b" f="g">WHOLE</a>'),
        (b'<a b="x > LEAK < y" c="d">WHOLE</a>', b'<a b="%b" c="d">WHOLE</a>'),
        (b"<a b='x > \"LEAK' c='>'>WHOLE</a>", b"<a b='%b' c='>'>WHOLE</a>"),
        (b'<a b=">">LEAK</a><i c="<">WHOLE</i>', b'<a b=">">%b</a><i c="<">WHOLE</i>'),
        (b"<p>it's LEAK</p><p>it's WHOLE</p>", b"<p>%b</p><p>it's WHOLE</p>"),
        (b"<!-- <p>LEAK</p> --><p>WHOLE</p>", b"<!--%b--><p>WHOLE</p>"),
        (b"<x><![CDATA[<a LEAK]]></x><x>WHOLE</x>", b"<x><![CDATA[%b]]></x><x>WHOLE</x>"),
        (b"<p>1 < 2 and LEAK</p><p>WHOLE</p>", b"<p>%b</p><p>WHOLE</p>"),
        (b'<a b="LEAK">LEAK</a><a b="LEAK">WHOLE</a>', b'<a b="%b">%b</a><a b="%b">WHOLE</a>'),
        (b'<a b="c" LEAK>WHOLE</a>', b"<%b>WHOLE</a>"),
        (b"<p>WHOLE</p> LEAK", b"<p>WHOLE</p>%b"),
    ],
)
@pytest.mark.parametrize("media_type", ["text/html", "application/xhtml+xml", "image/svg+xml"])
def test_in_html_the_text_between_two_tags_gives_way(body, expected, media_type):
    contained = left(body.replace(b"WHOLE", WHOLE), media_type)
    assert contained == expected.replace(b"WHOLE", WHOLE).replace(b"%b", WORDS.encode())


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"WHOLE\na LEAK b\nWHOLE", b"WHOLE\n%b\nWHOLE"),
        (b"LEAK\nWHOLE\n", b"%b\nWHOLE\n"),
        (b"WHOLE\nLEAK", b"WHOLE\n%b"),
        (b"WHOLE\nWHOLE\nLEAK\n    source\nLEAK\nWHOLE", b"WHOLE\nWHOLE\n%b\nWHOLE"),
        (b"WHOLE\nWHOLE\nLEAK\n1\n2\n3\nLEAK\nWHOLE", b"WHOLE\nWHOLE\n%b\nWHOLE"),
        (b"WHOLE\nLEAK\n1\n2\n3\n4\nLEAK\nWHOLE", b"WHOLE\n%b\n1\n2\n3\n4\n%b\nWHOLE"),
    ],
)
def test_in_other_text_the_line_gives_way_and_what_stands_between_two(body, expected):
    contained = left(body.replace(b"WHOLE", WHOLE), "text/plain")
    assert contained == expected.replace(b"WHOLE", WHOLE).replace(b"%b", WORDS.encode())


@pytest.mark.parametrize(
    "body", [b"LEAK", b"a LEAK\nb", b"ok\nLEAK\nLEAK\nLEAK", b"\n\n  LEAK  \n\n", b"{'a': 'LEAK'}"]
)
def test_an_answer_of_which_half_would_go_does_not_leave(body):
    assert left(body, "text/plain") is None


@pytest.mark.parametrize(
    "body", [b'{"a": "LEAK", "b": ' + b'"' + WHOLE + b'"', b"[" * 100_000 + b'"LEAK"', b"{LEAK\n"]
)
def test_what_is_no_json_is_text(body):
    contained = left(body)
    assert contained is None or LEAK not in contained


def test_a_flood_of_leaks_does_not_leave():
    body = b"[" + b",".join([b'"LEAK"'] * 10_001) + b"]"
    assert left(body) is None


def test_many_leaks_are_taken_out_of_a_long_answer():
    body = b"[" + b",".join([b'"LEAK","ok"'] * 9_000) + b"]"
    assert json.loads(left(body)) == [WORDS, "ok"] * 9_000


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["LEAK", "a LEAK", 'LEAK"\\', "ok", "", "ü\n", "<b>", "a:b,[{"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["a", "b", "c:", '"', "k LEAK", "LEAK"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


def expected_of(value):
    if isinstance(value, str):
        return WORDS if "LEAK" in value else value
    if isinstance(value, list):
        return [expected_of(inner) for inner in value]
    if isinstance(value, dict):
        return [
            (WORDS if "LEAK" in key else key, expected_of(inner)) for key, inner in value.items()
        ]
    return value


def shape_of(value):
    if isinstance(value, list):
        return [shape_of(inner) for inner in value]
    if isinstance(value, dict):
        # Keys that leak are numbered.
        return [
            (WORDS if key.startswith(WORDS) else key, shape_of(inner))
            for key, inner in value.items()
        ]
    return value


@given(
    value=VALUES,
    indent=st.sampled_from([None, 2]),
    ascii_only=st.booleans(),
)
def test_json_stays_json_of_the_same_structure(value, indent, ascii_only):
    body = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    if LEAK not in body:
        return
    contained = contain(body, found(body), JSON)
    if contained is None:
        assert isinstance(value, str)
        return
    assert LEAK not in contained.body
    assert shape_of(json.loads(contained.body)) == expected_of(value)


@given(
    st.lists(st.sampled_from([b"LEAK", b"\n", b"<p>", b"</p>", b"<", b">", b" ok ", WHOLE])),
    st.sampled_from(["text/html", "text/plain", "text/csv", ""]),
)
def test_no_leak_stays_and_nothing_clean_is_made_up(parts, media_type):
    body = b"".join(parts)
    if LEAK not in body:
        return
    contained = left(body, media_type)
    assert contained is None or (LEAK not in contained and WORDS.encode() in contained)


class Watched(bytes):
    """Bytes that count how far is looked in them."""

    looked = 0

    def find(self, sub, start=0, end=None):
        at = super().find(sub, start, len(self) if end is None else end)
        Watched.looked += (at if at >= 0 else len(self)) - start
        return at

    def rfind(self, sub, start=0, end=None):
        at = super().rfind(sub, start, end)
        Watched.looked += end - (at if at >= 0 else start)
        return at


@pytest.mark.parametrize("media_type", ["text/plain", "text/html"])
@pytest.mark.parametrize("between", [b" ", b'" b="', b" \n", b"<p>"])
def test_no_byte_is_looked_at_over_and_over(media_type, between):
    body = Watched(b'<a b="' + (between * 20 + LEAK) * 5000 + between * 600_000)
    findings = found(bytes(body))
    Watched.looked = 0
    contained = contain(body, findings, media_type)
    assert contained is None or LEAK not in contained.body
    assert Watched.looked < 16 * len(body)


@pytest.mark.parametrize(
    ("body", "span", "expected"),
    [
        (
            b'<i a="b">WHOLE</i><a b="x 1" c="2 x">ok</a>',
            b'1" c="2',
            b'<i a="b">WHOLE</i><%b>ok</a>',
        ),
        (b"<i>WHOLE</i><p>a 1</p><p>2 b</p>", b"1</p><p>2", b"<i>WHOLE</i><p>%b</p>"),
        (b'<i>WHOLE</i><a b="x 1">2</a>', b'1">2', b"<i>WHOLE</i>%b</a>"),
        (b'<i>WHOLE</i> 1 <a b="2" c="d">ok</a>', b'1 <a b="2', b"<i>WHOLE</i>%bok</a>"),
    ],
)
def test_a_leak_over_several_texts_takes_whole_tags(body, span, expected):
    body = body.replace(b"WHOLE", WHOLE * 2)
    contained = contain(body, found(body, leak=span), "text/html").body
    assert contained == expected.replace(b"WHOLE", WHOLE * 2).replace(b"%b", WORDS.encode())


ATTRIBUTES = st.text(st.sampled_from("ab <>='/&;LEAK"), max_size=12)


@given(st.lists(st.tuples(ATTRIBUTES, ATTRIBUTES, st.booleans()), min_size=1, max_size=6))
def test_a_page_keeps_its_tags(elements):
    page = "".join(
        f'<p title="{title}LEAK">{html.escape(text)}{"LEAK" * leaks}</p>'
        for title, text, leaks in elements
    ).encode()
    page += b"<p>" + WHOLE * 20 + b"</p>"
    tags = Tags()
    tags.feed(left(page, "text/html").decode())
    assert tags.seen == ["p", "/p"] * (len(elements) + 1)


class Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        assert [name for name, _ in attrs] in ([], ["title"])
        self.seen.append(tag)

    def handle_endtag(self, tag):
        self.seen.append(f"/{tag}")


@pytest.mark.parametrize("leak", [b"LEAK\n", b"\nLEAK", b"\r\nLEAK\r\n"])
def test_a_leak_that_takes_in_the_end_of_its_line_takes_no_other(leak):
    body = WHOLE + b"\r\nLEAK\r\n" + WHOLE
    if leak not in body:
        body = body.replace(b"\r", b"")
    contained = contain(body, found(body, leak=leak), "text/plain")
    assert contained.body.split() == (WHOLE + b" " + WORDS.encode() + b" " + WHOLE).split()
