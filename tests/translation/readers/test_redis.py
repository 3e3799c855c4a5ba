from __future__ import annotations

import asyncio
from contextlib import closing
from typing import Any

import pytest
import redis
import redis.asyncio
import redis.exceptions

from tightlip.failure import DatabaseFailure, DatabaseKind


@pytest.fixture
def client(redis_address, prefix):
    with closing(redis.Redis.from_url(redis_address)) as client:
        yield client
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)


def kind(facts: Any, exception: BaseException) -> DatabaseKind:
    failure = facts(exception)
    assert failure == DatabaseFailure(failure.kind)
    return failure.kind


def test_a_closed_port_cannot_be_connected_to(facts, closed_port):
    with pytest.raises(redis.ConnectionError) as raised:
        redis.Redis(port=closed_port, retry=None).ping()
    assert kind(facts, raised.value) is DatabaseKind.CANNOT_CONNECT


def test_an_unknown_host_cannot_be_connected_to(facts):
    with pytest.raises(redis.ConnectionError) as raised:
        redis.Redis(host="nowhere.invalid", retry=None).ping()
    assert kind(facts, raised.value) is DatabaseKind.CANNOT_CONNECT


def test_the_asynchronous_client_tells_the_same(facts, closed_port):
    async def ping() -> None:
        async with redis.asyncio.Redis(port=closed_port, retry=None) as client:
            await client.ping()

    with pytest.raises(redis.ConnectionError) as raised:
        asyncio.run(ping())
    assert kind(facts, raised.value) is DatabaseKind.CANNOT_CONNECT


def test_an_answer_that_takes_too_long_is_a_timeout(facts, redis_address, prefix):
    client = redis.Redis.from_url(redis_address, socket_timeout=0.02, retry=None)
    with closing(client), pytest.raises(redis.TimeoutError) as raised:
        client.blpop([f"{prefix}empty"], timeout=5)
    assert kind(facts, raised.value) is DatabaseKind.STATEMENT_TIMEOUT


def test_an_exhausted_pool_is_read(facts, redis_address):
    pool = redis.ConnectionPool.from_url(redis_address, max_connections=1)
    holding = redis.Redis(connection_pool=pool, single_connection_client=True)
    with pytest.raises(redis.exceptions.ConnectionError) as raised:
        redis.Redis(connection_pool=pool).ping()
    holding.close()
    pool.disconnect()
    # Before 6.4 the driver says it by the class of all that hinders a connection.
    is_told = isinstance(raised.value, redis.exceptions.MaxConnectionsError)
    assert is_told or redis.VERSION < (6, 4)
    expected = DatabaseKind.POOL_EXHAUSTED if is_told else DatabaseKind.CANNOT_CONNECT
    assert kind(facts, raised.value) is expected


def test_wrong_credentials_are_denied(facts, redis_address, prefix):
    client = redis.Redis.from_url(redis_address, username=prefix, password="x", retry=None)
    with closing(client), pytest.raises(redis.AuthenticationError) as raised:
        client.ping()
    assert kind(facts, raised.value) is DatabaseKind.PERMISSION_DENIED


def test_a_command_without_rights_is_denied(facts, client, redis_address, prefix):
    client.acl_setuser(prefix, enabled=True, passwords=["+secret"], commands=["+ping"])
    limited = redis.Redis.from_url(redis_address, username=prefix, password="secret")
    try:
        with closing(limited), pytest.raises(redis.exceptions.NoPermissionError) as raised:
            limited.get(f"{prefix}key")
    finally:
        client.acl_deluser(prefix)
    assert kind(facts, raised.value) is DatabaseKind.PERMISSION_DENIED


def test_a_watched_key_that_others_changed_is_a_serialization_failure(facts, client, prefix):
    with client.pipeline() as pipeline:
        pipeline.watch(f"{prefix}key")
        client.set(f"{prefix}key", 1)
        pipeline.multi()
        pipeline.set(f"{prefix}key", 2)
        with pytest.raises(redis.WatchError) as raised:
            pipeline.execute()
    assert kind(facts, raised.value) is DatabaseKind.SERIALIZATION


def test_a_lock_that_is_not_to_be_had_is_read(facts, client, prefix):
    with client.lock(f"{prefix}lock", timeout=5):
        second = client.lock(f"{prefix}lock", timeout=5, blocking_timeout=0.01)
        with pytest.raises(redis.exceptions.LockError) as raised:
            second.__enter__()
    assert kind(facts, raised.value) is DatabaseKind.LOCK_TIMEOUT


def test_a_command_for_another_type_is_a_fault_of_the_program(facts, client, prefix):
    client.set(f"{prefix}key", 1)
    with pytest.raises(redis.ResponseError) as raised:
        client.lpush(f"{prefix}key", 1)
    assert kind(facts, raised.value) is DatabaseKind.PROGRAMMING


def test_an_unknown_command_is_a_fault_of_the_program(facts, client):
    with pytest.raises(redis.ResponseError) as raised:
        client.execute_command("NOSUCHCOMMAND")
    assert kind(facts, raised.value) is DatabaseKind.PROGRAMMING


def test_a_value_of_a_type_that_redis_lacks_is_a_fault_of_the_program(facts, client, prefix):
    with pytest.raises(redis.DataError) as raised:
        client.set(f"{prefix}key", object())
    assert kind(facts, raised.value) is DatabaseKind.PROGRAMMING


def test_a_script_that_breaks_is_a_fault_of_the_program(facts, client):
    with pytest.raises(redis.ResponseError) as raised:
        client.eval("return nothing.at.all", 0)
    assert kind(facts, raised.value) is DatabaseKind.PROGRAMMING


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("READONLY You can't write against a read only replica.", DatabaseKind.READ_ONLY),
        ("OOM command not allowed when used memory > 'maxmemory'.", DatabaseKind.DISK_FULL),
        ("MISCONF Redis is configured to save RDB snapshots.", DatabaseKind.DISK_FULL),
        ("LOADING Redis is loading the dataset in memory", DatabaseKind.CANNOT_CONNECT),
        ("CLUSTERDOWN Hash slot not served", DatabaseKind.CANNOT_CONNECT),
        ("MASTERDOWN Link with MASTER is down.", DatabaseKind.CANNOT_CONNECT),
        ("TRYAGAIN Multiple keys request during rehashing of slot", DatabaseKind.SERIALIZATION),
        ("NOREPLICAS Not enough good replicas to write.", DatabaseKind.READ_ONLY),
        ("BUSY Redis is busy running a script.", DatabaseKind.LOCK_TIMEOUT),
        ("NOAUTH Authentication required.", DatabaseKind.PERMISSION_DENIED),
        pytest.param(
            "ERR BUSY as a later word",
            DatabaseKind.PROGRAMMING,
            marks=pytest.mark.skipif(
                not hasattr(redis.ResponseError(), "status_code"), reason="the driver cuts off ERR"
            ),
        ),
    ],
)
def test_replies_of_states_that_are_hard_to_make_are_read(facts, client, reply, expected):
    with pytest.raises(redis.RedisError) as raised:
        client.eval("return redis.error_reply(ARGV[1])", 0, reply)
    assert kind(facts, raised.value) is expected


def test_every_exception_of_the_library_has_a_kind(facts):
    classes = [
        value
        for value in vars(redis.exceptions).values()
        if isinstance(value, type) and issubclass(value, redis.RedisError)
    ]
    assert len(classes) > 20
    for cls in classes:
        assert isinstance(facts(cls.__new__(cls)), DatabaseFailure), cls
