"""What of an answer is compared, as text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from contract.client import Answer
from tightlip.exchange import reason_phrase

ANSWERS = Path(__file__).parents[1] / "answers"

TELLING = re.compile(
    r"CANARY|/srv/|site-packages|\.py\b|Traceback|(?-i:[a-z](?:Error|Exception)\b)|psycopg|sqlite"
    r"|uvicorn|starlette|fastapi|waitress|werkzeug|flask|quart|django|litestar|falcon|blacksheep"
    r"|bottle|pyramid|aiohttp|sanic|tornado|pydantic|msgspec|python|strawberry|ariadne|graphene"
    r"|graphql",
    re.IGNORECASE,
)
"""What no answer may hold: planted words, places, names of what the application is made of."""

_REFERENCE = re.compile(
    r'(?<=x-error-reference: )\S+|(?<="reference":")[^"]+|(?<=<p>Reference: )[^<]+',
    re.IGNORECASE,
)
_OF_THE_CONNECTION = {"connection", "date", "keep-alive"}
_OF_GOOD_ANSWERS = {"location", "x-error-reference"}


@dataclass(frozen=True)
class Cell:
    """What one application answered to one cause, for the matrix.

    Attributes:
        shown: The picture of the answer.
        tells: Whether it tells of internals, or of what the application is made of.
        is_other: Whether it is none that is right here.
        is_explained: Whether the table of differences speaks of it.
    """

    shown: str
    tells: bool
    is_other: bool
    is_explained: bool


def picture(answer: Answer) -> str:
    """Return what must be the same on all frameworks.

    Of an error that is every byte, but for what HTTP says of the connection; the reason phrase
    shows only where it is not the standard one, and the reference is masked. Of a good answer it
    is the status, the content and where it leads: the rest is the application's.
    """
    if answer.frames:
        return "".join(f"{kind} {content}".strip() + "\n" for kind, content in answer.frames)
    body = answer.body.decode("utf-8", "backslashreplace")
    if answer.status >= 400:
        shown = [
            f"{name}: {value}"
            for name, value in answer.headers
            if name.lower() not in _OF_THE_CONNECTION
        ]
    else:
        shown = sorted(
            f"{name.lower()}: {value}"
            for name, value in answer.headers
            if name.lower() in _OF_GOOD_ANSWERS
        )
        body = "" if 300 <= answer.status < 400 else _content(body)
    end = "\n" if answer.is_whole else "\n(cut)\n"
    text = "\n".join([_status(answer), *shown, "", body]) + end
    return _REFERENCE.sub(lambda found: "*" * len(found[0]), text)


def _status(answer: Answer) -> str:
    phrase = reason_phrase(answer.status)
    return str(answer.status) if answer.reason == phrase else f"{answer.status} {answer.reason}"


def _content(body: str) -> str:
    """Return JSON in one form: how it is spaced is the application's."""
    try:
        return json.dumps(json.loads(body), separators=(",", ":"))
    except ValueError:
        return body


def golden(name: str, *, is_head: bool) -> str:
    """Return the one picture that all frameworks must give; to HEAD it has no body."""
    text = (ANSWERS / f"{name}.txt").read_text(encoding="utf-8")
    return text.partition("\n\n")[0] + "\n\n\n" if is_head else text
