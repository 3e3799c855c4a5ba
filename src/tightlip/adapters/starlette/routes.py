"""Which route of Starlette's or FastAPI's has served a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.routing import Mount, Route, WebSocketRoute

from tightlip.protocols.asgi_exchange import Scope


def route(scope: Scope) -> tuple[str | None, str]:
    """Return the template of the route with the path of its mounts, and the endpoint's name."""
    found = route_of(scope)
    template = getattr(found, "path_format", None) or getattr(found, "path", None)
    if isinstance(template, str):
        mounts = scope.get("root_path", "").removeprefix(scope.get("app_root_path", ""))
        template = mounts + template
    else:
        template = None
    name = getattr(scope.get("endpoint"), "__name__", "")
    return template, name if isinstance(name, str) else ""


def route_of(scope: Scope) -> Any:
    """Return the route that matched.

    FastAPI tells a route of an included router beside its context there, which holds the whole
    template and the dependencies of the inclusion. An older Starlette tells no route of its own:
    it is found by its endpoint.
    """
    found = scope.get("route")
    if found is None:
        routes = getattr(scope.get("router"), "routes", ())
        return next(_serving(scope.get("endpoint"), routes), None)
    context = scope.get("fastapi", {}).get("effective_route_context")
    return context if getattr(context, "original_route", None) is found is not None else found


def _serving(endpoint: Any, routes: Iterable[Any]) -> Iterator[Route | WebSocketRoute]:
    """Yield the routes that call `endpoint`, also those inside of mounts."""
    for part in routes:
        if isinstance(part, Mount):
            yield from _serving(endpoint, part.routes)
        elif isinstance(part, Route | WebSocketRoute) and part.endpoint is endpoint:
            yield part
