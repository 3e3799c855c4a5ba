"""aiohttp: the words of an HTTP exception stay, and those of any other do not leave."""

from aiohttp import web

import tightlip

ROOMS = {"garden": [2, 4], "attic": []}


async def first_bed(request: web.Request) -> web.Response:
    if request.match_info["room"] not in ROOMS:
        raise web.HTTPNotFound(text="There is no such room")
    return web.json_response({"beds": ROOMS[request.match_info["room"]][0]})


app = tightlip.shield(web.Application())
app.router.add_get("/rooms/{room}/first", first_bed)
