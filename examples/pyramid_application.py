"""Pyramid: the words of an HTTP exception stay, and those of another do not leave."""

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPNotFound
from pyramid.request import Request

import tightlip

GARDENS = {"rose": ["tea rose"], "rock": []}


def first_plant(request: Request) -> dict[str, str]:
    if request.matchdict["garden"] not in GARDENS:
        raise HTTPNotFound("There is no such garden")
    return {"plant": GARDENS[request.matchdict["garden"]][0]}


with Configurator() as config:
    config.add_route("plant", "/gardens/{garden}/plants/first")
    config.add_view(first_plant, route_name="plant", renderer="json")
    app = tightlip.shield(config.make_wsgi_app())
