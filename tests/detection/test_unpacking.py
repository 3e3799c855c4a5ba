from __future__ import annotations

import codecs
import gzip
import random
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tightlip.detection import unpacking
from tightlip.detection.reading import UNKNOWN, Reading
from tightlip.detection.unpacking import (
    Unpacker,
    UnreadableError,
    beginning,
    decoder_of,
    is_text,
    unpack,
)

TEXT = b'{"detail": "' + "Überfällig, 売り切れ ".encode() * 40 + b'"}'


def bare_deflate(data):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "bare deflate": bare_deflate,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "gzip, br": lambda data: brotli.compress(gzip.compress(data)),
    "br, zstd, deflate": lambda data: zlib.compress(zstandard.compress(brotli.compress(data))),
    "identity": lambda data: data,
    "GZIP , Identity": gzip.compress,
}


@pytest.fixture(params=PACKERS)
def packed(request):
    """A body, how it is declared, and what packs it."""
    return request.param.replace("bare ", ""), PACKERS[request.param]


def noise(length):
    return random.Random(7).randbytes(length)


def test_a_body_is_unpacked(packed):
    name, pack = packed
    assert unpack(pack(TEXT), Reading(content_encoding=name)) == TEXT


def test_a_body_that_does_not_pack_is_unpacked(packed):
    name, pack = packed
    data = noise(200_000)
    assert unpack(pack(data), Reading(content_encoding=name)) == data


def test_a_body_that_comes_byte_by_byte_is_unpacked(packed):
    name, pack = packed
    unpacker = Unpacker(name)
    assert b"".join(unpacker.feed(bytes((byte,))) for byte in pack(TEXT)) == TEXT
    unpacker.close()


def test_an_empty_body_is_empty_in_every_coding(packed):
    name, pack = packed
    assert unpack(b"", Reading(content_encoding=name)) == b""
    assert unpack(pack(b""), Reading(content_encoding=name)) == b""


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_members_that_follow_each_other_are_one_body(name):
    pack = PACKERS[name]
    assert unpack(pack(TEXT) + pack(b"second"), Reading(content_encoding=name)) == TEXT + b"second"


@pytest.mark.parametrize("name", sorted(set(PACKERS) - {"identity", "bare deflate"}))
@pytest.mark.parametrize("kept", [1, 7, -1, -9])
def test_a_body_that_is_cut_off_is_not_read(name, kept):
    packed = PACKERS[name](noise(3000))
    with pytest.raises(UnreadableError, match="damaged"):
        unpack(packed[:kept], Reading(content_encoding=name))


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd", "gzip, br"])
def test_a_body_that_is_not_packed_at_all_is_not_read(name):
    with pytest.raises(UnreadableError, match="damaged"):
        unpack(b"\xfe\xdcTraceback (most recent call last)" * 9, Reading(content_encoding=name))


@given(
    name=st.sampled_from(["gzip", "deflate", "br", "zstd"]),
    at=st.integers(0, 400),
    byte=st.integers(0, 255),
)
def test_a_damaged_body_is_read_or_refused_and_nothing_else(name, at, byte):
    packed = bytearray(PACKERS[name](TEXT))
    packed[at % len(packed)] = byte
    try:
        plain = unpack(bytes(packed), Reading(content_encoding=name))
    except UnreadableError:
        return
    assert isinstance(plain, bytes)


@pytest.mark.parametrize("name", ["compress", "aes128gcm", "gzipped", "gzip;q=1", "../gzip", "__"])
def test_a_coding_that_nobody_knows_is_refused_by_its_name(name):
    with pytest.raises(UnreadableError, match="is not known"):
        unpack(b"data", Reading(content_encoding=name))


def test_a_coding_whose_package_is_missing_is_refused(monkeypatch):
    def missing(seam, name):
        raise ImportError(name="brotli")

    monkeypatch.setattr(unpacking, "find", missing)
    with pytest.raises(UnreadableError, match="needs a package: brotli"):
        Unpacker("br")


def test_a_body_packed_over_and_over_is_refused():
    Unpacker("gzip, gzip, gzip")
    with pytest.raises(UnreadableError, match="packed 4 times"):
        Unpacker("gzip, gzip, gzip, gzip")


