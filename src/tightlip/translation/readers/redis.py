"""Reader of redis-py's exceptions (`redis.exceptions`), by class and by the reply's error code."""

from __future__ import annotations

from tightlip.failure import DatabaseFailure, DatabaseKind
from tightlip.translation.foreign import argument, meaning, text

_KINDS = {
    "ConnectionError": DatabaseKind.CANNOT_CONNECT,
    "TimeoutError": DatabaseKind.STATEMENT_TIMEOUT,
    "MaxConnectionsError": DatabaseKind.POOL_EXHAUSTED,
    "BusyLoadingError": DatabaseKind.CANNOT_CONNECT,  # the server starts: it reads its data
    "AuthenticationError": DatabaseKind.PERMISSION_DENIED,
    "AuthenticationWrongNumberOfArgsError": DatabaseKind.PERMISSION_DENIED,
    "AuthorizationError": DatabaseKind.PERMISSION_DENIED,
    "ExternalAuthProviderError": DatabaseKind.CANNOT_CONNECT,
    "NoPermissionError": DatabaseKind.PERMISSION_DENIED,
    "ReadOnlyError": DatabaseKind.READ_ONLY,
    "OutOfMemoryError": DatabaseKind.DISK_FULL,
    "WatchError": DatabaseKind.SERIALIZATION,
    "TryAgainError": DatabaseKind.SERIALIZATION,  # keys are under way between nodes
    "ClusterDownError": DatabaseKind.CANNOT_CONNECT,
    "MasterDownError": DatabaseKind.CANNOT_CONNECT,
    "SlotNotCoveredError": DatabaseKind.CANNOT_CONNECT,
    "ClusterError": DatabaseKind.CANNOT_CONNECT,
    "LockError": DatabaseKind.LOCK_TIMEOUT,
    "AskError": DatabaseKind.INTERNAL,
    "InvalidResponse": DatabaseKind.INTERNAL,
    "ResponseError": DatabaseKind.PROGRAMMING,
    "DataError": DatabaseKind.PROGRAMMING,
    "PubSubError": DatabaseKind.PROGRAMMING,
    "RedisError": DatabaseKind.INTERNAL,
    "RedisClusterException": DatabaseKind.INTERNAL,
}

# Replies that the driver has no class for. The first word of an error reply is its code (Redis
# documentation, "Redis serialization protocol specification", simple errors).
_REPLIES = {
    "BUSY": DatabaseKind.LOCK_TIMEOUT,  # a script runs and does not end
    "UNKILLABLE": DatabaseKind.LOCK_TIMEOUT,
    "MISCONF": DatabaseKind.DISK_FULL,  # snapshots cannot be written, so writes are refused
    "NOREPLICAS": DatabaseKind.READ_ONLY,
    "NOGOODSLAVE": DatabaseKind.CANNOT_CONNECT,
    "MASTERDOWN": DatabaseKind.CANNOT_CONNECT,
    "CLUSTERDOWN": DatabaseKind.CANNOT_CONNECT,
    "LOADING": DatabaseKind.CANNOT_CONNECT,
    "OOM": DatabaseKind.DISK_FULL,
    "READONLY": DatabaseKind.READ_ONLY,
    "NOPERM": DatabaseKind.PERMISSION_DENIED,
    "NOAUTH": DatabaseKind.PERMISSION_DENIED,
    "WRONGPASS": DatabaseKind.PERMISSION_DENIED,
    "TRYAGAIN": DatabaseKind.SERIALIZATION,
}


def read(exception: BaseException) -> DatabaseFailure | None:
    """Return what redis-py tells of `exception`; None if it is none of redis-py's."""
    kind = meaning(exception, "redis", _KINDS)
    if kind is None:
        return None
    if type(exception).__name__ == "ResponseError":
        # Where the driver knows the code, it has cut it off the reply.
        reply = text(exception, "status_code") or text(argument(exception, 0)) or ""
        kind = _REPLIES.get(reply.partition(" ")[0], kind)
    return DatabaseFailure(kind)
