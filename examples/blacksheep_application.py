"""BlackSheep: the words of an exception stay where they are a plain text, and no others leave."""

from blacksheep import Application, get
from blacksheep.exceptions import NotFound

import tightlip

app = tightlip.shield(Application())

DISHES = {1: ["soup", "bread"], 2: []}


@get("/tables/{int:number}/dishes/first")
async def first_dish(number: int) -> dict[str, str]:
    if number not in DISHES:
        raise NotFound("There is no such table")
    return {"dish": DISHES[number][0]}
