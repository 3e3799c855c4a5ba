"""Bottle: the words of `abort` stay, and those of an exception do not leave."""

from bottle import Bottle, abort

import tightlip

app = tightlip.shield(Bottle())

CELLARS = {1: ["merlot"], 2: []}


@app.get("/cellars/<number:int>/wines/first")
def first_wine(number: int) -> dict[str, str]:
    if number not in CELLARS:
        abort(404, "There is no such cellar")
    return {"wine": CELLARS[number][0]}
