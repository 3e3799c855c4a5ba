"""WebSockets of Starlette and FastAPI: refusals and close reasons say what was declared."""

from __future__ import annotations

import json
import sys

import pytest
from fastapi import Depends, FastAPI, HTTPException, WebSocket, WebSocketException
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tightlip import Exemption, PublicError, Shield
from tightlip.detection.scanner import Scanner

CANARY = "canary-6d1f"
LEAK = f'File "/srv/shop/{CANARY}.py", line 3, in total'
left = []


class RoomFull(PublicError):
    status = 409
    message = "This room is full"


def depended():
    raise RuntimeError(CANARY)


def build(sink, debug=False, **shield):
    app = FastAPI(debug=debug)

    @app.websocket("/before")
    async def before(socket: WebSocket):
        raise RuntimeError(CANARY)

    @app.websocket("/dependency")
    async def dependency(socket: WebSocket, value=Depends(depended)):  # noqa: B008 - the framework's own form
        await socket.accept()

    @app.websocket("/refused")
    async def refused(socket: WebSocket):
        await socket.close(4001, CANARY)

    @app.websocket("/denied")
    async def denied(socket: WebSocket):
        await socket.send_denial_response(JSONResponse({"own": CANARY}, 401))

    @app.websocket("/http")
    async def http(socket: WebSocket):
        raise HTTPException(404, "There is no such room")

    @app.websocket("/public")
    async def public(socket: WebSocket):
        raise RoomFull

    @app.websocket("/silent")
    async def silent(socket: WebSocket):
        pass

    @app.websocket("/typed/{number}")
    async def typed(socket: WebSocket, number: int, limit: int):
        await socket.accept()

    @app.websocket("/policy")
    async def policy(socket: WebSocket):
        raise WebSocketException(1008, "Bring a ticket")

    @app.websocket("/after")
    async def after(socket: WebSocket):
        await socket.accept()
        raise RuntimeError(CANARY)

    @app.websocket("/after-public")
    async def after_public(socket: WebSocket):
        await socket.accept()
        raise RoomFull

    @app.websocket("/after-policy")
    async def after_policy(socket: WebSocket):
        await socket.accept()
        raise WebSocketException(1008, "Bring a ticket")

    @app.websocket("/after-made-up")
    async def after_made_up(socket: WebSocket):
        await socket.accept()
        raise WebSocketException(1008, f"{CANARY}!")

    @app.websocket("/literal")
    async def literal(socket: WebSocket):
        await socket.accept()
        await socket.close(4000, "Time is up")

    @app.websocket("/made-up")
    async def made_up(socket: WebSocket):
        await socket.accept()
        try:
            raise RuntimeError(CANARY)
        except RuntimeError as error:
            await socket.close(4000, str(error))

    @app.websocket("/long")
    async def long(socket: WebSocket):
        await socket.accept()
        await socket.close(
            4000,
            "This reason is far longer than a close frame can hold, since a control frame has room "
            "for one hundred and twenty-five bytes and no more",
        )

    @app.websocket("/odd-code")
    async def odd_code(socket: WebSocket):
        await socket.accept()
        await socket.close(99999, "Time is up")

    @app.websocket("/leak")
    async def leak(socket: WebSocket):
        await socket.accept()
        await socket.send_text("All is well")
        await socket.send_bytes(b"\x00" + LEAK.encode())
        await socket.send_json({"note": LEAK})
        left.append("behind")
        await socket.send_text("sent on")
        left.append("further behind")

    @app.websocket("/heard")
    async def heard(socket: WebSocket):
        await socket.accept()
        try:
            raise LookupError(await socket.receive_text() + " is no longer on our books, sadly")
        except LookupError as error:
            await socket.send_text(f"Sorry: {error.args[0]}")

    @app.websocket("/echo")
    async def echo(socket: WebSocket):
        await socket.accept()
        while True:
            await socket.send_text(await socket.receive_text())

    return Shield(sinks=[sink], **shield)(app)


@pytest.fixture(params=[False, True], ids=["plain", "debug"])
def client(request, sink):
    return TestClient(build(sink, request.param), raise_server_exceptions=False)


def refusal(client, path):
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect(path):
        pass
    assert CANARY not in caught.value.text
    return caught.value


