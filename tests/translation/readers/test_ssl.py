from __future__ import annotations

import socket
import ssl
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tightlip.failure import NetworkFailure, NetworkKind


def test_a_service_without_tls_is_unreachable(facts, upstream):
    port = urlsplit(upstream("no HTTP")).port
    context = ssl.create_default_context()
    connection = socket.create_connection(("127.0.0.1", port))
    with closing(connection), pytest.raises(ssl.SSLError) as raised:
        context.wrap_socket(connection, server_hostname="localhost")
    assert facts(raised.value) == NetworkFailure(NetworkKind.UNREACHABLE)
