"""What was found of an endpoint, in words and as evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topology.evidence.measurements import Tally
from topology.evidence.peer_tallies import Side


@dataclass(frozen=True, slots=True)
class Finding:
    """Why an endpoint should be ejected; ``score`` orders findings when not all may be."""

    endpoint: str
    kind: str  # failures, latency, stall
    score: float
    reason: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """Calls of an endpoint on probation, as credible reporters saw them; ``busy``: its peers have calls."""

    count: int = 0
    errors: int = 0
    busy: bool = False

    @property
    def passed(self) -> bool:
        """Whether most calls succeeded, and there were some."""
        return self.count > 2 * self.errors

    @property
    def failed(self) -> bool:
        """Whether at least half of the calls failed, and there were some."""
        return 0 < self.count <= 2 * self.errors


def _reporters(names: Sequence[str]) -> str:
    return f"{len(names)} reporter" if len(names) == 1 else f"{len(names)} reporters"


def seen(witnesses: Sequence[str], confirmed: str) -> str:
    return f"seen by {_reporters(witnesses)}" + (f", and {confirmed}" if confirmed else "")


def evidence_of(
    span: float, own: Side, peer: Tally, witnesses: Sequence[str], peers: Sequence[str], confirmed: str
) -> dict[str, Any]:
    return {
        "window": span,
        "count": own.total.count,
        "errors": own.total.errors,
        "peer_count": peer.count,
        "peer_errors": peer.errors,
        "reporters": {
            name: {"count": own.by[name].count, "errors": own.by[name].errors} for name in witnesses
        },
        "peers": list(peers),
        "confirmed": confirmed,
    }
