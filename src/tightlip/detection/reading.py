"""Reading: what is known of a text before it is read, and how it is to be taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

_FIRST_ERROR = 400


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a text that is to be scanned.

    Attributes:
        status: The HTTP status of the answer, where it is known.
        content_type: The value of `content-type`, with its parameters.
        content_encoding: The value of `content-encoding`, such as `gzip`.
        kind: `body`, or `header` for a header field, written `Name: value` or its value alone, or
            `piece` for a piece of a stream, of which nothing tells whether it speaks of a failure.
        weighs_all: Whether weak words may count all over the text: in an error, and in a header
            field.
    """

    status: int | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    kind: Literal["body", "header", "piece"] = "body"
    weighs_all: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weighs_all", self.is_failing or self.kind == "header")

    @property
    def is_failing(self) -> bool:
        """Whether the answer is an error, so that weak words count."""
        return self.status is not None and self.status >= _FIRST_ERROR

    @property
    def media_type(self) -> str:
        """The media type in lower case, without parameters; empty where it is not known."""
        return (self.content_type or "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The declared charset in lower case, where there is one."""
        for parameter in (self.content_type or "").split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'").lower() or None
        return None


UNKNOWN = Reading()
"""Nothing is known: the answer may be a success."""

FAILING = Reading(status=500)
"""Words that stand in an error."""
