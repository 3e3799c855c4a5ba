"""Tornado: the reason of an HTTP error stays, and the words of an exception do not leave."""

from tornado.web import Application, HTTPError, RequestHandler

import tightlip

SHIPS = {"Aurora": ["Bergen", "Oban"], "Bold": []}


class NextPort(RequestHandler):
    def get(self, ship: str) -> None:
        if ship not in SHIPS:
            raise HTTPError(404, reason="There is no such ship")
        self.write({"port": SHIPS[ship][0]})


app = tightlip.shield(Application([(r"/ships/(\w+)/port", NextPort)]))
