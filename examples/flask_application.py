"""Flask: the words of `abort` stay, and those of an exception do not leave."""

from flask import Flask, abort

import tightlip

app = tightlip.shield(Flask(__name__))

SHELVES = {1: ["atlas"], 2: []}


@app.get("/shelves/<int:number>/books/first")
def first_book(number: int) -> dict[str, str]:
    if number not in SHELVES:
        abort(404, "There is no such shelf")
    return {"book": SHELVES[number][0]}