@pytest.fixture
def inflated(monkeypatch):
    """How many bytes every layer has given, in all."""
    given = []
    decompressor = unpacking._decompressor

    class Counting:
        def __init__(self, name):
            self._inner = decompressor(name)

        @property
        def is_complete(self):
            return self._inner.is_complete

        def feed(self, data):
            for piece in self._inner.feed(data):
                given.append(len(piece))
                yield piece

    monkeypatch.setattr(unpacking, "_decompressor", Counting)
    return given


@pytest.mark.parametrize("length", [0, 1, 10, len(TEXT), len(TEXT) * 2])
def test_the_beginning_of_a_body_is_read(packed, length):
    name, pack = packed
    assert beginning(pack(TEXT), name, length) == TEXT[:length]


@pytest.mark.parametrize("name", ["gzip", "deflate", "zstd"])
def test_the_beginning_of_a_body_that_is_cut_off_is_read(name):
    data = noise(300_000)
    assert beginning(PACKERS[name](data)[:-9], name, 1000) == data[:1000]


@pytest.mark.parametrize("name", ["gzip", "br", "zstd", "compress"])
def test_a_body_that_is_not_packed_is_its_own_beginning(name):
    assert beginning(b"plain text", name, 5) == b"plain"


BOMB = bytes(100 << 20)


def test_the_beginning_of_a_bomb_inflates_no_more_than_that(inflated):
    assert len(beginning(gzip.compress(BOMB), "gzip", 1000)) == 1000
    assert sum(inflated) <= 1 << 20


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_not_inflated(inflated, name):
    pack = {"br": lambda data: brotli.compress(data, quality=1)}.get(name, PACKERS[name])
    packed = pack(BOMB)
    assert len(packed) < len(BOMB) / 500
    most = max(1 << 20, len(packed) * unpacking.LARGEST_RATIO)
    with pytest.raises(UnreadableError, match="unpacks to more than"):
        unpack(packed, Reading(content_encoding=name))
    assert sum(inflated) <= most + (1 << 20)
    assert max(inflated) <= 1 << 20


@pytest.mark.parametrize("names", ["gzip, gzip", "gzip, zstd", "zstd, br"])
def test_a_bomb_in_a_bomb_is_not_inflated(inflated, names):
    inner, outer = names.split(", ")
    packed = PACKERS[outer](PACKERS[inner](BOMB))
    with pytest.raises(UnreadableError, match="unpacks to more than"):
        unpack(packed, Reading(content_encoding=names))
    assert sum(inflated) <= 4 << 20


def test_a_bomb_that_comes_byte_by_byte_is_not_inflated(inflated):
    packed = gzip.compress(bytes(8 << 20))
    unpacker = Unpacker("gzip")
    pieces = (unpacker.feed(bytes((byte,))) for byte in packed)
    with pytest.raises(UnreadableError, match="unpacks to more than"):
        list(pieces)
    assert sum(inflated) <= 2 << 20


def test_no_more_than_the_bound_is_unpacked_however_well_it_packs(inflated, monkeypatch):
    monkeypatch.setattr(unpacking, "LONGEST_UNPACKED", 3 << 20)
    line = noise(1000) * 3
    packed = gzip.compress(line * 2000)
    with pytest.raises(UnreadableError, match="more than 3145728 bytes"):
        unpack(packed, Reading(content_encoding="gzip"))
    assert sum(inflated) <= 4 << 20


def test_a_small_body_may_grow_as_it_likes():
    data = b" " * (1 << 20)
    packed = gzip.compress(data)
    assert len(packed) * unpacking.LARGEST_RATIO < len(data)
    assert unpack(packed, Reading(content_encoding="gzip")) == data


