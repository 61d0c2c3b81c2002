"""The ejection state of endpoints and services, as plain data. Times are epoch seconds."""

from dataclasses import dataclass, field

from proxy.contract.decisions.kinds import FindingKind, HoldKind
from proxy.contract.model import EndpointState


@dataclass(slots=True)
class EjectionState:
    """The state of one endpoint, ``since`` when, and ``until`` when it is ejected.

    ``ejections`` counts those in a row: each makes the next one longer, and each long good time takes one
    off. ``finding`` and ``score`` are of the last ejection, ``reason`` its words.
    """

    state: EndpointState = EndpointState.HEALTHY
    since: float = 0.0
    until: float = 0.0
    ejections: int = 0
    finding: FindingKind | None = None
    score: float = 0.0
    reason: str = ""
    doubted: bool = False  # on probation because of a doubt, without having been ejected
    proved: bool = False  # on probation: most of its calls succeeded so far


@dataclass(slots=True)
class ServiceEjections:
    """The states of one service's endpoints by address, and what was learned of the load they bear."""

    endpoints: dict[str, EjectionState] = field(default_factory=dict)
    holding: HoldKind | None = None  # the hold announced last, until its cause is over
    moved: float = float("-inf")  # when something was last ejected, or brought back to relieve the others
    burst: int = 0  # ejections allowed in one step beyond what is known to fit
    budget: int = 0  # of these, not used yet
    bearable: int = 0  # ejections the others could bear, known until ``bearable_until``
    bearable_until: float = 0.0

    def put(self, endpoint: str) -> EjectionState:
        """Return the state of an endpoint to change it, a healthy one the first time."""
        return self.endpoints.setdefault(endpoint, EjectionState())
