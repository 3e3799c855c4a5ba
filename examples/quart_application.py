"""Quart: the words of `abort` stay, and those of an exception do not leave."""

from quart import Quart, abort

import tightlip

app = tightlip.shield(Quart(__name__))

DISHES = {1: ["soup", "bread"], 2: []}


@app.get("/tables/<int:number>/dishes/first")
async def first_dish(number: int) -> dict[str, str]:
    if number not in DISHES:
        abort(404, "There is no such table")
    return {"dish": DISHES[number][0]}
