"""Changes of an endpoint's ejection state, each with the decision that explains it."""

from typing import Final

from proxy.contract.decisions.evidence import Ejection, Evidence, Grounds, Hold, Probation, Return
from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from topology.model.decisions import Decision
from topology.outliers.detection.finding import Finding
from topology.outliers.ejection_state import ServiceEjections
from topology.settings import EngineSettings

_MOST_EJECTIONS: Final = 16  # counted: doubling has long reached the longest ejection by then


def out_for(seconds: float) -> str:
    """Return the end of an ejection's reason."""
    return f"; out for {seconds:g} s"


class Transitions:
    """The changes made to one service at one step; ``decisions`` collects what was decided."""

    def __init__(
        self, name: ServiceId, service: ServiceEjections, settings: EngineSettings, now: float
    ) -> None:
        self._name = name
        self._service = service
        self._settings = settings
        self._now = now
        self.decisions: list[Decision] = []

    def eject(self, endpoint: str, finding: Finding, prefix: str = "") -> None:
        """Take an endpoint out, twice as long as the last time."""
        state, settings = self._service.put(endpoint), self._settings
        # ``ejections`` is bounded by _MOST_EJECTIONS, or the power would grow without end.
        seconds = min(settings.eject_seconds * 2**state.ejections, settings.eject_seconds_max)
        state.state, state.since, state.until = EndpointState.EJECTED, self._now, self._now + seconds
        state.ejections = min(state.ejections + 1, _MOST_EJECTIONS)
        state.reason, state.finding, state.score = finding.reason, finding.kind, finding.score
        state.doubted = False
        self._service.moved = self._now
        reason = f"{prefix}{finding.reason}{out_for(seconds)}"
        evidence = Ejection(finding.kind, seconds, state.until, finding.grounds, finding.collector)
        self._decide(reason, evidence, endpoint)

    def doubt(self, finding: Finding) -> None:
        """Put an endpoint on probation that was not ejected."""
        state = self._service.put(finding.endpoint)
        # No finding: this was no ejection, so neither its kind nor a score may influence the order of
        # relief.
        state.finding, state.doubted = None, True
        self.probation(finding.endpoint, finding.reason, finding.grounds)

    def probation(self, endpoint: str, why: str, grounds: Grounds | None = None) -> None:
        """Give an endpoint a small share of its weight until its calls prove it."""
        state = self._service.put(endpoint)
        state.state, state.since, state.until = EndpointState.PROBATION, self._now, 0.0
        state.proved = False
        share = "hundredth" if state.doubted else "tenth"
        reason = f"{endpoint} is on probation at a {share} of its weight: {why}"
        self._decide(reason, Probation(state.ejections, grounds), endpoint)

    def back(self, endpoint: str, reason: str, evidence: Return) -> None:
        """Bring an endpoint back to its full weight."""
        state = self._service.put(endpoint)
        state.state, state.since, state.until = EndpointState.HEALTHY, self._now, 0.0
        state.reason = ""
        self._decide(reason, evidence, endpoint)

    def hold(self, reason: str, evidence: Hold) -> None:
        """Announce that nothing is done, once until the kind of hold changes."""
        # A shared failure may last for hours: one line for it, not one at each step.
        if self._service.holding is not evidence.kind:
            self._service.holding = evidence.kind
            self._decide(reason, evidence)

    def _decide(self, reason: str, evidence: Evidence, endpoint: str = "") -> None:
        self.decisions.append(Decision(self._now, self._name, reason, evidence, endpoint))
