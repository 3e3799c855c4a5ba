from __future__ import annotations

from typing import Any

import pytest

from tightlip.failure import DatabaseFailure, DatabaseKind

psycopg_pool = pytest.importorskip("psycopg_pool", reason="psycopg's pool is not installed")


@pytest.fixture
def pool(postgresql: Any) -> Any:
    place = {
        "host": postgresql.host,
        "port": postgresql.port,
        "user": postgresql.user,
        "password": postgresql.password,
        "dbname": postgresql.database,
    }
    with psycopg_pool.ConnectionPool(kwargs=place, min_size=1, max_size=1, open=True) as pool:
        yield pool


def test_an_exhausted_pool_is_read(facts, pool):
    with pool.connection(), pytest.raises(psycopg_pool.PoolTimeout) as raised:
        pool.getconn(timeout=0.02)
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.POOL_EXHAUSTED)


def test_a_closed_pool_gives_no_connection(facts, pool):
    pool.close()
    with pytest.raises(psycopg_pool.PoolClosed) as raised:
        pool.getconn()
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.CANNOT_CONNECT)
