"""What a server says by itself: the standard errors, each precomputed at its first use."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from tightlip.catalog.standard import standard_error
from tightlip.exchange import Response
from tightlip.wire import last_resort
from tightlip.wire.headers import assemble
from tightlip.wire.negotiation import render


@lru_cache(maxsize=256)
def refusal(status: int) -> Response:
    """Return the standard error of `status`, with the end of the connection in its headers.

    Nothing of a request that was not understood can be trusted, so no form is negotiated.
    """
    try:
        answer = render(standard_error(status), None, None)
    except BaseException:  # whatever it is, the client gets the precomputed answer
        answer = last_resort.ANSWER
    own = {**dict(answer.headers), b"connection": b"close"}
    return replace(answer, headers=assemble(own, ()))
