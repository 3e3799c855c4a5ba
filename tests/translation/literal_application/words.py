import logging
import os
from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum, auto
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar, Final, NamedTuple

from starlette.exceptions import HTTPException

GONE = "The item is gone"
SOLD_OUT: Final = "No seats are left"
FIRST = SECOND = "Please try again later"
LONG = "Orders are closed from Friday evening until Monday morning, so please come back then"
LIMIT = 250
CHOSEN = "Payment by card is off" if LIMIT > 1 else "Payment by cash is off"
_PRIVATE = "The door is shut"

FROM_ENVIRONMENT = os.environ.get("LITERAL_APPLICATION_UNSET", "a default of the environment")
FROM_FILE = Path(__file__).read_text().splitlines()[0]
COMPUTED = "the host is " + str(os.getpid())
FORMATTED = f"the process is {os.getpid()}"
TABLE = {"missing": "The page is missing", "gone": GONE, "computed": FORMATTED}
LANGUAGES = {"en": {"late": "It is too late"}, "de": {"late": "Es ist zu spät"}}
DETAILS = {"sold_out": {"code": "sold_out", "message": "The seats are sold out"}}
PAIRS = {"late": (410, "The words of a pair")}
BY_CALL = dict(late="The words for a call")  # noqa: C408 - a plain habit
ORDERED = ("The words at first", "The words at second")
LARGE = {
    "a": "1", "b": "2", "c": "3", "d": "4", "e": "5", "f": "6", "g": "7", "h": "8", "i": "9",
    "j": "10", "k": "11", "l": "12", "m": "13", "n": "14", "o": "15", "p": "16", "q": "17",
    "late": "The words of a large table", "name": GONE,
}  # fmt: skip
CONFIGURED = {"host": os.environ.get("LITERAL_APPLICATION_UNSET", "a default in a table")}
LOGGER = logging.getLogger("literal_application.internal")
READY = {"late": HTTPException(400, "The words of an exception in a table")}
READY_COMPUTED = {"late": HTTPException(400, COMPUTED)}
_IGNORED, UNPACKED = "The words before", "The words that are unpacked"
SPACE = SimpleNamespace(LATE="The words of a namespace")
LISTED = ["The first words", "The second words"]
REBOUND = "The words as written"
PATCHED = "The words as written for a patch"

CLOSED = HTTPException(403, "The shop is closed")
CLOSED_BY_NAME = HTTPException(403, GONE)


class Messages:
    NOT_FOUND = "The account was not found"
    COMPUTED = "".join(("computed ", "in the class body"))
    REBOUND = "A class attribute as written"

    class Orders:
        LATE = "The order came too late"


class MoreMessages(Messages):
    pass


class Reason(Enum):
    EXPIRED = "The coupon expired"
    COMPUTED = "".join(("computed ", "in the Enum body"))


class Text(StrEnum):
    USED = "The coupon was used"
    LOWER = auto()


class Mixed(str, Enum):
    WRONG = "The coupon is wrong"


class Number(IntEnum):
    COUPON = 4711


class Dressed(str, Enum):
    def __new__(cls, value):
        member = str.__new__(cls, f"{value}: connection to 10.0.0.5 refused")
        member._value_ = value
        return member

    BARE = "The dressed coupon"


class Settings:
    HINT = "Please sign in again"

    def __init__(self):
        self.secret = "".join(("kept ", "on the instance"))


settings = Settings()


class View:
    WORDS = "The view is closed"
    __MANGLED = "The view is private"

    def get(self):
        raise HTTPException(403, self.WORDS)

    def get_mangled(self):
        raise HTTPException(403, self.__MANGLED)


class LaterView(View):
    def get(self):
        raise HTTPException(403, super().WORDS)


class Unhelpful:
    WORDS: ClassVar[list[str]] = ["The words of a list"]


class Refusal:
    TABLE = {"late": "The words of a table of a class"}  # noqa: RUF012 - a plain habit
    CONFIGURED = {"host": os.environ.get("LITERAL_APPLICATION_UNSET", "a default in a class")}  # noqa: RUF012

    def refuse(self):
        raise HTTPException(400, self.TABLE["late"])


@dataclass(frozen=True)
class Specification:
    status: int
    words: str


@dataclass(frozen=True, slots=True)
class SlottedSpecification:
    status: int
    words: str


@dataclass
class Defaults:
    late: str = "The words of a default"


@dataclass(slots=True)
class SlottedDefaults:
    late: str = "The words of a default in a slot"


class NamedSpecification(NamedTuple):
    status: int
    words: str


class Paired(Enum):
    LATE = (410, "The words of a pair in an Enum")

    def __init__(self, status, words):
        self.status = status
        self.words = words


SPECIFIED_BY_ENVIRONMENT = Specification(400, os.environ.get("LITERAL_APPLICATION_UNSET", "unset"))
SPECIFICATIONS = {"late": Specification(400, "The words of a specification in a table")}
SPECIFIED = Specification(400, "The words of a specification")
SPECIFIED_BY_NAME = Specification(status=400, words="The words of a specification by name")
SLOTTED = SlottedSpecification(400, "The words in a slot of a specification")
DEFAULTS = Defaults()
SLOTTED_DEFAULTS = SlottedDefaults()
NAMED = NamedSpecification(400, "The words of a named tuple")
