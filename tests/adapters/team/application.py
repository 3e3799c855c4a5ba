"""Thirty-four routes, each of which refuses in the manner of one team or another."""

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, status
from fastapi.responses import JSONResponse
from pydantic import BaseModel, field_validator

from . import errors, messages
from .errors import ensure, fail, forbidden, order_not_found
from .messages import ERRORS, Problem, Reason

app = FastAPI()
orders = APIRouter(prefix="/orders")
accounts = APIRouter(prefix="/accounts")
stock = APIRouter(prefix="/stock")


class ErrorBody(BaseModel):
    code: str
    message: str


class Review(BaseModel):
    stars: int

    @field_validator("stars")
    @classmethod
    def in_range(cls, value: int) -> int:
        if value > 5:
            raise ValueError(STARS)
        return value


STARS = "Give one star to five"


@orders.get("/factory")
def by_factory():
    raise order_not_found()


@orders.get("/factory-after-a-failure")
def by_factory_after_a_failure():
    try:
        return {}["order"]
    except KeyError as error:
        raise errors.order_not_found() from error


@orders.get("/constant")
def by_constant():
    raise HTTPException(status.HTTP_409_CONFLICT, detail=messages.ORDER_CLOSED)


@orders.get("/unpacked-constant")
def by_unpacked_constant():
    raise HTTPException(400, messages.BASKET_EMPTY)


@orders.get("/table")
def by_table():
    raise HTTPException(400, detail=ERRORS["coupon_expired"])


@orders.get("/table-in-a-helper")
def by_table_in_a_helper():
    fail("coupon_used")


@orders.get("/constant-in-a-table")
def by_constant_in_a_table():
    raise HTTPException(400, ERRORS.get("order_closed"))


@orders.get("/detail")
def by_detail():
    raise HTTPException(402, detail=messages.DETAILS["card_declined"])


@orders.get("/detail-of-its-own")
def by_detail_of_its_own():
    raise HTTPException(402, detail={"code": "CARD_LOST", "message": "Your card was reported lost"})


@orders.get("/detail-in-a-local")
def by_detail_in_a_local():
    detail = {"code": "CARD_STOLEN", "message": "Your card was reported stolen"}
    raise HTTPException(status_code=402, detail=detail)


@orders.get("/model")
def by_model():
    body = ErrorBody(code="CARD_NEW", message="Your card is not active yet")
    raise HTTPException(402, body.model_dump())


@orders.get("/model-in-the-raise")
def by_model_in_the_raise():
    raise HTTPException(
        402, ErrorBody(code="CARD_OLD", message="Your card is too old").model_dump()
    )


@accounts.get("/language/{language}")
def by_language(language: str):
    words = messages.TRANSLATIONS[language]["sold_out"]
    raise HTTPException(409, words)


@accounts.get("/enum")
def by_enum():
    raise HTTPException(403, Reason.SUSPENDED)


@accounts.get("/enum-value")
def by_enum_value():
    raise HTTPException(403, {"reason": Reason.UNVERIFIED.value, "retry": True})


@accounts.get("/enum-of-pairs")
def by_enum_of_pairs():
    problem = Problem.ADDRESS_UNKNOWN
    raise HTTPException(problem.status, problem.words)


@accounts.get("/enum-unpacked")
def by_enum_unpacked():
    raise HTTPException(*Problem.SLOT_TAKEN.value)


@accounts.get("/data-class")
def by_data_class():
    refusal = messages.REFUND_TOO_LATE
    raise HTTPException(refusal.status, {"code": refusal.code, "message": refusal.words})


@accounts.get("/data-class-in-a-table")
def by_data_class_in_a_table():
    raise HTTPException(409, messages.CATALOG["refund_done"].words)


@accounts.get("/named-tuple")
def by_named_tuple():
    raise HTTPException(*messages.REVIEW_CLOSED)


@accounts.get("/hierarchy")
def by_hierarchy():
    raise errors.CustomerMissingError


@accounts.get("/hierarchy-with-words")
def by_hierarchy_with_words():
    raise errors.NotFoundError("This address book is empty")


