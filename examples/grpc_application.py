"""gRPC: the interceptor stands first; a literal of an abort stays, and no other words leave."""

from concurrent.futures import ThreadPoolExecutor

import grpc

from tightlip.adapters.grpc import interceptor

SEATS = {b"12A": [b"free"], b"12B": []}


def find_seat(number: bytes, context: grpc.ServicerContext) -> bytes:
    if number not in SEATS:
        context.abort(grpc.StatusCode.NOT_FOUND, "There is no such seat")
    return SEATS[number][0]


handlers = {"Find": grpc.unary_unary_rpc_method_handler(find_seat)}
server = grpc.server(ThreadPoolExecutor(4), interceptors=[interceptor()])
service = grpc.method_handlers_generic_handler("shop.Seats", handlers)
server.add_generic_rpc_handlers((service,))
