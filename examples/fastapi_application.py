"""FastAPI: the plain words of `HTTPException` stay, and those of an exception do not leave."""

from fastapi import FastAPI, HTTPException

import tightlip

app = tightlip.shield(FastAPI())

DISHES = {1: ["soup", "bread"], 2: []}


@app.get("/tables/{number}/dishes/first")
def first_dish(number: int) -> dict[str, str]:
    if number not in DISHES:
        raise HTTPException(404, "There is no such table")
    return {"dish": DISHES[number][0]}
