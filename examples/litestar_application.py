"""Litestar: the detail of an exception stays where it is a plain text, and no other leaves."""

from litestar import Litestar, Request, get
from litestar.exceptions import NotFoundException

import tightlip

DISHES = {1: ["soup", "bread"], 2: []}


@get("/tables/{number:int}/dishes/first")
async def first_dish(request: Request) -> dict[str, str]:
    number = request.path_params["number"]
    if number not in DISHES:
        raise NotFoundException("There is no such table")
    return {"dish": DISHES[number][0]}


app = tightlip.shield(Litestar([first_dish]))
