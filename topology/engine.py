"""One step of the mesh: measurements -> memory -> ejections and weights -> snapshot.

The engine owns no clock, thread or socket. Its host feeds it what sidecars report and calls
``tick`` every quarter of a second; everything else reads it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from proxy.contract.histogram import Histogram
from proxy.contract.model import Node, Stage
from topology.model import (
    CallSample,
    Decision,
    EdgeSample,
    EndpointView,
    GraphView,
    NodeView,
    OpenSample,
    Point,
    SpanFact,
    StageView,
)
from topology.policy import Policy
from topology.settings import EngineSettings
from topology.snapshot import Snapshot


class UnknownServiceError(KeyError):
    """No such service: use a name the graph shows, or add it to mesh.yaml."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What one step produced: the snapshot in force, new decisions, seconds ready to store."""

    snapshot: Snapshot
    decisions: tuple[Decision, ...]
    edges: tuple[EdgeSample, ...]


class Engine:
    """All state of the topology. Every ``now`` is epoch seconds; ``window`` is seconds back from it."""

    def __init__(self, policy: Policy, settings: EngineSettings) -> None:
        raise NotImplementedError

    def calls(self, samples: Iterable[CallSample], now: float) -> None:
        """Count finished calls."""
        raise NotImplementedError

    def opens(self, samples: Iterable[OpenSample], now: float) -> None:
        """Note requests that are open."""
        raise NotImplementedError

    def spans(self, facts: Iterable[SpanFact], now: float) -> None:
        """Pair spans of services without a sidecar into edges."""
        raise NotImplementedError

    def connected(self, stream: str, node: Node, peer_host: str, now: float) -> None:
        """A sidecar connected, or changed its state, on this stream."""
        raise NotImplementedError

    def disconnected(self, stream: str, now: float) -> None:
        """The stream ended."""
        raise NotImplementedError

    def set_policy(self, policy: Policy, now: float) -> None:
        """Put a new mesh.yaml in force."""
        raise NotImplementedError

    def set_stage(
        self, service: str, stage: Stage, percent: int, now: float, origin: str = "api"
    ) -> StageView:
        """Change how far routing is on. Raises UnknownServiceError, or ValueError for a bad percent."""
        raise NotImplementedError

    def tick(self, now: float) -> Tick:
        """Decide on what is known now."""
        raise NotImplementedError

    def flush(self) -> tuple[EdgeSample, ...]:
        """What ``tick`` still holds back from the store; for a clean stop."""
        raise NotImplementedError

    def graph(self, now: float, window: float = 60.0) -> GraphView:
        """Nodes and edges of the window."""
        raise NotImplementedError

    def services(self, now: float, window: float) -> tuple[NodeView, ...]:
        """The nodes alone."""
        raise NotImplementedError

    def endpoints(
        self, now: float, window: float, service: str | None = None
    ) -> tuple[EndpointView, ...]:
        """Endpoints of one service, or of all."""
        raise NotImplementedError

    def stages(self, now: float, window: float) -> tuple[StageView, ...]:
        """Stage of every service with the traffic of both arms."""
        raise NotImplementedError

    def decisions(self, service: str | None = None, limit: int = 100) -> tuple[Decision, ...]:
        """What was decided, newest first."""
        raise NotImplementedError

    def series(
        self, now: float, window: float, step: float, service: str | None = None,
        source: str | None = None, target: str | None = None, endpoint: str | None = None,
    ) -> tuple[Point, ...]:
        """Traffic over time; ``service`` is the traffic it serves."""
        raise NotImplementedError

    def latency(
        self, now: float, window: float, service: str | None = None,
        source: str | None = None, target: str | None = None,
    ) -> Histogram:
        """Distribution of latency over the window."""
        raise NotImplementedError
