"""Incidents to a web address: one POST with one JSON document each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tightlip.incidents.compartments import wants_closed
from tightlip.incidents.delivery import OutsideSink
from tightlip.incidents.incident import Incident
from tightlip.incidents.posting import post, refuse_bad_headers, refuse_bad_url
from tightlip.incidents.signing import key_of, signed
from tightlip.incidents.sink import refuse_unknown

_TIMEOUT = 10.0


class WebhookSink(OutsideSink):
    """Posts each incident as `application/json`; a thread does it, and tries again if it fails.

    The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) is the reference, as
    is the document's field `reference`: a receiver that gets it twice keeps one.

    Args:
        url: Where incidents go.
        headers: More headers of the request, such as `Authorization`.
        secret: What each POST is signed with (`signing`).
        timeout: Seconds that one step of the exchange may take.
        closed: Whether messages, locals and what the client sent go there too.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        secret: str | None = None,
        timeout: float = _TIMEOUT,
        closed: bool = False,
    ) -> None:
        super().__init__("webhook", url, closed=closed)
        self._url = url
        self._headers = {**(headers or {}), "Content-Type": "application/json"}
        self._key = None if secret is None else key_of(secret)
        self._timeout = timeout

    def deliver(self, incidents: Sequence[Incident]) -> None:
        """Post `incidents`, one after the other."""
        for incident in incidents:
            body = incident.as_json().encode("ascii")
            headers = {
                **self._headers,
                "Idempotency-Key": f'"{incident.reference}"',
                **signed(incident.reference, body, self._key),
            }
            post(self._url, body, headers, self._timeout)


def open(options: Mapping[str, object]) -> WebhookSink:  # noqa: A001 - the seam's name for it
    """Return a sink that posts to `url`.

    Raises:
        ValueError: If an option is unknown, or is not what it should be.
    """
    refuse_unknown(options, ("url", "headers", "secret", "timeout", "closed"), "webhook")
    if "url" not in options:
        raise ValueError("the sink 'webhook' needs the option url: the address to post to")
    url = str(options["url"])
    try:
        refuse_bad_url(url)
    except ValueError as error:
        raise ValueError(f"the sink 'webhook' has a wrong url: {error}") from None
    timeout = options.get("timeout", _TIMEOUT)
    if not isinstance(timeout, int | float) or isinstance(timeout, bool) or not 0 < timeout <= 60:  # noqa: PLR2004 - said below
        raise ValueError("the sink 'webhook' has a wrong timeout: give seconds, up to 60")
    headers, secret = options.get("headers"), options.get("secret")
    try:
        refuse_bad_headers(headers)
        if secret is not None:
            key_of(str(secret))
    except (TypeError, ValueError) as error:
        raise ValueError(f"the sink 'webhook' cannot be opened: {error}") from None
    return WebhookSink(
        url,
        headers,  # type: ignore[arg-type] # it was just checked
        secret=None if secret is None else str(secret),
        timeout=timeout,
        closed=wants_closed(options, "webhook"),
    )
