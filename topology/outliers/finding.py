"""Why an endpoint should be ejected, in words and as evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.contract.decisions.evidence import Calls, FailureComparison, Grounds, LatencyComparison
from proxy.contract.decisions.kinds import FindingKind
from topology.evidence.measurements import Tally
from topology.evidence.peer_tallies import Side


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to eject an endpoint.

    ``score`` orders findings when not all endpoints may go, the highest first. ``collector`` names another
    collector that found it.
    """

    endpoint: str
    kind: FindingKind
    score: float
    reason: str
    grounds: Grounds
    collector: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """Calls of an endpoint on probation, as credible reporters saw them; ``busy``: its peers have calls."""

    count: int = 0
    errors: int = 0
    busy: bool = False

    @property
    def calls(self) -> Calls:
        """The figures of the trial, as evidence."""
        return Calls(self.count, self.errors)

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


def comparison(
    span: float, own: Side, peer: Tally, witnesses: Sequence[str], peers: Sequence[str], confirmed: str
) -> FailureComparison:
    """Return the figures that failures are judged on, with those of each reporter that saw them."""
    return FailureComparison(
        span,
        own.total.count,
        own.total.errors,
        peer.count,
        peer.errors,
        {name: Calls(own.by[name].count, own.by[name].errors) for name in witnesses},
        tuple(peers),
        confirmed,
    )


def latency_comparison(
    calls: FailureComparison, latency_ms: float, peer_latency_ms: float
) -> LatencyComparison:
    """Return the figures that slowness is judged on: the calls, and the typical latencies over them."""
    return LatencyComparison(
        calls.window,
        calls.count,
        calls.errors,
        calls.peer_count,
        calls.peer_errors,
        calls.reporters,
        calls.peers,
        calls.confirmed,
        latency_ms,
        peer_latency_ms,
    )
