"""The shop's public errors: what its authors chose to say."""

from __future__ import annotations

from tightlip import PublicError


class EmailAlreadyExists(PublicError):  # noqa: N818 - its code is made of its name
    """The address belongs to an account already."""

    status = 409
    message = "An account with this email already exists"


class OrderNotFound(PublicError):  # noqa: N818 - its code is made of its name
    """There is no such order."""

    status = 404
    message = "There is no such order"
