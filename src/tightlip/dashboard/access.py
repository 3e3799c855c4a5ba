"""Access: who may see the page. A token at the start, or a proxy that says who it is."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers, QueryParams
from starlette.responses import RedirectResponse

from tightlip.catalog.error import PublicError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "tightlip_session"
TOKEN = "token"  # noqa: S105 - the name of the parameter
VISITOR = "tightlip.visitor"
"""The key of the scope under which the `Visitor` stands."""

_MOST_SESSIONS = 1000
_SAFE_METHODS = frozenset({"GET", "HEAD"})


class TokenNeeded(PublicError):  # noqa: N818 - its code is made of its name
    """Nobody has shown who they are."""

    status = 401
    message = "Open the address that was printed when this page was started"


class UnknownHost(PublicError):  # noqa: N818 - as above
    """The page was asked for by a name that is not its own (DNS rebinding)."""

    status = 421
    message = "This page does not answer to that name"


class ForeignForm(PublicError):  # noqa: N818 - as above
    """A form was sent that this page has not shown to this visitor."""

    status = 403
    message = (
        "This form is too old, or comes from elsewhere. Go back, reload the page and try again"
    )


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who may see the page.

    Attributes:
        name: Who it is, for the audit: what the proxy says, or `token`.
        form_token: What forms have to bring along.
    """

    name: str
    form_token: str


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may see the page.

    Attributes:
        token: What opens the page; a random one unless given.
        hosts: The names by which the page may be asked for; `*` for every name.
        user_header: The header in which a trusted proxy says who the visitor is.
        proxies: The addresses from which that header is believed.
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    hosts: Collection[str] = ("localhost", "127.0.0.1", "[::1]")
    user_header: str | None = None
    proxies: Collection[str] = ("127.0.0.1", "::1")


class Access:
    """ASGI middleware that lets nobody in whom the rules do not name.

    A visitor with the token gets a session by cookie, and an address without the token.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._rules = rules
        self._sessions: dict[str, None] = {}
        self._secret = secrets.token_bytes(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one exchange to those who may see it.

        Raises:
            PublicError: Whoever asks may not.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        self._check_host(headers)
        query = QueryParams(scope["query_string"])
        if TOKEN in query and scope["method"] in _SAFE_METHODS:
            if not hmac.compare_digest(query[TOKEN].encode(), self._rules.token.encode()):
                raise TokenNeeded
            await self._welcome(scope, query)(scope, receive, send)
            return
        visitor = self._visitor(scope, headers)
        if visitor is None:
            raise TokenNeeded
        if scope["method"] not in _SAFE_METHODS:
            self._check_origin(headers)
        scope[VISITOR] = visitor
        await self._app(scope, receive, send)

    def _check_host(self, headers: Headers) -> None:
        if "*" in self._rules.hosts:
            return
        host = headers.get("host", "")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name.lower() not in self._rules.hosts:
            raise UnknownHost

    @staticmethod
    def _check_origin(headers: Headers) -> None:
        """Refuse what another page sends; browsers say so (Fetch standard, `Origin`)."""
        origin = headers.get("origin")
        if origin is not None and _host_of(origin) != headers.get("host"):
            raise ForeignForm

    def _welcome(self, scope: Scope, query: QueryParams) -> RedirectResponse:
        session = secrets.token_urlsafe(32)
        while len(self._sessions) >= _MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[session] = None
        rest = urlencode([pair for pair in query.multi_items() if pair[0] != TOKEN])
        # A path that begins with two slashes would name another host.
        path = "/" + scope["path"].lstrip("/\\")
        answer = RedirectResponse(f"{path}?{rest}" if rest else path, 303)
        answer.set_cookie(name_at(scope, COOKIE), session, httponly=True, samesite="strict")
        answer.headers["referrer-policy"] = "no-referrer"
        return answer

    def _visitor(self, scope: Scope, headers: Headers) -> Visitor | None:
        name = self._named_by_proxy(scope, headers)
        if name is not None:
            return Visitor(name, self._form_token(f"user {name}"))
        for session in _cookies(headers, name_at(scope, COOKIE)):
            if session in self._sessions:
                return Visitor(TOKEN, self._form_token(f"session {session}"))
        return None

    def _named_by_proxy(self, scope: Scope, headers: Headers) -> str | None:
        client = scope.get("client")
        if self._rules.user_header is None or client is None:
            return None
        if client[0] not in self._rules.proxies:
            return None
        return headers.get(self._rules.user_header) or None

    def _form_token(self, whose: str) -> str:
        return hmac.new(
            self._secret, whose.encode("utf-8", "surrogateescape"), "sha256"
        ).hexdigest()


def check_form(visitor: Visitor, given: object) -> None:
    """Refuse a form that this page has not shown to `visitor`.

    Raises:
        ForeignForm: It does not bring along what the page's own forms do.
    """
    expected = visitor.form_token
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), expected.encode()):
        raise ForeignForm


def is_loopback(host: str) -> bool:
    """Tell whether nobody but this machine reaches `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def name_at(scope: Scope, cookie: str) -> str:
    """Return the name of a cookie at the port of this server.

    Browsers send the cookies of a host to all of its ports (RFC 6265, section 8.5): of two pages
    on one machine, the one that was opened last would end the other's session.
    """
    _, port = scope.get("server") or (None, None)
    return cookie if port is None else f"{cookie}_{port}"


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # it is no address
        return None


def _cookies(headers: Headers, name: str) -> Iterator[str]:
    """Yield what stands under `name`, whatever form the cookies beside it have.

    Those of every other server on the machine come along, and `SimpleCookie` reads none at all
    where one of them breaks the standard, as JSON in a cookie does.
    """
    for header in headers.getlist("cookie"):
        for pair in header.split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name:
                yield value
