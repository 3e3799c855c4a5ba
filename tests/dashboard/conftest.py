"""An application that fails into a directory, and the incident page that reads it."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from tightlip import Shield
from tightlip.dashboard.access import Rules
from tightlip.dashboard.application import create_dashboard

TOKEN = "a-token-of-the-tests"


class OverTheLimit(Exception):
    def __init__(self, account):
        super().__init__("over the limit")
        self.account = account
        self.add_note("the third attempt")


@pytest.fixture
def fail(directory, exchange):
    """Let a request fail behind a shield; return the reference that its client was given."""

    async def application(scope, receive, send):
        words = scope["query_string"].decode()
        if scope["path"] == "/limits":
            raise OverTheLimit(words)
        if scope["path"] == "/keys":
            raise KeyError(words)
        raise ValueError(f"no price for {words}")

    shielded = Shield(directory=directory.path, sinks=[])(application)

    def call(path="/prices", words="kettle"):
        body = exchange(shielded, path, query_string=words.encode()).body
        return json.loads(body)["error"]["reference"]

    return call


@pytest.fixture
def open_page(directory):
    """Open the incident page as a visitor of the given address."""

    def call(*, host="127.0.0.1", client="127.0.0.1", token=TOKEN, **rules):
        directory.make()
        application = create_dashboard(directory, Rules(token=TOKEN, **rules))
        page = TestClient(
            application,
            base_url=f"http://{host}",
            client=(client, 50000),
            raise_server_exceptions=False,
        )
        if token is not None:
            page.get("/", params={"token": token})
        return page

    return call


@pytest.fixture
def page(open_page):
    """The incident page, opened with its token."""
    return open_page()


@pytest.fixture
def form_token(page):
    """Return what the page's forms bring along."""

    def read(address):
        text = page.get(address).text
        return text.partition('name="form_token" value="')[2].partition('"')[0]

    return read
