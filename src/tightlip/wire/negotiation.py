"""Which of the forms a client gets, and the whole answer in that form."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from tightlip.exchange import Headers, Request, Response, values_of
from tightlip.wire import envelope, page, problem
from tightlip.wire.headers import assemble

if TYPE_CHECKING:
    from types import ModuleType

    from tightlip.catalog.error import PublicError

_LONGEST_ACCEPT = 2048
_BASE = {b"cache-control": b"no-store", b"x-content-type-options": b"nosniff"}


@lru_cache(maxsize=256)
def choose(accept: bytes) -> ModuleType:
    """Return the module of the form for the value of `Accept` (RFC 9110, section 12.5.1).

    Problem details go to a client that names `application/problem+json` and wants nothing
    more; the page to one that prefers `text/html`; the envelope to everyone else, also where
    the header is absent or cannot be read.
    """
    weights = _weights(accept)
    ranges = ("application/json", "application/*", "*/*")  # the most specific one counts
    json = next((weights[name] for name in ranges if name in weights), 0.0)
    problem_json = weights.get("application/problem+json", 0.0)
    html = weights.get("text/html", 0.0)
    if problem_json > 0 and problem_json >= max(json, html):
        return problem
    if html > json:
        return page
    return envelope


def _weights(accept: bytes) -> dict[str, float]:
    weights: dict[str, float] = {}
    for item in accept[:_LONGEST_ACCEPT].decode("latin-1").split(","):
        media_range, *parameters = (part.strip().lower() for part in item.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                weight = _quality(value.strip())
        weights[media_range] = max(weight, weights.get(media_range, 0.0))
    return weights


def _quality(value: str) -> float:
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def render(
    error: PublicError,
    request: Request | None,
    reference: str | None,
    from_application: Headers = (),
) -> Response:
    """Return the whole answer for `error` in the form that the client of `request` gets.

    `from_application` holds headers that have passed the allow list. To HEAD the body is not
    sent, and its length is told all the same (RFC 9110, section 9.3.2).
    """
    accept = b",".join(values_of(request.headers, b"accept")) if request is not None else b""
    form = choose(accept)
    body: bytes = form.render(error, reference)
    own = {
        **_BASE,
        b"content-type": form.CONTENT_TYPE,
        b"content-length": str(len(body)).encode(),
        **{name.lower().encode(): value.encode() for name, value in error.headers.items()},
    }
    if reference is not None:
        own[b"x-error-reference"] = reference.encode()
    if error.retry_after is not None:
        own[b"retry-after"] = str(int(error.retry_after)).encode()
    if error.docs is not None:
        link = f'<{error.docs}>; rel="help"'.encode()
        own[b"link"] = b", ".join(filter(None, (own.get(b"link"), link)))
    if request is not None and request.method == "HEAD":
        body = b""
    return Response(error.status, assemble(own, from_application), body)


def whole(status: int, content_type: bytes, body: bytes) -> Response:
    """Return an error answer whose body has a form of its own, with the headers of every error."""
    length = str(len(body)).encode()
    own = {**_BASE, b"content-type": content_type, b"content-length": length}
    return Response(status, assemble(own, ()), body)
