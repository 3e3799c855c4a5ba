import os
from enum import Enum, IntEnum, StrEnum, auto
from pathlib import Path
from typing import ClassVar, Final

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
TABLE = {"missing": "The page is missing"}
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
