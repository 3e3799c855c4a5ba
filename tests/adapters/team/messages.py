"""The words of the application, in the forms in which teams keep them."""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, NamedTuple

ORDER_NOT_FOUND: Final = "This order does not exist"
ORDER_CLOSED = "This order is closed and cannot be changed"
BASKET_EMPTY, BASKET_FULL = "Your basket is empty", "Your basket is full"

ERRORS = {
    "coupon_expired": "This coupon has expired",
    "coupon_used": "This coupon was used before",
    "order_closed": ORDER_CLOSED,
}

DETAILS = {
    "card_declined": {"code": "CARD_DECLINED", "message": "Your bank declined the card"},
    "card_expired": {"code": "CARD_EXPIRED", "message": "Your card has expired"},
}

TRANSLATIONS = {
    "en": {"sold_out": "This item is sold out", "too_many": "You may order five of these"},
    "de": {"sold_out": "Dieser Artikel ist ausverkauft", "too_many": "Höchstens fünf Stück"},
}


class Reason(StrEnum):
    """Why an account may not do something."""

    SUSPENDED = "Your account is suspended"
    UNVERIFIED = "Confirm your address first"


class Problem(Enum):
    """A status and its words."""

    ADDRESS_UNKNOWN = (422, "We cannot deliver to this address")
    SLOT_TAKEN = (409, "This delivery slot was just taken")

    def __init__(self, status: int, words: str) -> None:
        self.status = status
        self.words = words


@dataclass(frozen=True, slots=True)
class Specification:
    """One error of the catalog."""

    status: int
    code: str
    words: str


REFUND_TOO_LATE = Specification(409, "REFUND_TOO_LATE", "Refunds end thirty days after delivery")
CATALOG = {"refund_done": Specification(409, "REFUND_DONE", "This order was refunded already")}


class Answer(NamedTuple):
    """A status and words."""

    status: int
    words: str


REVIEW_CLOSED = Answer(403, "Reviews open after delivery")
