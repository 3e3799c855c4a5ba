"""Fault: what standard error is told where our own code fails."""

from __future__ import annotations

import os

from tightlip.slots import traceback_of


def tell(fault: BaseException) -> str:
    """Write one line about a fault of our own to standard error; return what it says."""
    try:
        name = f"{type(fault).__module__}.{type(fault).__qualname__}"
        traceback = traceback_of(fault)
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        place = ""
        if traceback is not None:
            place = f" at {traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
        note = f"a fault of our own, answered by the last resort: {name}{place}"
        os.write(2, f"tightlip: {note}\n".encode("ascii", "backslashreplace"))
    except BaseException:  # nothing is left to tell it to
        return "a fault of our own, answered by the last resort"
    return note
