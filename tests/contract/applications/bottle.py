"""Bottle."""

from __future__ import annotations

import asyncio

import bottle
from bottle import Bottle, HTTPResponse, abort, redirect, request, response

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "wsgi"


def ok():
    return {"status": "ok"}


def create():
    content = request.json
    if content is None:
        abort(400)
    response.status = 201
    return {"name": content["name"]}


def item(number):
    return {"number": number}


def crash():
    raise ValueError(CANARY)


def leave():
    raise SystemExit(CANARY)


def cancelled():
    raise asyncio.CancelledError(CANARY)


def declared():
    raise SoldOut


def literal():
    abort(404, "Item not found")


def formatted():
    abort(409, f"{CANARY} on {request.url}")


def database():
    violate_unique()


def by_hand(status):
    return HTTPResponse({"error": CANARY}, status, BY_HAND)


def redirected():
    redirect("/ok", 302)


def leak():
    return {"id": 1, "note": LEAK}


def leak_header():
    response.set_header("x-note", LEAK)
    return {"id": 1}


def split_header():
    response.set_header("x-note", SPLIT)
    return {"id": 1}


def stream_first():
    response.content_type = "text/plain"
    raise ValueError(CANARY)
    yield b""


def stream_later():
    response.content_type = "text/plain"
    yield b"first\n"
    raise ValueError(CANARY)


def events():
    response.content_type = "text/event-stream"
    yield b"data: first\n\n"
    raise ValueError(CANARY)


def build(debug):
    bottle.debug(debug)
    app = Bottle()
    app.get("/ok", callback=ok)
    app.post("/items", callback=create)
    app.get("/items/<number:int>", callback=item)
    app.get("/crash", callback=crash)
    app.get("/crash/exit", callback=leave)
    app.get("/crash/cancelled", callback=cancelled)
    app.get("/declared", callback=declared)
    app.get("/literal", callback=literal)
    app.get("/formatted", callback=formatted)
    app.get("/database", callback=database)
    app.get("/by-hand/<status:int>", callback=by_hand)
    app.get("/redirected", callback=redirected)
    app.get("/leak", callback=leak)
    app.get("/leak/header", callback=leak_header)
    app.get("/split/header", callback=split_header)
    app.get("/stream/first", callback=stream_first)
    app.get("/stream/later", callback=stream_later)
    app.get("/events", callback=events)
    return app
