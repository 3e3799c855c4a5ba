"""Sanic: the message of its own exceptions stays, and the words of any other do not leave."""

from sanic import HTTPResponse, NotFound, Request, Sanic, json

import tightlip

app = tightlip.shield(Sanic("greenhouse"))

BEDS = {1: ["rose", "sage"], 2: []}


@app.get("/beds/<number:int>/first")
async def first_plant(request: Request, number: int) -> HTTPResponse:  # noqa: ARG001 - Sanic passes it
    if number not in BEDS:
        raise NotFound("There is no such bed")
    return json({"plant": BEDS[number][0]})
