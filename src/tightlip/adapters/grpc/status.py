"""Status: an answer as a gRPC status with its `google.rpc.Status` details (AIP-193)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from google.protobuf.any_pb2 import Any as Packed
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status as RichStatus
from grpc import StatusCode

if TYPE_CHECKING:
    from tightlip.responder.responder import Answer, Responder

Metadata: TypeAlias = tuple[tuple[str, str | bytes], ...]

_DETAILS = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True)
class Status:
    """What ends a call.

    Attributes:
        code: The code.
        message: The declared words.
        metadata: The trailing metadata.
    """

    code: StatusCode
    message: str
    metadata: Metadata


LAST_RESORT = Status(StatusCode.INTERNAL, "", ())
"""What ends a call where a status cannot even be built: it says nothing, and cannot fail."""


def status_of(answer: Answer, responder: Responder, code: StatusCode, method: str) -> Status:
    """Return `answer` as a status with `code`.

    `ErrorInfo` carries the error's code as its reason, and as its metadata the declared parameters
    and the reference; its domain is the service's name, which the client called. Refused fields
    stand in `BadRequest`, and the time to wait in `RetryInfo`.
    """
    content = json.loads(responder.last_words(answer))["error"]
    message = content["message"]
    told: dict[str, Any] = {}
    details = content.get("details")
    if isinstance(details, dict):
        told.update(details)
    if "reference" in content:
        told["reference"] = content["reference"]
    parts: list[Any] = [
        ErrorInfo(
            reason=content["code"],
            domain=method.strip("/").rpartition("/")[0],
            metadata={name: _text(value) for name, value in told.items()},
        )
    ]
    if "fields" in content:
        refused = BadRequest()
        for field in content["fields"]:
            refused.field_violations.add(field=field["field"], description=field["message"])
        parts.append(refused)
    retry_after = answer.error.retry_after
    if retry_after is not None:
        waiting = RetryInfo()
        waiting.retry_delay.seconds = retry_after
        parts.append(waiting)
    rich = RichStatus(code=code.value[0], message=message, details=map(_packed, parts))
    return Status(code, message, ((_DETAILS, rich.SerializeToString(deterministic=True)),))


def _packed(part: Any) -> Any:
    packed = Packed()
    packed.Pack(part, deterministic=True)
    return packed


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
