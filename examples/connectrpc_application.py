"""Connect: the words of a `ConnectError` stay as they were written, and no others leave."""

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.server import ConnectASGIApplication, Endpoint
from protobuf.wkt import StringValue

import tightlip

SEATS = {"12A": ["free"], "12B": []}


async def find(request, ctx):  # noqa: ARG001 - what Connect passes
    if request.value not in SEATS:
        raise ConnectError(Code.NOT_FOUND, "There is no such seat")
    return StringValue(value=SEATS[request.value][0])


class Seats(ConnectASGIApplication):  # what protoc-gen-connectrpc writes
    path = "/shop.Seats"


method = MethodInfo(
    name="Find",
    service_name="shop.Seats",
    input=StringValue,
    output=StringValue,
    idempotency_level=IdempotencyLevel.UNKNOWN,
    stream_type=StreamType.UNARY,
)
endpoints = {"/shop.Seats/Find": Endpoint.unary(method=method, function=find)}
app = tightlip.shield(Seats(service=None, endpoints=lambda _: endpoints))
