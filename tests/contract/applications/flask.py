"""Flask."""

from __future__ import annotations

import asyncio

from flask import Flask, Response, abort, jsonify, redirect, request

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "wsgi"


def ok():
    return {"status": "ok"}


def create():
    content = request.get_json()
    return {"name": content["name"]}, 201


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
    return jsonify(error=CANARY), status, BY_HAND


def redirected():
    return redirect("/ok")


def leak():
    return {"id": 1, "note": LEAK}


def leak_header():
    return {"id": 1}, {"x-note": LEAK}


def split_header():
    return {"id": 1}, {"x-note": SPLIT}


def stream_first():
    def chunks():
        raise ValueError(CANARY)
        yield ""

    return Response(chunks(), mimetype="text/plain")


def stream_later():
    def chunks():
        yield "first\n"
        raise ValueError(CANARY)

    return Response(chunks(), mimetype="text/plain")


def events():
    def chunks():
        yield "data: first\n\n"
        raise ValueError(CANARY)

    return Response(chunks(), mimetype="text/event-stream")


def build(debug):
    app = Flask(__name__)
    app.debug = debug
    app.add_url_rule("/ok", view_func=ok)
    app.add_url_rule("/items", view_func=create, methods=["POST"])
    app.add_url_rule("/items/<int:number>", view_func=item)
    app.add_url_rule("/crash", view_func=crash)
    app.add_url_rule("/crash/exit", view_func=leave)
    app.add_url_rule("/crash/cancelled", view_func=cancelled)
    app.add_url_rule("/declared", view_func=declared)
    app.add_url_rule("/literal", view_func=literal)
    app.add_url_rule("/formatted", view_func=formatted)
    app.add_url_rule("/database", view_func=database)
    app.add_url_rule("/by-hand/<int:status>", view_func=by_hand)
    app.add_url_rule("/redirected", view_func=redirected)
    app.add_url_rule("/leak", view_func=leak)
    app.add_url_rule("/leak/header", view_func=leak_header)
    app.add_url_rule("/split/header", view_func=split_header)
    app.add_url_rule("/stream/first", view_func=stream_first)
    app.add_url_rule("/stream/later", view_func=stream_later)
    app.add_url_rule("/events", view_func=events)
    return app