@accounts.get("/quota")
def by_quota():
    raise errors.QuotaError


@accounts.get("/class-method")
def by_class_method():
    raise errors.TransferError.too_large()


@accounts.get("/role/{role}")
def by_role(role: str):
    raise forbidden(role)


@stock.get("/ensure")
def by_ensure():
    ensure(False, "Choose a warehouse first", 409)


@stock.get("/ensure-default")
def by_ensure_default():
    ensure(False)


@stock.get("/partial")
def by_partial():
    raise errors.locked()


@stock.get("/converted")
@errors.converted
def by_conversion():
    raise errors.StockError("shelf 7 of hall B reports minus 3", 503)


@stock.post("/validator")
def by_validator(review: Review):
    return review


@stock.get("/domain")
def by_domain():
    raise errors.DomainError("Nothing is left of this", 409)


@stock.get("/domain-passed-on")
def by_domain_passed_on():
    try:
        raise errors.StockError("Nothing is left of that", 409)
    except errors.DomainError as error:
        raise HTTPException(error.status, error.words) from error


@stock.get("/role", dependencies=[Depends(errors.RequireRole("admin", "For administrators only"))])
def by_dependency():
    return {}


@stock.get("/formatted/{number}")
def by_format(number: Annotated[int, "how many"]):
    raise HTTPException(409, f"Only {number} of these are left")


@app.exception_handler(errors.DomainError)
def answer_domain_error(_: Request, error: errors.DomainError) -> JSONResponse:
    return JSONResponse({"message": error.words}, error.status)


for router in (orders, accounts, stock):
    app.include_router(router)

LITERALS = {
    "/orders/factory": "This order does not exist",
    "/orders/factory-after-a-failure": "This order does not exist",
    "/orders/constant": "This order is closed and cannot be changed",
    "/orders/unpacked-constant": "Your basket is empty",
    "/orders/table": "This coupon has expired",
    "/orders/table-in-a-helper": "This coupon was used before",
    "/orders/constant-in-a-table": "This order is closed and cannot be changed",
    "/orders/detail": "Your bank declined the card",
    "/orders/detail-of-its-own": "Your card was reported lost",
    "/orders/detail-in-a-local": "Your card was reported stolen",
    "/orders/model-in-the-raise": "Your card is too old",
    "/accounts/language/en": "This item is sold out",
    "/accounts/language/de": "Dieser Artikel ist ausverkauft",
    "/accounts/enum": "Your account is suspended",
    "/accounts/enum-value": "Confirm your address first",
    "/accounts/enum-of-pairs": "We cannot deliver to this address",
    "/accounts/enum-unpacked": "This delivery slot was just taken",
    "/accounts/data-class": "Refunds end thirty days after delivery",
    "/accounts/data-class-in-a-table": "This order was refunded already",
    "/accounts/named-tuple": "Reviews open after delivery",
    "/accounts/hierarchy": "This customer is not known",
    "/accounts/hierarchy-with-words": "This address book is empty",
    "/accounts/quota": "You have asked too often today",
    "/accounts/class-method": "This amount is above your limit",
    "/accounts/role/guest": "Guests cannot do this",
    "/accounts/role/clerk": "Ask an administrator for access",
    "/stock/ensure": "Choose a warehouse first",
    "/stock/ensure-default": "Check what you have sent",
    "/stock/partial": "Somebody else is editing this",
    "/stock/converted": "The warehouse cannot do this now",
    "/stock/validator": "Give one star to five",
}
"""Words that the authors wrote out, by the route that says them: all are to reach the client."""

WITHHELD = {
    "/orders/model": "Your card is not active yet",
    "/stock/domain": "Nothing is left of this",
    "/stock/domain-passed-on": "Nothing is left of that",
    "/stock/role": "For administrators only",
    "/stock/formatted/3": "Only 3 of these are left",
}
"""Words that no proof reaches: a local made by a call, an exception of another kind, by hand or
passed on, an instance, a formatted text."""
