"""The words of the topology engine: what goes in (measurements), what comes out (views, decisions).

Times are seconds since the epoch as floats, durations seconds, shares 0 to 1. The engine takes
its clock as an argument; nothing here or in the engine reads one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from proxy.contract.decisions.evidence import Evidence
from proxy.contract.decisions.kinds import StageOrigin
from proxy.contract.histogram import Histogram
from proxy.contract.model import EndpointState, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm, Protocol


class Side(StrEnum):
    """Which end of a call measured it."""

    CLIENT = "client"
    SERVER = "server"


class Kind(StrEnum):
    """What a node of the graph is."""

    SERVICE = "service"
    DATABASE = "database"
    QUEUE = "queue"
    EXTERNAL = "external"
    USER = "user"  # callers outside the mesh that nobody named


@dataclass(slots=True)
class CallSample:
    """Calls counted by one reporter over one export interval, all with the same labels.

    ``target`` of a client sample is a service or, outside the mesh, ``host:port``. ``source``
    of a server sample is empty when the caller has no sidecar. ``errors`` of ``count`` failed.
    Of opaque connections (``protocol`` tcp) the histogram is of the time to connect; with
    ``arrived`` false they never stood. ``begun`` to ``ended`` is the interval, epoch seconds of
    the reporter's clock; 0 where it is not said. ``encrypted`` is None where nobody could tell.
    """

    side: Side
    source: str
    target: str
    reporter: str
    histogram: Histogram
    errors: int
    endpoint: str = ""
    arm: Arm = Arm.NONE
    method: str = ""
    route: str = ""
    protocol: Protocol = Protocol.HTTP
    arrived: bool = True
    begun: float = 0.0
    ended: float = 0.0
    encrypted: bool | None = None


@dataclass(slots=True)
class ConnectionSample:
    """Opaque connections that one reporter has open, and the bytes that went to the target
    (``sent``) and came back since the last report. Source and target as in ``CallSample``.
    ``encrypted`` and ``clear`` are how many of those open are known to be that."""

    side: Side
    source: str
    target: str
    endpoint: str
    reporter: str
    open: int = 0
    sent: int = 0
    received: int = 0
    encrypted: int = 0
    clear: int = 0


@dataclass(slots=True)
class OpenSample:
    """Requests one reporter has open towards an endpoint, and the age of the oldest in seconds."""

    source: str
    target: str
    endpoint: str
    reporter: str
    open: int
    oldest: float = 0.0
    told: float = 0.0  # epoch seconds of the reporter's clock, 0 where it is not said


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """An endpoint to ask directly: HTTP GET of ``path``, or a plain sign of life where it is empty."""

    service: ServiceId
    endpoint: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What came of it: whether the endpoint answered, and in words how."""

    service: ServiceId
    endpoint: str
    ok: bool
    detail: str


@dataclass(slots=True)
class SpanFact:
    """What the graph needs of one span; ``attributes`` holds the peer.* / db.* / messaging.* / tls.* /
    server.* / network.peer.* and spanmesh.* keys and url.scheme only."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    service: ServiceId
    kind: int  # OTLP Span.SpanKind: 2 server, 3 client, 4 producer, 5 consumer
    duration: float
    failed: bool
    from_sidecar: bool
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stats:
    """Traffic over a window. ``success`` and the percentiles are None without traffic."""

    count: int = 0
    errors: int = 0
    rate: float = 0.0
    success: float | None = None
    p50: float | None = None
    p90: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True)
class NodeView:
    name: str
    kind: Kind
    stats: Stats  # as a server
    sidecar: bool = False
    stage: Stage = Stage.OBSERVE
    percent: int = 0
    endpoints: int = 0
    ejected: int = 0
    versions: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()


class Encryption(StrEnum):
    """Whether the calls of an edge are encrypted, of those that could be told."""

    YES = "yes"
    NO = "no"
    PARTLY = "partly"


@dataclass(frozen=True, slots=True)
class TcpView:
    """Opaque connections of an edge that stand now (of a stored window: on average), and bytes to and
    from the target in the window."""

    open: int
    sent: int
    received: int


@dataclass(frozen=True, slots=True)
class EdgeView:
    """Of opaque TCP a call is a connection that ended, and its latency the time to connect.
    ``encrypted`` is None where nobody could tell."""

    source: str
    target: str
    stats: Stats
    protocol: Protocol = Protocol.HTTP
    tcp: TcpView | None = None
    encrypted: Encryption | None = None


@dataclass(frozen=True, slots=True)
class GraphView:
    nodes: tuple[NodeView, ...]
    edges: tuple[EdgeView, ...]
    start: float
    end: float


class EndpointOrigin(StrEnum):
    """What makes an endpoint known."""

    SIDECAR = "sidecar"
    STATIC = "static"


@dataclass(frozen=True, slots=True)
class EndpointView:
    service: ServiceId
    address: str
    state: EndpointState
    weight: float
    stats: Stats
    origin: EndpointOrigin = EndpointOrigin.SIDECAR
    app: str = ""
    instance: str = ""
    version: str = ""
    zone: str = ""
    open: int = 0
    oldest: float = 0.0
    ejected_since: float | None = None
    ejected_until: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure of the direct arm (before) and the routed (after), and the interval of the difference."""

    before: float
    after: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        return self.after - self.before

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Effect:
    """Routed against direct, 95 % confidence: share that succeeds, and latency in seconds.

    A quantile is None while there are too few calls to bound it.
    """

    success: Change
    p50: Change | None
    p99: Change | None


@dataclass(frozen=True, slots=True)
class Move:
    """One endpoint's share of the requests as observed, and as the mesh would have it."""

    endpoint: str
    observed: float
    expected: float
    weight: float


@dataclass(frozen=True, slots=True)
class Advice:
    """What routing would have made of the observed requests; ``basis`` says how that is estimated.

    ``expected`` has shares and percentiles that mean something, its counts are those of a model.
    """

    observed: Stats
    expected: Stats
    moves: tuple[Move, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class StageView:
    """``history`` holds the last changes, newest first; ``guard`` says that it turns back by itself."""

    service: ServiceId
    stage: Stage
    percent: int
    origin: StageOrigin
    updated: float
    direct: Stats
    routed: Stats
    effect: Effect | None = None
    advice: Advice | None = None
    guard: bool = False
    history: "tuple[Decision, ...]" = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing the mesh decided, in words and with the evidence it decided on."""

    time: float
    service: ServiceId
    reason: str
    evidence: Evidence
    endpoint: str = ""

    @property
    def kind(self) -> str:
        """A ``DecisionKind``, or the word a newer release has for it."""
        return self.evidence.decision


@dataclass(frozen=True, slots=True)
class EdgeSample:
    """Calls over one edge in one second: what is stored, each call in exactly one sample.

    ``second`` is epoch seconds; ``endpoint`` and ``arm`` are empty where nobody named them. Of the calls
    ``encrypted`` and ``clear`` are known to be that. Of opaque TCP there are also bytes to and from the
    target, and ``standing``: connections that stand, times seconds.
    """

    second: int
    source: str
    target: str
    protocol: Protocol
    endpoint: str
    arm: Arm
    count: int
    errors: int
    histogram: Histogram
    encrypted: int = 0
    clear: int = 0
    standing: int = 0
    sent: int = 0
    received: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a time series; ``time`` is the step's start, epoch seconds."""

    time: float
    stats: Stats
