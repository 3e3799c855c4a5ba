"""The last incidents, held in memory: for tests, demonstrations and a look at what happened."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from tightlip.incidents.incident import Incident
from tightlip.incidents.sink import refuse_unknown


class MemorySink:
    """Holds the last incidents; safe to use from several threads.

    Args:
        limit: How many it holds.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._incidents: deque[Incident] = deque(maxlen=limit)

    def __len__(self) -> int:
        return len(self._incidents)

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """The incidents, the oldest first."""
        return tuple(self._incidents)

    def find(self, reference: str) -> Incident | None:
        """Return the incident with this reference, or None."""
        for incident in reversed(self.incidents):
            if incident.reference == reference:
                return incident
        return None

    def clear(self) -> None:
        """Forget all incidents."""
        self._incidents.clear()

    def send(self, incident: Incident) -> None:
        """Hold `incident`; the oldest one goes if there are too many."""
        self._incidents.append(incident)

    def close(self) -> None:
        """Keep the incidents: they can still be read."""


def open(options: Mapping[str, object]) -> MemorySink:  # noqa: A001 - the seam's name for it
    """Return a sink that holds the last `limit` incidents (1000 if not given).

    Raises:
        ValueError: If an option is unknown, or `limit` is no positive whole number.
    """
    refuse_unknown(options, ("limit",), "memory")
    limit = options.get("limit", 1000)
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise ValueError(f"the sink 'memory' has limit = {limit!r}: give a whole number from 1")
    return MemorySink(limit)
