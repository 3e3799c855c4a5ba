"""Starlette: the plain words of `HTTPException` stay, and those of an exception do not leave."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import tightlip

DISHES = {1: ["soup", "bread"], 2: []}


async def first_dish(request: Request) -> JSONResponse:
    number = request.path_params["number"]
    if number not in DISHES:
        raise HTTPException(404, "There is no such table")
    return JSONResponse({"dish": DISHES[number][0]})


app = tightlip.shield(Starlette(routes=[Route("/tables/{number:int}/dishes/first", first_dish)]))
