"""Celery: real workers on a real broker, Redis, each with queues of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid

import pytest
import redis
from celery import Celery
from celery.exceptions import WorkerLostError

from tightlip import Shield, shield
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import drain, open_store
from tightlip.responder.policy import ConfigurationError

REDIS = os.environ.get("TIGHTLIP_TEST_REDIS", "redis://127.0.0.1:6379/0")

WORKER = """
import os

from celery import Celery

import tightlip

folder = os.environ["FOLDER"]
app = Celery("shop", broker=os.environ["BROKER"])
app.conf.broker_transport_options = {"global_keyprefix": os.environ["PREFIX"]}
app.conf.worker_hijack_root_logger = False
app.conf.worker_lost_wait = 0.1


class CartEmpty(tightlip.PublicError):
    status = 409
    message = "The cart is empty"


class Unsendable(Exception):
    def __init__(self, words):
        super().__init__(words)
        self.held = open(os.devnull)


@app.task(name="shop.divide")
def divide(left, right):
    return left / right


@app.task(name="shop.unsendable")
def unsendable():
    raise Unsendable("a canary in words")


@app.task(name="shop.declared")
def declared():
    raise CartEmpty


@app.task(name="shop.again", bind=True, max_retries=1, default_retry_delay=0)
def again(self):
    try:
        {}["missing key"]
    except KeyError as error:
        raise self.retry(exc=error)


@app.task(name="shop.lost")
def lost():
    os._exit(3)


@app.task(name="shop.done")
def done():
    open(folder + "/done", "w").close()


tightlip.Shield(directory=folder + "/private", sinks=[])(app)
"""


@pytest.fixture
def work(tmp_path):
    """Have a worker of the given pool do tasks, one after the other; return what was recorded."""
    private = PrivateDirectory(tmp_path / "private")

    def recorded():
        with open_store(private, print) as store:
            drain(private, store)
            return [store.find(found.reference).as_dict() for found in store.newest()]

    def run(pool, *tasks, count):
        (tmp_path / "shop.py").write_text(WORKER)
        prefix = f"celery-{uuid.uuid4().hex}-"
        command = [sys.executable, "-m", "celery", "-A", "shop", "worker", "--pool", pool]
        environment = {**os.environ, "FOLDER": str(tmp_path), "BROKER": REDIS, "PREFIX": prefix}
        with subprocess.Popen(
            [*command, "--concurrency=1", "--without-gossip", "--without-mingle"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as worker:
            try:
                client = Celery("client", broker=REDIS)
                client.conf.broker_transport_options = {"global_keyprefix": prefix}
                for name, *arguments in tasks:
                    client.send_task(name, arguments)
                client.send_task("shop.done")
                until = time.monotonic() + 60
                client.close()
                while not (tmp_path / "done").exists() or len(recorded()) < count:
                    assert worker.poll() is None, worker.stdout.read()
                    assert time.monotonic() < until
                    time.sleep(0.05)
            finally:
                worker.terminate()
                worker.communicate(timeout=60)
                with redis.Redis.from_url(REDIS) as broker:
                    for key in broker.scan_iter(f"{prefix}*"):
                        broker.delete(key)
        return recorded()

    return run


@pytest.mark.parametrize("pool", ["solo", "prefork", "threads"])
def test_what_fails_in_a_worker_is_recorded_once(work, pool):
    incidents = work(
        pool,
        ("shop.divide", 1, 0),
        ("shop.divide", 4, 2),
        ("shop.unsendable",),
        ("shop.again",),
        count=3,
    )
    told = sorted((each["http.route"], each["exception.type"]) for each in incidents)
    assert told == [
        ("shop.again", "KeyError"),
        ("shop.divide", "ZeroDivisionError"),
        ("shop.unsendable", "shop.Unsendable"),
    ]
    (divide,) = [each for each in incidents if each["http.route"] == "shop.divide"]
    assert divide["event_name"] == "celery.task.failed"
    assert divide["http.request.method"] == "TASK"
    assert "http.response.status_code" not in divide
    assert divide["facts"]["messaging.system"] == "celery"
    assert len(divide["facts"]["messaging.message.id"]) == 36
    frame = divide["exceptions"][0]["frames"][-1]
    assert frame["source"] == "return left / right"
    assert frame["locals"] == {"left": 1, "right": 0}


def test_a_declared_error_is_recorded_as_well_since_nobody_is_told(work):
    (incident,) = work("solo", ("shop.declared",), count=1)
    assert incident["error.code"] == "CART_EMPTY"
    assert incident["exception.message"] == "CART_EMPTY: The cart is empty"


def test_a_process_that_was_lost_is_recorded_by_its_parent(work):
    (incident,) = work("prefork", ("shop.lost",), count=1)
    assert incident["exception.type"].endswith(WorkerLostError.__name__)
    assert incident["http.route"] == "shop.lost"


@pytest.fixture
def shop():
    app = Celery("eager", broker="memory://", set_as_current=False)

    @app.task(name="eager.fail", shared=False)
    def fail():
        raise LookupError("gone")

    return app


def test_applied_twice_it_counts_once(shop, sink):
    shielded = Shield(directory=None, sinks=[sink])
    assert shielded(shop) is shop
    assert Shield(directory=None, sinks=[sink])(shop) is shop
    assert shop.tasks["eager.fail"].apply().failed()
    assert [incident["exception.type"] for incident in sink.incidents] == ["LookupError"]


def test_what_the_caller_gets_is_the_callers(shop, sink):
    Shield(directory=None, sinks=[sink])(shop)
    with pytest.raises(LookupError):
        shop.tasks["eager.fail"].apply(throw=True)
    assert sink.incidents == ()


def test_each_application_has_a_record_of_its_own(shop, sink):
    other = Celery("other", broker="memory://", set_as_current=False)
    Shield(directory=None, sinks=[sink])(other)
    assert shop.tasks["eager.fail"].apply().failed()
    assert sink.incidents == ()


def test_a_failing_record_fails_no_task(shop, monkeypatch):
    class Broken:
        def send(self, incident):
            raise OSError

        def close(self):
            pass

    Shield(directory=None, sinks=[Broken()])(shop)
    result = shop.tasks["eager.fail"].apply()
    assert isinstance(result.result, LookupError)


def test_of_celery_only_the_application_is_taken(shop):
    with pytest.raises(ConfigurationError, match=r"celery\.Celery"):
        shield(shop.tasks["eager.fail"])
