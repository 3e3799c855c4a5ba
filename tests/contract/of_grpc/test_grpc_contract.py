"""gRPC: every server, every kind of method, every cause: one answer."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import grpc
import pytest

from contract.grpc_calls import ask, begin, on_asyncio, on_threads
from contract.grpc_services import KINDS, LEFT
from contract.picture import TELLING
from tightlip.incidents.sinks.memory import MemorySink

ANSWERS = Path(__file__).parent / "answers"
SERVERS = {
    "threads": on_threads,
    "asyncio": partial(on_asyncio, is_async=True),
    "asyncio-plain": partial(on_asyncio, is_async=False),
}
CAUSES = {
    "good": "good",
    "unexpected": "unexpected",
    "declared": "declared",
    "database": "database",
    "leaves": "unexpected",
    "cancelled": "unexpected",
    "literal_abort": "literal_abort",
    "formatted_abort": "not_found",
    "rich_status": "precondition",
    "set_details": "set_details",
    "set_formatted_details": "not_found",
    "trailing_metadata": "declared_recorded",
    "details_of_a_good_call": "good",
    "unreadable": "unreadable",
    "unwritable": "unexpected",
    "leak": "unexpected",
    "exception_text": "unexpected",
    "no_such_word": "unexpected",
}
"""What the client asks for, and the name of the one answer to it."""


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    """A server, as a channel to it and its sink."""
    sink = MemorySink()
    with (
        SERVERS[request.param](sinks=[sink], directory=None) as port,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield channel, sink


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cause", CAUSES)
def test_each_cell_of_the_contract_of_grpc(server, cause, kind):
    channel, sink = server
    ended = ask(channel, cause, kind)
    golden = (ANSWERS / f"{CAUSES[cause]}.txt").read_text(encoding="utf-8")
    if kind.endswith("Stream") and cause != "unreadable":
        golden = f"message first\n{golden}"
    assert ended.picture == golden
    assert TELLING.search(ended.everything) is None, ended.everything
    if ended.reference is not None:
        assert sink.find(ended.reference) is not None


def test_every_answer_is_one_to_a_cause():
    assert set(CAUSES.values()) == {path.stem for path in ANSWERS.iterdir()}


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_that_did_not_leave_is_in_the_record(server, kind):
    channel, sink = server
    ask(channel, "trailing_metadata", kind)
    (withheld,) = sink.incidents[-1]["withheld"]
    assert withheld["where"] == "trailing metadata"
    assert "x-note: CANARY" in withheld["text"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_leaves_is_no_failure_and_the_server_lives_on(server, kind):
    channel, sink = server
    known = len(sink.incidents)
    LEFT.clear()
    call = begin(channel, "waiting", kind)
    if kind.endswith("Stream"):
        next(call)  # so it is under way
    call.cancel()
    assert call.code() is grpc.StatusCode.CANCELLED
    LEFT.set()
    assert ask(channel, "good", kind).messages[-1] == "good"
    assert len(sink.incidents) == known, sink.incidents[-1].as_json()
