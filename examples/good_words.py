"""Words that stand in the source may leave; what an exception says may not."""

from __future__ import annotations

from fastapi import FastAPI, HTTPException

import tightlip

app = tightlip.shield(FastAPI())

PRICES = {"kettle": 39, "teapot": 24}


@app.get("/prices/{item}")
def price(item: str) -> dict[str, int]:
    if item not in PRICES:
        raise HTTPException(404, "There is no such item")
    return {"price": PRICES[item]}


@app.get("/shares/{item}")
def share(item: str, people: int) -> dict[str, float]:
    try:
        return {"share": PRICES[item] / people}
    except (KeyError, ZeroDivisionError) as error:
        raise HTTPException(400, f"cannot divide: {error!r}") from error
