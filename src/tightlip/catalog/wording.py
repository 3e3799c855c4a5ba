"""The wording check: does a declared message speak to a client, or name the machinery?"""

from __future__ import annotations

import re

_LIBRARIES = (
    "aiohttp|aiomysql|aiosqlite|alembic|asyncpg|boto3|botocore|cassandra|celery|clickhouse|"
    "cockroachdb|couchbase|cx_oracle|django|dynamodb|elasticsearch|fastapi|gunicorn|httpx|"
    "hypercorn|jinja2|kafka|kubernetes|mariadb|memcached|mongodb|mongoengine|motor\\.motor|mssql|"
    "mysql|mysqlclient|neo4j|opensearch|oracledb|peewee|postgres|postgresql|psycopg|psycopg2|"
    "pydantic|pymongo|pymysql|pyodbc|rabbitmq|redis|sqlalchemy|sqlite|sqlite3|starlette|tornado|"
    "urllib3|uvicorn|uvloop|werkzeug|wsgi|asgi"
)

_SOURCE_FILES = "py|pyc|rb|go|java|js|ts|php|rs|sql|so|dll"
_SYSTEM_DIRECTORIES = "app|bin|etc|home|opt|root|srv|tmp|usr|var|mnt|proc"

_FORBIDDEN: dict[str, tuple[str, ...]] = {
    "names a class": (
        r"\b[A-Z][A-Za-z0-9]+(?:Error|Exception|Warning|Violation)\b",
        r"<class '|\bobject at 0x[0-9a-fA-F]+|\bNoneType\b|\bTraceback\b",
    ),
    "names a module": (
        r"(?<![@.])\b[a-z_][a-z0-9_]+\.[a-z_][a-z0-9_]+\.[A-Za-z_]\w*\b(?!/)",
        r"\b[a-z_]\w*\.[A-Z][A-Za-z0-9]*[a-z]\w*\b",
    ),
    "names a path": (
        rf"\b\w[\w./\\-]*\.(?:{_SOURCE_FILES})\b(?::\d+)?",
        rf"(?<![\w:/.])/(?:{_SYSTEM_DIRECTORIES})/",
        r"\b[A-Za-z]:\\",
    ),
    "holds SQL": (
        r"\b(?:SELECT|DELETE)\b.{1,200}\bFROM\b",
        r"\bINSERT\s+INTO\b|\bUPDATE\b.{1,80}\bSET\b",
        r"\b(?:CREATE|ALTER|DROP)\s+(?:TABLE|INDEX|VIEW|DATABASE|SCHEMA)\b",
    ),
    "names a library": (rf"(?i:\b(?:{_LIBRARIES})\b)",),
    "names an address": (
        r"\b(?:10|127)(?:\.\d{1,3}){3}\b",
        r"\b(?:192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2}\b",
        r"\blocalhost\b|\.svc\.cluster\.local\b|\b[\w-]+\.internal\b",
    ),
    "holds a credential": (
        r"\b\w+://[^\s/:@]*:[^\s/@]+@",
        r"\b(?:password|secret|token)=\S",
    ),
    "holds a control character": (r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]",),
    "holds a lone surrogate": (r"[\ud800-\udfff]",),
}

_PATTERNS = tuple(
    (fault, re.compile(pattern)) for fault, patterns in _FORBIDDEN.items() for pattern in patterns
)

_LONGEST_MESSAGE = 500


def fault_of(message: str) -> str | None:
    """Say why `message` may not stand in front of a client, or None if it may.

    A message must not be empty or longer than 500 characters, and must not name a class, a
    module, a path, SQL, a library, an address or a credential.
    """
    if not message.strip():
        return "is empty"
    if len(message) > _LONGEST_MESSAGE:
        return f"is longer than {_LONGEST_MESSAGE} characters"
    for fault, pattern in _PATTERNS:
        match = pattern.search(message)
        if match is not None:
            return f"{fault}: {match.group()!r}"
    return None
