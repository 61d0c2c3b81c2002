"""The graph of services as people see it, and traffic over a window or over time."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from proxy.contract.model import Stage
from proxy.contract.traffic import Protocol

USER: Final = "user"  # the name of the node of callers outside the mesh that nobody named


class Kind(StrEnum):
    """The sort of thing that a node of the graph is."""

    SERVICE = "service"
    DATABASE = "database"
    QUEUE = "queue"
    EXTERNAL = "external"
    USER = "user"


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
    """A node of the graph with the traffic it serves in a window.

    ``versions``, ``zones`` and ``namespaces`` are those of its endpoints. ``percent`` is the share of routed
    requests in stage ``route``.
    """

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
    """The share of an edge's calls that is encrypted, among those known to be encrypted or in the clear."""

    YES = "yes"
    NO = "no"
    PARTLY = "partly"


@dataclass(frozen=True, slots=True)
class TcpView:
    """Open connections of an opaque edge (now, or on average over a stored window), and the bytes to
    and from the target in the window."""

    open: int
    sent: int
    received: int


@dataclass(frozen=True, slots=True)
class EdgeView:
    """An edge of the graph with its traffic in a window.

    For opaque TCP a call is a connection that ended, and its latency the time to connect.
    ``encrypted`` is None if unknown.
    """

    source: str
    target: str
    stats: Stats
    protocol: Protocol = Protocol.HTTP
    tcp: TcpView | None = None
    encrypted: Encryption | None = None


@dataclass(frozen=True, slots=True)
class GraphView:
    """The graph of a window from ``start`` to ``end``, epoch seconds."""

    nodes: tuple[NodeView, ...]
    edges: tuple[EdgeView, ...]
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a time series; ``time`` is the step's start, epoch seconds."""

    time: float
    stats: Stats