def closing(client, path):
    with client.websocket_connect(path) as socket:
        message = socket.receive()
    assert CANARY not in str(message)
    return message["code"], message["reason"]


@pytest.mark.parametrize("path", ["/before", "/dependency"])
def test_an_exception_before_the_handshake_refuses_it_calmly(client, sink, path):
    answer = refusal(client, path)
    (incident,) = sink.incidents
    assert answer.status_code == 500
    assert answer.json()["error"]["reference"] == incident.reference
    assert incident["exception.message"] == CANARY
    assert incident["http.request.method"] == "WEBSOCKET"


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/http", 404, {"code": "NOT_FOUND", "message": "There is no such room"}),
        ("/public", 409, {"code": "ROOM_FULL", "message": "This room is full"}),
        ("/refused", 403, {"code": "ACCESS_DENIED", "message": "You do not have access to this"}),
        ("/policy", 403, {"code": "ACCESS_DENIED", "message": "Bring a ticket"}),
        ("/nowhere", 403, {"code": "ACCESS_DENIED", "message": "You do not have access to this"}),
    ],
)
def test_a_refusal_says_what_was_declared(client, sink, path, status, error):
    answer = refusal(client, path)
    assert (answer.status_code, answer.json()) == (status, {"error": error})
    assert not sink.incidents


def test_an_application_that_ends_without_a_handshake_is_recorded(client, sink):
    assert refusal(client, "/silent").status_code == 500
    assert len(sink.incidents) == 1


def test_a_denial_made_by_hand_is_replaced(client, sink):
    answer = refusal(client, "/denied")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AUTHENTICATION_FAILED")
    assert CANARY in sink.incidents[0]["withheld"][0]["text"]


def test_refused_parameters_are_told(client, sink):
    answer = refusal(client, f"/typed/{CANARY}?limit={CANARY}")
    assert answer.status_code == 422
    messages = {field["message"] for field in answer.json()["error"]["fields"]}
    assert messages == {"Number must be a whole number", "Limit must be a whole number"}
    assert not sink.incidents


@pytest.mark.parametrize(
    ("path", "code", "reason"),
    [
        ("/after-public", 1011, "ROOM_FULL"),
        ("/after-policy", 1008, "Bring a ticket"),
        ("/literal", 4000, "Time is up"),
    ],
)
def test_a_close_says_what_was_declared(client, sink, path, code, reason):
    assert closing(client, path) == (code, reason)
    assert not sink.incidents


def test_an_exception_after_the_handshake_closes_with_the_code(client, sink):
    assert closing(client, "/after") == (1011, "INTERNAL_SERVER_ERROR")
    (incident,) = sink.incidents
    assert incident["event_name"] == "websocket.exception"


@pytest.mark.parametrize(
    ("path", "code", "reason"),
    [("/made-up", 4000, ""), ("/after-made-up", 1008, "ACCESS_DENIED")],
)
def test_a_made_up_reason_does_not_leave(client, sink, path, code, reason):
    assert closing(client, path) == (code, reason)
    (incident,) = sink.incidents
    assert CANARY in incident["withheld"][0]["text"]


def test_a_long_reason_is_cut_to_what_a_frame_holds(client):
    _, reason = closing(client, "/long")
    assert len(reason.encode()) == 123


def test_a_client_that_leaves_is_no_incident(client, sink):
    with client.websocket_connect("/echo") as socket:
        socket.send_text("a")
        assert socket.receive_text() == "a"
    assert not sink.incidents


@pytest.mark.parametrize("implementation", ["websockets-sansio", "wsproto"])
def test_a_real_server_closes_and_refuses_in_the_same_words(serve, sink, implementation):
    if implementation == "wsproto":
        pytest.importorskip("wsproto")
    server = serve(build(sink, debug=True), ws=implementation)
    address = f"ws://127.0.0.1:{server.port}"
    with pytest.raises(InvalidStatus) as caught:
        connect(f"{address}/before").__enter__()
    response = caught.value.response
    assert response.status_code == 500
    assert json.loads(response.body)["error"]["code"] == "INTERNAL_SERVER_ERROR"
    for path, code, reason in (
        ("/after", 1011, "INTERNAL_SERVER_ERROR"),
        ("/literal", 4000, "Time is up"),
        ("/made-up", 4000, ""),
    ):
        with connect(address + path) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(5)
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, reason)
    with connect(f"{address}/echo") as socket:
        socket.send("a")
        assert socket.recv(5) == "a"
    assert len(sink.incidents) == 3
    assert CANARY not in server.log
    assert "Traceback" not in server.log


