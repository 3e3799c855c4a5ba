import importlib.util
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import tightlip

JSON = {"json": {}}
REQUESTS = [
    ("GET", "/items/baz", {}, 404, "Item not found"),
    ("GET", "/items-header/baz", {}, 404, "Item not found here"),
    ("GET", "/guarded", {}, 400, "X-Token header invalid"),
    ("GET", "/keyed", {}, 400, "X-Key header invalid"),
    ("GET", "/users/me", {}, 401, "Could not validate credentials"),
    ("GET", "/users/me", {"headers": {"authorization": "Bearer idle"}}, 400, "Inactive user"),
    (
        "GET",
        "/users/me/items",
        {"headers": {"authorization": "Bearer good"}},
        403,
        "Not enough permissions",
    ),
    (
        "POST",
        "/token",
        {"json": {"username": "eve", "password": "x"}},
        400,
        "Incorrect username or password",
    ),
    ("POST", "/token", {"json": {"username": "bob", "password": "y"}}, 400, "Wrong password"),
    ("POST", "/items", {"json": {"name": "Foo"}}, 409, "An item with this name already exists"),
    ("PUT", "/items/bar", {"json": {"name": "x"}}, 403, "You can only update the item: foo"),
    ("DELETE", "/items/baz", {}, 404, "There is no such item to delete"),
    ("GET", "/owners/baz", {}, 404, "This item has no owner"),
    (
        "POST",
        "/files",
        {"files": {"file": ("a.txt", b"x")}},
        415,
        "Only comma-separated files are accepted",
    ),
    ("GET", "/search", {}, 400, "Search for at least one word"),
    ("GET", "/tea", {}, 400, "The teapot is short and stout"),
    ("GET", "/sunday", {}, 503, "The shop is closed on Sundays"),
    ("GET", "/vip", {}, 403, "Only for members"),
    ("POST", "/orders/1/pay", {}, 402, "Your card was declined"),
    ("POST", "/orders/4/ship", {}, 409, "Not enough items in stock"),
    ("GET", "/orders/2", {}, 404, "Order not found"),
    (
        "POST",
        "/orders/1/cancel",
        {"json": {"reason": "late"}},
        409,
        "This order is on its way and can no longer be cancelled",
    ),
]


@pytest.fixture(scope="module")
def client():
    path = Path(__file__).with_name("tutorial.py")
    spec = importlib.util.spec_from_file_location("tutorial_application", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    app = tightlip.Shield(sinks=["memory"])(module.app)
    yield TestClient(app, raise_server_exceptions=False)
    del sys.modules[spec.name]


def test_the_tutorial_has_at_least_twenty_routes():
    assert len({(method, path) for method, path, *_ in REQUESTS}) >= 20


@pytest.mark.parametrize("case", REQUESTS, ids=[case[4] for case in REQUESTS])
def test_the_good_words_of_the_tutorial_survive(client, case):
    method, path, options, status, words = case

    response = client.request(method, path, **options)

    assert response.status_code == status
    assert response.json()["error"]["message"] == words


def test_a_detail_of_literals_survives_as_details(client):
    response = client.get("/search", params={"q": "x", "limit": 200})

    assert response.json()["error"]["details"] == {"reason": "Ask for fewer results", "limit": 100}


def test_headers_of_the_tutorial_are_kept_where_they_may_leave(client):
    refused = client.get("/users/me")
    closed = client.get("/sunday")
    chatty = client.get("/items-header/baz")

    assert refused.headers["www-authenticate"] == "Bearer"
    assert closed.headers["retry-after"] == "3600"
    assert "x-error" not in chatty.headers
