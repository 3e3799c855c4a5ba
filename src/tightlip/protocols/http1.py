"""HTTP/1.1: an answer as the bytes that stand on the wire (RFC 9112)."""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter

from tightlip.exchange import Headers, Response, reason_phrase
from tightlip.responder.refusal import refusal

_STATUS = slice(9, 12)  # RFC 9112, section 4: behind `HTTP/1.1 `
_FIRST_ERROR = 400


def encode(response: Response) -> bytes:
    """Return the whole message: status line, header fields, body."""
    phrase = reason_phrase(response.status)
    fields = b"".join(b"%s: %s\r\n" % field for field in response.headers)
    return b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (
        response.status,
        phrase.encode(),
        fields,
        response.body,
    )


@lru_cache(maxsize=256)
def refusal_bytes(status: int) -> bytes:
    """Return the bytes of the standard error of `status`, after which the connection ends."""
    return encode(refusal(status))


def refusal_head(status: int) -> bytes:
    """Return the same without the body, for a request that was HEAD (RFC 9110, section 9.3.2)."""
    return refusal_bytes(status).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def lower_sorted(headers: Headers) -> Headers:
    """Return header fields with their names in lower case, sorted by name.

    Fields of one name keep their order, which counts (RFC 9110, section 5.3).
    """
    return tuple(sorted(((name.lower(), value) for name, value in headers), key=itemgetter(0)))


def plain_head(head: bytes, banner: bytes = b"") -> bytes:
    """Rewrite the head of an answer as every server of ours writes it.

    Of an error, the reason phrase is the registered one, names are in lower case, and fields are
    sorted. A good answer keeps its form, but for the banner, and for a phrase that is missing.

    Args:
        head: The status line and the header fields, with the empty line that ends them.
        banner: The value of `Server` that is left out.
    """
    status = int(head[_STATUS])
    if status < _FIRST_ERROR:
        if banner:
            head = head.replace(b"\r\nServer: %s\r\n" % banner, b"\r\n", 1)
        if head.startswith(b" \r\n", _STATUS.stop):
            phrase = reason_phrase(status).encode()
            head = b"%s %s%s" % (head[: _STATUS.stop], phrase, head[_STATUS.stop + 1 :])
        return head
    status_line, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    fields = lower_sorted(
        tuple((name, value.strip()) for name, _, value in (line.partition(b":") for line in lines))
    )
    start = status_line[: _STATUS.stop]
    phrase = reason_phrase(status).encode() or status_line[_STATUS.stop + 1 :]
    kept = [b"%s: %s\r\n" % field for field in fields if field != (b"server", banner)]
    return b"%s %s\r\n%s\r\n" % (start, phrase, b"".join(kept))