@pytest.mark.parametrize(
    ("charset", "mark"),
    [
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
@pytest.mark.parametrize("content_type", [None, "text/plain", "text/plain; charset=utf-8"])
def test_a_byte_order_mark_tells_the_charset(charset, mark, content_type):
    text = "Traceback (most recent call last): ü"
    sent = mark + text.encode(charset)
    assert unpack(sent, Reading(content_type=content_type)).decode() == text


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_zero_bytes_tell_the_charset(charset):
    text = "Traceback (most recent call last)"
    assert unpack(text.encode(charset), UNKNOWN).replace(b"\x00", b"") == text.encode()


@pytest.mark.parametrize(
    "charset",
    ["utf-16", "UTF-16LE", "utf-32", "iso-8859-15", "cp500", "shift_jis", "utf-7", "koi8-r"],
)
@pytest.mark.parametrize("form", ["text/plain; charset={}", 'text/html;Charset="{}" ; a=b'])
def test_a_declared_charset_is_read(charset, form):
    text = 'File "/srv/shop/tax.py", line 3'
    reading = Reading(content_type=form.format(charset))
    assert unpack(text.encode(charset), reading) == text.encode()


@pytest.mark.parametrize("charset", ["klingon", "rot13", "base64", "utf-8\x00", "idna", "punycode"])
@pytest.mark.parametrize("data", [b"plain", b"\xff\xfe\x00", b"Zm9v", b"." * 100])
def test_what_is_no_charset_stops_nothing(charset, data):
    assert isinstance(unpack(data, Reading(content_type=f"text/plain; charset={charset}")), bytes)


def test_an_unknown_charset_leaves_the_bytes():
    reading = Reading(content_type="text/plain; charset=klingon")
    assert unpack(TEXT, reading) == TEXT


@pytest.mark.parametrize("charset", ["utf-8", "us-ascii", ""])
def test_bytes_in_which_ascii_stands_as_it_is_are_not_touched(charset):
    reading = Reading(content_type=f"text/plain; charset={charset}")
    data = b"caf\xe9 \xff\x80"
    assert unpack(data, reading) is data


@pytest.mark.parametrize("charset", ["iso-8859-1", "Latin-1", "windows-1252"])
def test_western_letters_are_read_as_clients_read_them(charset):
    reading = Reading(content_type=f"text/plain; charset={charset}")
    assert unpack(b"caf\xe9 \x80", reading) == "café €".encode()
    plain = b"no such letters"
    assert unpack(plain, reading) is plain
    decoder = decoder_of(reading)
    assert decoder is not None
    assert decoder.decode(b"caf\xe9 \x80") == "café €"


@pytest.mark.parametrize(
    ("media_type", "data", "verdict"),
    [
        ("", b"anything", True),
        ("application/json", b"\x00\x01", True),
        ("text/plain", b"\x00\x01", True),
        ("image/svg+xml", b"<svg>", True),
        ("application/problem+json", b"{}", True),
        ("image/png", b"\x89PNG\r\n\x1a\n\x00", False),
        ("image/png", b"Traceback (most recent call last)", True),
        ("application/octet-stream", "Überfällig".encode(), True),
        ("application/octet-stream", b"\xff\xfe\xfd", False),
        ("application/msgpack", b"\x81\xa5error\xa4gone", False),
        ("application/pdf", b"%PDF-1.7\nstream", False),
        ("application/pdf", b"no document", True),
        ("application/zip", b"PK\x03\x04", False),
        ("font/woff2", b"wOF2\x00", False),
        ("video/mp4", b"\x00\x00\x00 ftyp", False),
        ("application/vnd.openxmlformats-officedocument", b"PK\x03\x04", False),
        ("application/grpc", b"\x00\x00\x00\x00\x05", False),
    ],
)
def test_text_is_known_by_its_type_or_its_looks(media_type, data, verdict):
    assert is_text(data, Reading(content_type=media_type)) is verdict


def test_a_character_cut_by_the_end_of_the_look_is_no_fault():
    data = b"a" + "ü".encode() * 1000
    assert is_text(data, Reading(content_type="application/octet-stream"))


@pytest.mark.parametrize(
    "content_type", ["text/plain; charset=utf-16", "text/plain; charset=UTF_32"]
)
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF16_LE])
def test_a_charset_that_lies_hides_nothing(content_type, mark):
    sent = mark + b"Traceback (most recent call last)"
    assert unpack(sent, Reading(content_type=content_type)) == sent


@pytest.mark.parametrize(
    "media_type",
    ["application/msgpack", "application/x-msgpack", "application/vnd.msgpack", "application/cbor",
     "application/x-protobuf", "application/grpc", "application/grpc-web+proto",
     "application/problem+cbor"],
)  # fmt: skip
def test_strings_between_their_lengths_are_read_in_a_failing_answer(media_type):
    packed = b"\x81\xa5error\xd9\x22Traceback (most recent call last)\xff"
    assert is_text(packed, Reading(500, media_type))
    assert not is_text(packed, Reading(500, "image/png"))
