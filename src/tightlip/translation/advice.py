"""How to declare what was withheld: Python source to paste."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tightlip.catalog.standard import STANDARD

if TYPE_CHECKING:
    from tightlip.catalog.error import PublicError
    from tightlip.translation.literal import Place


def declaration_for(error: PublicError, places: list[Place]) -> str:
    """Return the source of a public error that would stand where `error` stands now.

    The class is named after the function that raised and after the status.
    """
    function = places[0][0].f_code.co_name if places else ""
    return declaration(function, error.status)


def declaration(function: str, status: int) -> str:
    """Return the source of a public error for `function` and `status`."""
    words = [word.capitalize() for word in function.strip("_<>").split("_") if word.isalnum()]
    standard = STANDARD.get(status, STANDARD[status // 100 * 100])
    name = "".join(words) + standard.__name__
    return (
        f"class {name}(tightlip.PublicError):\n"
        f"    status = {status}\n"
        f'    message = "…"  # the words for the client\n'
        f"\n"
        f"raise {name}()"
    )
