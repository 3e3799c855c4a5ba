"""Regular expressions that are compiled when they are first asked.

Most processes ask few of those that wait for a failure, and all of them together took longer to
compile than anything else that a start imports.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


def expression(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what `re.compile` does, but compile it only when it is first asked.

    Whatever goes wrong is raised then, and the next to ask compiles again.
    """
    return cast("re.Pattern[AnyStr]", _Expression(source, flags))


class _Expression:
    """Stands for a pattern; what was asked of it once is found without a detour from then on."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # pickle and copy ask for what a pattern has and this has not
            raise AttributeError(name)
        asked = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, asked)
        return asked
