"""Register: the errors that a process tells its clients, counted until they are in the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from tightlip.incidents.told import MOST_DECLARED, Count, Declaration, Key, bounded

_DAY = 86_400.0  # seconds
_NONE = Count(0, 0, "")


def _nothing() -> Sequence[Declaration]:
    return ()


class Register:
    """Counts answers in memory; safe to use from threads.

    Attributes:
        declarations: Returns the errors that the application declares.
    """

    def __init__(self) -> None:
        self.declarations: Callable[[], Sequence[Declaration]] = _nothing
        self.begin_anew()

    def begin_anew(self) -> None:
        """Know after a fork that what was counted is the parent's."""
        self._lock = threading.Lock()
        self._counts: dict[Key, Count] = {}
        self._known: set[Key] = set()
        self._declared: Sequence[Declaration] | None = None
        self._declared_at = 0.0

    def count(self, key: Key, reference: str) -> bool:
        """Count an answer; tell whether it is the first of its kind.

        Args:
            key: What is counted.
            reference: The incident behind it; empty where none was recorded.
        """
        moment = time.time_ns() // 1000
        with self._lock:
            before = self._counts.get(key)
            if before is None:
                key = bounded(key, self._known.__contains__, len(self._known))
                before = self._counts.get(key, _NONE)
            newest = reference or before.reference
            self._counts[key] = Count(before.answers + 1, moment, newest)
            is_first = key not in self._known
            self._known.add(key)
        return is_first

    def take(self) -> dict[Key, Count]:
        """Return what was counted, and count anew."""
        with self._lock:
            counts, self._counts = self._counts, {}
        return counts

    def put_back(self, counts: Mapping[Key, Count]) -> None:
        """Take back what could not be kept."""
        with self._lock:
            for key, (answers, moment, reference) in counts.items():
                newer = self._counts.get(key, Count(0, moment, ""))
                self._counts[key] = Count(
                    answers + newer.answers, newer.last_time, newer.reference or reference
                )

    def news(self) -> Sequence[Declaration]:
        """Return what the application declares, if that is not in the store yet; once a day all.

        Call `declared` once it is there.
        """
        found = self.declarations()[:MOST_DECLARED]
        is_old = time.monotonic() - self._declared_at > _DAY
        return () if found == self._declared and not is_old else found

    def declared(self, declarations: Sequence[Declaration]) -> None:
        """Know that these are in the store."""
        self._declared, self._declared_at = declarations, time.monotonic()
