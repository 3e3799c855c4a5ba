"""The standard errors: one built-in public error for each HTTP status of class 4 and 5."""

from __future__ import annotations

from tightlip.catalog.error import FieldError, PublicError

_WORDS = {
    # The IANA HTTP Status Code Registry, classes 4 and 5; codes as in the wire contract.
    400: ("INVALID_REQUEST", "The request could not be understood. Check it and try again"),
    401: ("AUTHENTICATION_FAILED", "Sign in to continue"),
    402: ("PAYMENT_REQUIRED", "A payment is required to continue"),
    403: ("ACCESS_DENIED", "You do not have access to this"),
    404: ("NOT_FOUND", "What you are looking for does not exist"),
    405: ("METHOD_NOT_ALLOWED", "This method is not allowed here"),
    406: ("NOT_ACCEPTABLE", "The answer is not available in a format that you accept"),
    407: ("PROXY_AUTHENTICATION_REQUIRED", "Sign in to the proxy to continue"),
    408: ("REQUEST_TIMEOUT", "The request took too long to arrive. Try again"),
    409: ("CONFLICT", "The request conflicts with what is already there"),
    410: ("GONE", "What you are looking for is no longer available"),
    411: ("LENGTH_REQUIRED", "The request must state its length"),
    412: ("PRECONDITION_FAILED", "The content has changed in the meantime. Load it again"),
    413: ("PAYLOAD_TOO_LARGE", "The request is too large"),
    414: ("URI_TOO_LONG", "The address of the request is too long"),
    415: ("UNSUPPORTED_MEDIA_TYPE", "The format of the request is not supported"),
    416: ("RANGE_NOT_SATISFIABLE", "The requested part of the content does not exist"),
    417: ("EXPECTATION_FAILED", "The expectation of the request cannot be met"),
    421: ("MISDIRECTED_REQUEST", "The request was sent to the wrong place"),
    422: ("VALIDATION_ERROR", "Some of the values sent are not valid. Check them and try again"),
    423: ("LOCKED", "This is locked at the moment. Try again later"),
    424: ("FAILED_DEPENDENCY", "A step that this request depends on has failed"),
    425: ("TOO_EARLY", "The request came too early. Try again"),
    426: ("UPGRADE_REQUIRED", "The request must use a newer protocol"),
    428: ("PRECONDITION_REQUIRED", "The request must state which version it changes"),
    429: ("TOO_MANY_REQUESTS", "Too many requests. Wait a moment and try again"),
    431: ("HEADERS_TOO_LARGE", "The headers of the request are too large"),
    451: ("UNAVAILABLE_FOR_LEGAL_REASONS", "This is not available for legal reasons"),
    500: ("INTERNAL_SERVER_ERROR", "Something went wrong"),
    501: ("NOT_IMPLEMENTED", "This is not supported"),
    502: ("BAD_GATEWAY", "A service that this request depends on failed. Try again later"),
    503: ("SERVICE_UNAVAILABLE", "The service is not available at the moment. Try again later"),
    504: (
        "GATEWAY_TIMEOUT",
        "A service that this request depends on is too slow. Try again later",
    ),
    505: ("HTTP_VERSION_NOT_SUPPORTED", "The version of the protocol is not supported"),
    506: ("VARIANT_ALSO_NEGOTIATES", "The content cannot be chosen at the moment"),
    507: ("INSUFFICIENT_STORAGE", "There is no room to store this at the moment"),
    508: ("LOOP_DETECTED", "The request leads in a circle"),
    510: ("NOT_EXTENDED", "The request needs an extension"),
    511: ("NETWORK_AUTHENTICATION_REQUIRED", "Sign in to the network to continue"),
}


def _class_name(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("_"))


STANDARD: dict[int, type[PublicError]] = {
    status: type(
        _class_name(code),
        (PublicError,),
        {"__module__": __name__, "status": status, "code": code, "message": message},
    )
    for status, (code, message) in _WORDS.items()
}
"""The standard error of each registered status."""

# A class that pickle cannot find by its name cannot cross to another process.
globals().update({error.__name__: error for error in STANDARD.values()})


def standard_error(
    status: int,
    *,
    retry_after: int | None = None,
    fields: tuple[FieldError, ...] = (),
) -> PublicError:
    """Make the standard error of `status`.

    A status that is not registered keeps its number and speaks as the first of its class does
    (RFC 9110, section 15: a client treats it as the x00 of its class); a number outside 400 to
    599 is a 500.
    """
    if not 400 <= status <= 599:  # noqa: PLR2004 - RFC 9110, sections 15.5 and 15.6
        status = 500
    error = STANDARD.get(status, STANDARD[status // 100 * 100])()
    error.status = status
    if retry_after is not None:
        error.retry_after = retry_after
    if fields:
        error.fields = fields
    return error
