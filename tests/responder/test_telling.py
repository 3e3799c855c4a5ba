"""Which answers are counted, and under what."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, StreamingResponse
from starlette.testclient import TestClient

from tightlip import PublicError, Shield
from tightlip.incidents.archive import archive_at
from tightlip.responder.telling import declared_errors


class TellingSoldOut(PublicError):
    status = 409
    message = "Nothing is left"


class Order(BaseModel):
    amount: int


LEAK = 'Traceback (most recent call last):\n  File "/srv/shop/api.py", line 3, in x\nKeyError: 1\n'


def fail():
    raise RuntimeError("planted")


@pytest.fixture
def told(directory):
    """Ask an application for some paths; return what was counted."""
    app = FastAPI()

    @app.get("/orders/{order}")
    @app.post("/orders/{order}")
    def sold_out(order: str):
        raise TellingSoldOut

    @app.get("/literal")
    def literal():
        raise HTTPException(404, "There is no such shop")

    @app.get("/composed")
    def composed():
        raise HTTPException(404, f"no row {id(app)}")

    @app.get("/by-hand")
    def by_hand():
        return JSONResponse({"oops": "planted"}, 503)

    @app.post("/validated")
    def validated(order: Order):
        return order.amount

    @app.get("/crash")
    def crash():
        fail()

    @app.get("/leak")
    def leak():
        return StreamingResponse(iter([LEAK.encode()]), media_type="text/plain")

    @app.get("/later")
    def later():
        return JSONResponse({}, background=BackgroundTask(fail))

    @app.get("/well")
    def well():
        return {}

    client = TestClient(
        Shield(directory=directory.path, sinks=[])(app), raise_server_exceptions=False
    )

    def ask(*requests):
        for method, path in requests:
            client.request(method, path)
        register = archive_at(directory).register
        return {tuple(key): count for key, count in register.take().items()}

    # Nothing is moved to the store meanwhile.
    archive_at(directory)._wake = archive_at(directory)._begin = lambda: None
    return ask


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("GET", "/orders/7", ("TELLING_SOLD_OUT", 409, "GET /orders/{order}", "declared")),
        ("GET", "/literal", ("NOT_FOUND", 404, "GET /literal", "literal")),
        ("GET", "/composed", ("NOT_FOUND", 404, "GET /composed", "standard")),
        ("GET", "/nowhere", ("NOT_FOUND", 404, "GET", "standard")),
        ("GET", "/by-hand", ("SERVICE_UNAVAILABLE", 503, "GET /by-hand", "standard")),
        ("POST", "/validated", ("INVALID_REQUEST", 400, "POST /validated", "standard")),
        ("GET", "/crash", ("INTERNAL_SERVER_ERROR", 500, "GET /crash", "standard")),
        ("GET", "/leak", ("INTERNAL_SERVER_ERROR", 500, "GET /leak", "standard")),
    ],
)
def test_an_error_that_leaves_is_counted_once(told, method, path, key):
    found = told((method, path))
    assert list(found) == [key]
    assert found[key].answers == 1


def test_the_newest_incident_behind_it_is_known(told):
    found = told(("GET", "/crash"), ("GET", "/orders/7"))
    assert len(found["INTERNAL_SERVER_ERROR", 500, "GET /crash", "standard"].reference) == 12
    assert found["TELLING_SOLD_OUT", 409, "GET /orders/{order}", "declared"].reference == ""


def test_what_no_client_is_told_is_not_counted(told):
    assert told(("GET", "/well"), ("GET", "/later")) == {}


def test_no_word_of_a_client_is_kept(told):
    (key,) = told(("PLANTED", "/orders/planted"))
    assert "PLANTED" not in "".join(map(str, key)).upper()


def test_errors_are_counted_where_nothing_is_kept_without_harm(exchange):
    async def application(scope, receive, send):
        raise TellingSoldOut

    assert exchange(Shield(directory=None, sinks=[])(application)).status == 409


def test_an_answer_leaves_where_counting_fails(directory, exchange, monkeypatch):
    async def application(scope, receive, send):
        raise TellingSoldOut

    shielded = Shield(directory=directory.path, sinks=[])(application)
    monkeypatch.setattr(archive_at(directory).register, "count", lambda *_: fail())
    assert exchange(shielded).status == 409


def test_a_lifespan_that_fails_is_told_to_no_client(directory):
    async def application(scope, receive, send):
        await receive()
        fail()

    async def start():
        messages = []

        async def receive():
            return {"type": "lifespan.startup"}

        async def send(message):
            messages.append(message)

        shielded = Shield(directory=directory.path, sinks=[])(application)
        with pytest.raises(RuntimeError):
            await shielded({"type": "lifespan"}, receive, send)

    asyncio.run(start())
    assert archive_at(directory).register.take() == {}


def test_what_the_pages_declare_is_none_of_the_applications_errors():
    import tightlip.dashboard.application
    import tightlip.demo.page.application
    from tightlip.demo.shop.errors import OrderNotFound

    own = {
        tightlip.dashboard.application.IncidentUnknown.code,
        tightlip.demo.page.application.IncidentNotFound.code,
    }
    declared = {each.code for each in declared_errors()}
    assert OrderNotFound.code in declared
    assert not own & declared
