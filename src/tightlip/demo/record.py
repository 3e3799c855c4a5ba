"""The record of the shielded twin: the last incidents in memory, all of them in the directory."""

from __future__ import annotations

from tightlip.demo.shop.application import SERVICE
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.incident import Incident
from tightlip.incidents.places import DirectoryPlace
from tightlip.incidents.records import look_up
from tightlip.incidents.sinks.memory import MemorySink
from tightlip.incidents.standard_error import write_line


class Record:
    """Finds incidents by their references.

    Args:
        memory: The last ones.
        directory: Where all are kept.
    """

    def __init__(self, memory: MemorySink, directory: PrivateDirectory) -> None:
        self._memory = memory
        self._place = DirectoryPlace(directory)

    def find(self, reference: str) -> Incident | None:
        """Return the incident of `reference`, or None.

        One whose report was thinned out comes with the nearest report of the same fault.

        Raises:
            StoreError, OSError: The directory cannot be read.
        """
        found = look_up(self._look_up, reference)
        if found is None or found.report is None:
            return None if found is None else found.incident
        note = f"one of many alike: the report is that of {found.report.reference}"
        return Incident({**found.report.fields, **found.incident.fields, "notes": [note]})

    def _look_up(self, reference: str) -> Incident | None:
        found = self._memory.find(reference)
        if found is not None or not self._place.is_there():
            return found
        with self._place.opened(write_line) as records:
            found = records.find(reference)
        # The directory may hold what other applications recorded, which is not for this page.
        is_own = found is not None and found.fields.get("service.name") == SERVICE
        return found if is_own else None
