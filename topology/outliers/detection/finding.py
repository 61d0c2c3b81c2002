"""Findings: reasons to eject an endpoint, in words and as evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.contract.decisions.evidence import Calls, FailureComparison, Grounds, LatencyComparison
from proxy.contract.decisions.kinds import FindingKind
from topology.evidence.peer_tallies import EndpointTally
from topology.evidence.tally import Tally


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
    """The calls of an endpoint on probation, as credible reporters saw them.

    ``busy`` is true if its peers have calls: then it would have some too, were it sent any.
    """

    count: int = 0
    errors: int = 0
    busy: bool = False

    @property
    def calls(self) -> Calls:
        """The figures of the trial, as evidence."""
        return Calls(self.count, self.errors)

    @property
    def passed(self) -> bool:
        """True if most calls succeeded, and there were some."""
        return self.count > 2 * self.errors

    @property
    def failed(self) -> bool:
        """True if at least half of the calls failed, and there were some."""
        return 0 < self.count <= 2 * self.errors


def seen_by(reporters: Sequence[str], confirmed: str = "") -> str:
    """Return the end of a finding's reason: how many reporters saw it, and who confirms it."""
    count = "1 reporter" if len(reporters) == 1 else f"{len(reporters)} reporters"
    return f"seen by {count}, and {confirmed}" if confirmed else f"seen by {count}"


def comparison(
    seconds: float,
    own: EndpointTally,
    peer: Tally,
    reporters: Sequence[str],
    peers: tuple[str, ...],
    confirmed: str = "",
) -> FailureComparison:
    """Return the figures that failures are judged on, with those of each reporter that saw them."""
    return FailureComparison(
        seconds,
        own.total.count,
        own.total.errors,
        peer.count,
        peer.errors,
        {name: Calls(own.by_reporter[name].count, own.by_reporter[name].errors) for name in reporters},
        peers,
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
