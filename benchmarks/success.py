"""Added time for a good request: the bare application, Tightlip, an empty BaseHTTPMiddleware."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import Response
from starlette.routing import Route

import tightlip
from measure import compare

SIZES = {"/300": 300, "/1k": 1024, "/16k": 16384}


def application() -> Starlette:
    def endpoint(size: int):
        body = (b'{"name":"value"},' * (size // 17 + 1))[:size]

        async def answer(_request):
            return Response(body, media_type="application/json")

        return answer

    return Starlette(routes=[Route(path, endpoint(size)) for path, size in SIZES.items()])


class Empty(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        return await call_next(request)


def main() -> None:
    empty = application()
    empty.add_middleware(Empty)
    applications = {
        "bare": application(),
        "tightlip": tightlip.shield(application()),
        "BaseHTTPMiddleware": empty,
    }
    print("| body | bare | tightlip adds | empty BaseHTTPMiddleware adds | ratio |")
    print("| --- | --- | --- | --- | --- |")
    for path, size in SIZES.items():
        found = compare(applications, path, count=10, rounds=100, of=min)
        bare = found["bare"]
        added = found["tightlip"] - bare
        peer = found["BaseHTTPMiddleware"] - bare
        print(
            f"| {size} B | {bare * 1e6:.1f} µs | {added * 1e6:.1f} µs | {peer * 1e6:.1f} µs "
            f"| {peer / added:.0f} x |"
        )


if __name__ == "__main__":
    main()