def test_an_odd_close_code_ends_the_connection_without_a_word(serve, sink):
    server = serve(build(sink))
    with connect(f"ws://127.0.0.1:{server.port}/odd-code") as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(5)
        assert CANARY not in str(closed.value)
    with connect(f"ws://127.0.0.1:{server.port}/echo") as socket:
        socket.send("still there")
        assert socket.recv(5) == "still there"


def test_a_server_that_cannot_refuse_with_words_closes_with_none(exchange, sink):
    answer = exchange(
        build(sink),
        "/before",
        type="websocket",
        incoming=[{"type": "websocket.connect"}],
        subprotocols=[],
    )
    assert answer.sent == [{"type": "websocket.close", "code": 1008, "reason": ""}]
    assert answer.raised is None
    assert len(sink.incidents) == 1


def test_a_disconnect_error_that_a_handler_lets_through_is_no_incident(exchange, sink):
    app = FastAPI()

    @app.websocket("/")
    async def gone(socket: WebSocket):
        await socket.accept()
        raise WebSocketDisconnect(1006)

    answer = exchange(
        Shield(sinks=[sink])(app),
        "/",
        type="websocket",
        incoming=[{"type": "websocket.connect"}],
        subprotocols=[],
    )
    assert answer.raised is None
    assert not sink.incidents


def test_a_message_that_leaks_closes_the_connection_in_its_place(client, sink):
    left.clear()
    with client.websocket_connect("/leak") as socket:
        assert socket.receive_text() == "All is well"
        assert socket.receive_bytes() == b"\x00" + LEAK.encode()
        message = socket.receive()
    assert message == {"type": "websocket.close", "code": 1011, "reason": "INTERNAL_SERVER_ERROR"}
    (incident,) = sink.incidents
    assert incident["event_name"] == "websocket.message.contained"
    assert CANARY in incident["withheld"][0]["text"]
    # What the application sends after that ends it, as it does on every server.
    assert left == ["behind"]


@pytest.mark.parametrize("text", ["All is well", "", "😀", '{"error": "ü"}'])
def test_a_clean_message_leaves_as_it_is(client, sink, text):
    with client.websocket_connect("/echo") as socket:
        socket.send_text(text)
        assert socket.receive_text() == text
    assert not sink.incidents


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the interpreter tells no raises")
def test_a_message_with_the_text_of_an_exception_closes_the_connection(client, sink):
    with client.websocket_connect("/heard") as socket:
        socket.send_text("Order 4711")
        message = socket.receive()
    assert (message["code"], message["reason"]) == (1011, "INTERNAL_SERVER_ERROR")
    assert "LookupError" in sink.incidents[0]["withheld"][0]["reason"]


@pytest.mark.parametrize(
    ("shield", "incidents"),
    [
        ({"success_answers": "report"}, 1),
        ({"exemptions": [Exemption(route="/leak", categories=("stack_trace", "source_path"))]}, 0),
        ({"exemptions": [Exemption(fields=("note",))]}, 0),
    ],
)
def test_a_message_may_leave_where_that_is_declared(sink, shield, incidents):
    with TestClient(build(sink, **shield)).websocket_connect("/leak") as socket:
        socket.receive_text()
        socket.receive_bytes()
        assert socket.receive_json() == {"note": LEAK}
        assert socket.receive_text() == "sent on"
    assert len(sink.incidents) == incidents
    if incidents:
        assert sink.incidents[0]["event_name"] == "websocket.message.reported"


def test_a_fault_of_our_own_closes_the_connection(client, sink, monkeypatch):
    def fails(*_):
        raise RuntimeError(CANARY)

    monkeypatch.setattr(Scanner, "read", fails)
    with client.websocket_connect("/echo") as socket:
        socket.send_text("All is well")
        message = socket.receive()
    assert (message["code"], message["reason"]) == (1011, "INTERNAL_SERVER_ERROR")
    assert sink.incidents[0]["exception.message"] == CANARY
