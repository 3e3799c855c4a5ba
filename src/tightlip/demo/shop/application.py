"""The shop's API. Its handlers answer failures the way that many do; each gives too much away."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeAlias

import httpx
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from tightlip import Shield, on_unique
from tightlip.demo.shop import services, tokens
from tightlip.demo.shop.errors import EmailAlreadyExists

SERVICE = "tightlip-demo-shop"
"""The name of the service in its incidents."""

router = APIRouter()


class NewAccount(BaseModel):
    """What opens an account."""

    name: str
    email: str
    password: Annotated[str, Field(min_length=8)]


class NewEmail(BaseModel):
    """What changes an address."""

    email: str


class NewPayment(BaseModel):
    """What pays an order."""

    order_id: int


def open_session(request: Request) -> Iterator[Session]:
    """Open a session for one request."""
    with request.app.state.open_session() as session:
        yield session


def current_account(authorization: Annotated[str, Header()] = "") -> int:
    """Return the account that the request's token names."""
    try:
        claims = tokens.verify(authorization.removeprefix("Bearer "))
    except tokens.TokenExpiredError as error:
        raise HTTPException(
            401, "Your session has ended. Sign in again", {"WWW-Authenticate": "Bearer"}
        ) from error
    except tokens.TokenError as error:
        raise HTTPException(401, str(error)) from error
    return int(claims["sub"])


Database: TypeAlias = Annotated[Session, Depends(open_session)]
CurrentAccount: TypeAlias = Annotated[int, Depends(current_account)]


@router.post("/accounts", status_code=201)
def create_account(account: NewAccount, session: Database) -> dict[str, Any]:
    """Open an account."""
    created = services.register(session, account.name, account.email, account.password)
    return {"id": created.id}


@router.patch("/accounts/{account_id}")
def change_email(account_id: int, change: NewEmail, session: Database) -> dict[str, Any]:
    """Change the address of an account."""
    try:
        changed = services.change_email(session, account_id, change.email)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    return {"id": changed.id, "email": changed.email}


@router.get("/orders/export")
def export_orders(request: Request) -> StreamingResponse:
    """Give all orders, one line of JSON each."""

    def lines() -> Iterator[str]:
        with request.app.state.open_session() as session:
            yield from services.export(session)

    return StreamingResponse(lines(), media_type="application/x-ndjson")


@router.get("/orders/{order_id}/total")
def order_total(order_id: int, session: Database) -> dict[str, Any]:
    """Say what an order costs."""
    return {"order": order_id, "total": str(services.total(session, order_id))}


@router.post("/payments", status_code=201)
def create_payment(payment: NewPayment, request: Request, session: Database) -> dict[str, Any]:
    """Pay an order."""
    try:
        created = services.charge(session, request.app.state.gateway, payment.order_id)
    except httpx.HTTPError as error:
        raise HTTPException(502, f"{error.request.url}: {error}") from error
    return {"id": created.id}


@router.get("/payments")
def list_payments(account_id: CurrentAccount, session: Database) -> list[dict[str, Any]]:
    """List what the current account has paid."""
    return services.payments_of(session, account_id)


@router.post("/payments/{payment_id}/refund")
def refund_payment(payment_id: int, session: Database) -> Response:
    """Give the money of a payment back."""
    try:
        services.refund(session, payment_id)
    except Exception as error:  # as the shop's authors meant it: nothing gets past here
        return JSONResponse(
            {"success": False, "error": str(error), "trace": traceback.format_exc()}, 500
        )
    return JSONResponse({"success": True})


def create_application(opener: Callable[[], Session], gateway: str) -> FastAPI:
    """Make the shop's application, in debug mode, as it runs in too many places.

    Args:
        opener: Opens a session of the database.
        gateway: The address of the payment gateway.
    """
    app = FastAPI(title="Shop", debug=True)
    app.state.open_session = opener
    app.state.gateway = gateway
    app.include_router(router)
    return app


def create_shield(sinks: list[Any]) -> Shield:
    """Make the shop's guard: `create_shield(…)(app)` is all that its twin has more."""
    return Shield(
        translations=[
            on_unique("accounts_email_key", EmailAlreadyExists),
            on_unique("accounts.email", EmailAlreadyExists),  # SQLite tells the columns only
        ],
        sinks=sinks,
        service_name=SERVICE,
    )
