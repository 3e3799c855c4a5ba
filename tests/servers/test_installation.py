"""What a server writes is replaced where we know it, and told where we do not."""

from __future__ import annotations

import logging
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tightlip import serving
from tightlip.serving import LOADED_WITH


def run(program: str) -> str:
    """Run `program` in a process of its own, since what is replaced stays replaced."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def server(monkeypatch):
    """A server that is not installed yet, and says what its module returns."""
    monkeypatch.setattr(serving, "_DONE", {})
    module = SimpleNamespace(install=lambda: iter(()))
    monkeypatch.setattr(serving, "find", lambda seam, name: module if name == "canned" else None)
    return module


@pytest.mark.parametrize("order", ["before", "after"])
def test_every_server_that_is_loaded_before_or_after_the_application_speaks_our_words(order):
    servers = [f"import {module}" for module in LOADED_WITH.values()]
    ours = ["serving.install_everywhere()"]
    program = [
        "from tightlip import serving",
        *(servers + ours if order == "before" else ours + servers),
        "print(dict(sorted(serving._DONE.items())))",
    ]
    # Nothing is left: all that we replace is there in the releases that are installed.
    assert run("\n".join(program)) == str(dict.fromkeys(sorted(LOADED_WITH), ()))


def test_to_shield_an_application_is_enough():
    program = (
        "import tightlip, uvicorn\n"
        "async def application(scope, receive, send): ...\n"
        "tightlip.shield(application)\n"
        "from uvicorn.protocols.http.h11_impl import H11Protocol\n"
        "print(H11Protocol.send_400_response.__module__)"
    )
    assert run(program) == "tightlip.servers.uvicorn"


FRAMEWORKS_OWN = """
import sys
from tightlip import serving
asked = []
serving.install_everywhere = lambda: asked.append(framework)

framework = "django"
from django.conf import settings
settings.configure(
    MIDDLEWARE=["tightlip.adapters.django.ShieldMiddleware"], ROOT_URLCONF="shop"
)
from django.core.wsgi import get_wsgi_application
get_wsgi_application()

framework = "pyramid"
from pyramid.config import Configurator
Configurator().include("tightlip.adapters.pyramid")

from tightlip.adapters import (
    aiohttp, blacksheep, bottle, falcon, flask, litestar, quart, sanic, starlette, tornado
)
import aiohttp.web, blacksheep, bottle, falcon.asgi, flask, litestar, quart, sanic, tornado.web

adapters = "tightlip.adapters."
for framework, shields in {
    "aiohttp": lambda own: own.setup(aiohttp.web.Application()),
    "blacksheep": lambda own: own.use_shield(blacksheep.Application()),
    "bottle": lambda own: bottle.Bottle().install(own.ShieldPlugin()),
    "falcon": lambda own: own.setup(falcon.asgi.App()),
    "flask": lambda own: own.ShieldExtension(flask.Flask("shop")),
    "litestar": lambda own: litestar.Litestar(plugins=[own.ShieldPlugin()]),
    "quart": lambda own: own.ShieldExtension(quart.Quart("shop")),
    "sanic": lambda own: own.setup(sanic.Sanic("shop")),
    "starlette": lambda own: own.ShieldMiddleware(None),
    "tornado": lambda own: own.setup(tornado.web.Application()),
}.items():
    shields(sys.modules[adapters + framework])
print(*sorted(set(asked)))
"""


def test_the_framework_s_own_way_is_enough_too():
    assert run(FRAMEWORKS_OWN).split() == [
        *("aiohttp", "blacksheep", "bottle", "django", "falcon", "flask", "litestar", "pyramid"),
        *("quart", "sanic", "starlette", "tornado"),
    ]


def test_uvicorn_has_no_banner_where_middleware_shields_while_the_application_starts():
    program = (
        "import asyncio\n"
        "from uvicorn import Config, Server\n"
        "from tightlip.serving import install_everywhere\n"
        "async def application(scope, receive, send):\n"
        "    assert (await receive())['type'] == 'lifespan.startup'\n"
        "    install_everywhere()\n"
        "    await send({'type': 'lifespan.startup.complete'})\n"
        "    await receive()\n"
        "    await send({'type': 'lifespan.shutdown.complete'})\n"
        "async def main():\n"
        "    server = Server(Config(application, port=0, log_level='error'))\n"
        "    serving = asyncio.create_task(server.serve())\n"
        "    while not server.server_state.default_headers:\n"
        "        await asyncio.sleep(0)\n"
        "    server.should_exit = True\n"
        "    await serving\n"
        "    print([name.decode() for name, _ in server.server_state.default_headers])\n"
        "asyncio.run(main())"
    )
    assert run(program) == "['date']"


def test_a_server_that_nobody_loads_is_not_loaded_by_us():
    program = (
        "import sys\nfrom tightlip import serving\nserving.install_everywhere()\n"
        "print(sorted({'uvicorn', 'gunicorn', 'waitress', 'werkzeug', 'twisted'} & set(sys.modules)))"
    )
    assert run(program) == "[]"


def test_a_part_that_a_release_has_changed_is_told_and_the_rest_is_replaced():
    program = (
        "import logging\n"
        "from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle\n"
        "H11Protocol.send_400_response = lambda self, message, reason: None\n"
        "from tightlip.serving import install\n"
        "print(*install('uvicorn'))\n"
        "from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol\n"
        "print(HttpToolsProtocol.send_400_response.__module__)"
    )
    assert run(program).splitlines() == [
        "H11Protocol.send_400_response takes (self message reason), not (self msg)",
        "tightlip.servers.uvicorn",
    ]


def test_what_could_not_be_replaced_is_warned_of_once(server, caplog):
    server.install = lambda: iter(["Writer.write takes (self), not (self text)"])
    for _ in range(2):
        assert serving.install("canned") == ("Writer.write takes (self), not (self text)",)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        "canned still says some things in its own words: Writer.write takes (self), not (self text)"
    )


def test_a_server_without_a_module_is_an_error(server):
    with pytest.raises(LookupError, match="no module for the server 'nginx'"):
        serving.install("nginx")


def test_a_module_that_fails_keeps_no_application_from_its_start(server, monkeypatch, caplog):
    def fail():
        raise AttributeError("gone")

    server.install = fail
    monkeypatch.setattr(serving, "LOADED_WITH", {"canned": "sys"})
    serving.install_everywhere()
    assert [record.getMessage() for record in caplog.records] == [
        "canned still speaks in its own words"
    ]
