"""A page on which the guard would find a secret is shown without what looks like one."""

from __future__ import annotations

import json

import pytest

from tightlip import Shield
from tightlip.dashboard.withholding import without_credentials

PLAIN = str


def connect(**options):
    raise ConnectionError(f"{len(options)} options did not help")


async def application(scope, receive, send):
    settings = {"code": "kestrel4410"}
    connect(host="db", password=PLAIN(settings["code"]))


def test_a_line_that_reads_a_password_keeps_no_page_back(directory, exchange, page):
    shielded = Shield(directory=directory.path, sinks=[])(application)
    reference = json.loads(exchange(shielded, "/").body)["error"]["reference"]
    answer = page.get(f"/incidents/{reference}")
    assert answer.status_code == 200
    assert "2 options did not help" in answer.text
    assert "connect(host=&#34;db&#34;, [withheld]" in answer.text
    assert page.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("shown", "left"),
    [
        ("<p>nothing &amp; no one</p>", "<p>nothing &amp; no one</p>"),
        ("<td>pwd=X(Y(113)): 1</td>", "<td>[withheld] 1</td>"),
        (
            "<a>https://ada:kestrel4410@db.example/x</a><b>password=kestrel4411</b>",
            "<a>https[withheld]db.example/x</a><b>[withheld]</b>",
        ),
    ],
)
def test_the_rest_of_a_page_stays(shown, left):
    assert without_credentials(shown) == left
