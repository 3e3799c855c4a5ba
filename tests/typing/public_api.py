"""What a user's type checker accepts and refuses; read by mypy and basedpyright, never run.

A line that must be refused carries a `type: ignore`; both checkers report one that is not needed.
"""

from __future__ import annotations

from typing import Annotated, assert_type

from fastapi import FastAPI
from starlette.applications import Starlette

import tightlip
from tightlip import MaxLength, PublicError, Shield, on_exception, on_unique


class EmailAlreadyExists(PublicError):
    status = 409
    message = "An account with this email already exists"


class SoldOut(PublicError):
    status = 409
    message = "Only {available} seats are left"
    available: int


class TooBusy(PublicError):
    status = 503
    message = "The {service} is busy"
    service: Annotated[str, MaxLength(40)]
    retry_after: int | None = 5


def raises_a_declared_error() -> None:
    raise EmailAlreadyExists


def raises_it_called() -> None:
    raise EmailAlreadyExists()  # noqa: RSE102 - users write both forms


def gives_parameters_by_name_and_type() -> None:
    sold_out = SoldOut(available=3)
    assert_type(sold_out.available, int)
    SoldOut(available="x")  # type: ignore[arg-type]
    SoldOut()  # type: ignore[call-arg]
    SoldOut(3)  # type: ignore[call-arg]
    SoldOut(available=3, left=3)  # type: ignore[call-arg]
    # mypy makes no constructor for a class without parameters, and lets these pass.
    EmailAlreadyExists(email="a@b.example")  # pyright: ignore[reportCallIssue]
    EmailAlreadyExists(status=500)  # pyright: ignore[reportCallIssue]
    TooBusy(service="mail")
    TooBusy(service="mail", retry_after=30)


def keeps_the_type_of_the_application() -> None:
    assert_type(tightlip.shield(FastAPI()), FastAPI)
    assert_type(Shield()(FastAPI()), FastAPI)
    assert_type(tightlip.shield(Starlette()), Starlette)


def takes_known_settings_in_their_form() -> None:
    Shield(translations=[on_unique("users_email_key", EmailAlreadyExists)])
    Shield(sinks=["logging"], service_name="orders", headers={"x-frame-options": "DENY"})
    Shield(unknown=1)  # type: ignore[call-arg]
    Shield(service_name=1)  # type: ignore[arg-type]
    Shield(translations=on_unique("users_email_key", EmailAlreadyExists))  # type: ignore[arg-type]


def translates_to_public_errors_alone() -> None:
    on_exception(KeyError, EmailAlreadyExists)
    on_exception(KeyError, lambda _: SoldOut(available=0), when=lambda error: not error.args)
    on_exception(KeyError, KeyError)  # type: ignore[arg-type]
    on_unique(None, EmailAlreadyExists())  # type: ignore[arg-type]


def knows_no_name_that_is_not_public() -> None:
    tightlip.nope  # type: ignore[attr-defined]  # noqa: B018 - the name is the matter
    tightlip.Sheild()  # type: ignore[attr-defined]


def documents_the_errors_of_a_route(app: FastAPI) -> None:
    @app.post("/orders", responses=tightlip.errors(EmailAlreadyExists, SoldOut))
    def create_order() -> dict[str, str]:
        return {}

    assert_type(create_order(), dict[str, str])
