"""Falcon: the description of an error stays where it is a plain text, and no other leaves."""

from falcon import HTTPNotFound
from falcon.asgi import App, Request, Response

import tightlip

DISHES = {1: ["soup", "bread"], 2: []}


class FirstDish:
    async def on_get(self, _request: Request, response: Response, number: int) -> None:
        if number not in DISHES:
            raise HTTPNotFound(description="There is no such table")
        response.media = {"dish": DISHES[number][0]}


app = tightlip.shield(App())
app.add_route("/tables/{number:int}/dishes/first", FirstDish())
