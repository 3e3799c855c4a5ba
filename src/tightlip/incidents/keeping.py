"""Keeping: puts an occurrence into the archive, in full or, in a storm, in brief."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tightlip.incidents import fingerprint
from tightlip.incidents.archive import Archive
from tightlip.incidents.brief import brief
from tightlip.incidents.capture import worded_fingerprint
from tightlip.incidents.encoding import JSON, encode
from tightlip.incidents.incident import Incident, Occurrence
from tightlip.incidents.recognition import Common, Recognition, Trace, trace_of
from tightlip.incidents.storms import Measure, Storms
from tightlip.incidents.summary import ASIDE, NEAREST_REPORT, OUTLETS, summarise
from tightlip.incidents.ways import Walks


class Outcome(NamedTuple):
    """What has become of an occurrence.

    Attributes:
        incident: Its record; None where it was only counted.
        is_kept: Whether the archive has it under its reference.
        fault: Why it has not.
    """

    incident: Incident | None
    is_kept: bool
    fault: BaseException | None = None


class Keeping:
    """Keeps incidents in an archive.

    Args:
        archive: The archive.
        capture: Makes the whole record of an occurrence; it never raises.
        outlets: The names of the outlets that are to get what is kept.

    Attributes:
        storms: What decides how much is kept.
    """

    def __init__(
        self,
        archive: Archive,
        capture: Callable[[Occurrence, Walks], Incident],
        outlets: Sequence[str] = (),
    ) -> None:
        self.storms = Storms(archive.directory.backlog)
        self._archive = archive
        self._capture = capture
        self._recognition = Recognition()
        aside: dict[str, JSON] = {OUTLETS: list(outlets)} if outlets else {}
        self._aside = encode({ASIDE: aside})[1:-1] if aside else ""

    def keep(self, occurrence: Occurrence) -> Outcome:
        """Keep `occurrence`; what hinders it is told in the outcome, and not raised."""
        trace = common = None
        walks = Walks()
        try:
            trace = _trace_of(occurrence, walks)
            common = None if trace is None else self._recognition.recall(trace)
        except BaseException:  # a fault of ours: what is not recognised is kept in full
            common = None
        if common is not None:
            return self._keep_recognised(occurrence, common, walks)
        incident = self._capture(occurrence, walks)
        if trace is not None:
            self._recognition.learn(trace, incident.fields)
        measure = self.storms.measure(incident.fingerprint)
        if measure is Measure.COUNT:
            return self._count(incident.fields)
        if measure is Measure.REPORT:
            return self._keep_report(incident)
        nearest = self.storms.nearest(incident.fingerprint)
        line = encode({**summarise(incident.fields), NEAREST_REPORT: nearest})
        return self._keep_summary(incident, line)

    def _keep_recognised(self, occurrence: Occurrence, common: Common, walks: Walks) -> Outcome:
        fingerprint = str(common.fields["fingerprint"])
        measure = self.storms.measure(fingerprint)
        if measure is Measure.COUNT:
            return self._count(common.fields)
        if measure is Measure.REPORT:
            return self._keep_report(self._capture(occurrence, walks))
        incident = brief(occurrence, common, self.storms.nearest(fingerprint))
        return self._keep_summary(incident, incident.as_json())

    def _count(self, fields: Mapping[str, JSON]) -> Outcome:
        self._archive.count(fields)
        return Outcome(None, is_kept=False)

    def _keep_report(self, incident: Incident) -> Outcome:
        try:
            self._archive.append_report(incident, aside=self._aside)
        except BaseException as fault:  # a full disk, no descriptor
            return Outcome(incident, is_kept=False, fault=fault)
        self.storms.reported(incident.fingerprint, incident.reference)
        return Outcome(incident, is_kept=True)

    def _keep_summary(self, incident: Incident, line: str) -> Outcome:
        try:
            self._archive.append(line, aside=self._aside)
        except BaseException as fault:  # as above
            return Outcome(incident, is_kept=False, fault=fault)
        return Outcome(incident, is_kept=True)


def _trace_of(occurrence: Occurrence, walks: Walks) -> Trace | None:
    """Return what tells the fault of `occurrence` without capturing it."""
    if occurrence.exception is None:
        words = occurrence.fingerprint or worded_fingerprint(occurrence)
        return Trace(("words", words), [])
    trace = trace_of(occurrence.exception, walks)
    if trace is None:
        return None
    given = occurrence.fingerprint or fingerprint.given_by(occurrence.exception)
    return Trace((given, *fingerprint.telling(occurrence.facts), *trace.key), trace.held)
