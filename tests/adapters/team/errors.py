"""The errors of the application: a hierarchy, factories, helpers, and a conversion."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, NoReturn

from fastapi import HTTPException

from . import messages


class ShopError(HTTPException):
    """Any error of the shop: its subclasses say which."""

    status = 400
    words = "This cannot be done"

    def __init__(self, words: str | None = None, **more: Any) -> None:
        super().__init__(self.status, words or self.words, **more)


class NotFoundError(ShopError):
    status = 404
    words = "There is no such thing here"


class CustomerMissingError(NotFoundError):
    words = "This customer is not known"


class QuotaError(ShopError):
    status = 429

    def __init__(self) -> None:
        super().__init__("You have asked too often today", headers={"Retry-After": "60"})


class TransferError(HTTPException):
    @classmethod
    def too_large(cls) -> "TransferError":
        return cls(422, "This amount is above your limit")


def order_not_found() -> HTTPException:
    return HTTPException(status_code=404, detail=messages.ORDER_NOT_FOUND)


def forbidden(role: str) -> HTTPException:
    if role == "guest":
        return HTTPException(403, "Guests cannot do this")
    return HTTPException(403, "Ask an administrator for access")


def ensure(condition: object, words: str = "Check what you have sent", status: int = 400) -> None:
    if not condition:
        raise HTTPException(status, words)


def fail(code: str) -> NoReturn:
    raise HTTPException(409, messages.ERRORS[code])


locked = partial(HTTPException, 423, "Somebody else is editing this")


class DomainError(Exception):
    """What services raise, who know no HTTP."""

    def __init__(self, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.words = words
        self.status = status


class StockError(DomainError):
    pass


def converted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a domain error into an answer."""

    @wraps(function)
    def convert(*arguments: Any, **more: Any) -> Any:
        try:
            return function(*arguments, **more)
        except DomainError as error:
            raise HTTPException(error.status, "The warehouse cannot do this now") from error

    return convert


class RequireRole:
    """A dependency that is given its words."""

    def __init__(self, role: str, words: str) -> None:
        self.role = role
        self.words = words

    def __call__(self) -> None:
        raise HTTPException(403, self.words)
