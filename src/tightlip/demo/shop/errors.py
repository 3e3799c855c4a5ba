"""The shop's public errors: what its authors chose to say."""

from __future__ import annotations

from tightlip import PublicError


class EmailAlreadyExists(PublicError):
    """The address belongs to an account already."""

    status = 409
    message = "An account with this email already exists"


class OrderNotFound(PublicError):
    """There is no such order."""

    status = 404
    message = "There is no such order"
