"""Replies about the graph: nodes, edges, endpoints, and their traffic over time."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict  # pydantic needs it before Python 3.12

from proxy.contract.api.units import Bytes, Microseconds, Milliseconds, PerSecond, ServiceText, Share, words
from proxy.contract.model import EndpointState, Stage
from proxy.contract.traffic import Protocol


class Window(TypedDict):
    """A stretch of time, both ends included."""

    start: Microseconds
    end: Microseconds


class SourcedWindow(Window):
    """A window, and what answered for it."""

    source: Annotated[str, words("live", "store")]


class Stats(TypedDict):
    """Traffic over a window: calls, failed calls, share that succeeded, latency. ``success`` and percentiles
    are null without traffic."""

    count: int
    errors: int
    rate: PerSecond
    success: Share | None
    p50: Milliseconds | None
    p90: Milliseconds | None
    p99: Milliseconds | None


class Node(Stats):
    """A service or something that services call; the stats are those of the calls to it.

    ``versions``, ``zones`` and ``namespaces`` are those of its endpoints. Namespaces are those that sidecars
    were started with, else ``service.namespace`` or ``k8s.namespace.name`` of the service's spans, as they
    were up to half a minute ago.
    """

    name: ServiceText
    kind: str
    sidecar: bool
    stage: Annotated[str, words(Stage)]
    percent: int
    endpoints: int
    ejected: int
    versions: list[str]
    zones: list[str]
    namespaces: list[str]


class Tcp(TypedDict):
    """Opaque connections that are open now (in a stored window: on average), and bytes to and from the target
    over the window."""

    open: int
    sent: Bytes
    received: Bytes


class Edge(Stats):
    """Calls from a source to a target. ``tcp`` is null but for opaque TCP: calls are connections then,
    latency the time to connect. ``encrypted`` is null where nobody could tell."""

    source: ServiceText
    target: ServiceText
    protocol: Annotated[str, words(Protocol)]
    tcp: Tcp | None
    encrypted: Annotated[str | None, words("yes", "no", "partly")]


class Graph(SourcedWindow):
    """Nodes and edges of a window; edges without calls in it are left out."""

    nodes: list[Node]
    edges: list[Edge]


class Services(TypedDict):
    """The nodes of the graph alone, as they are now."""

    services: list[Node]


class Endpoint(Stats):
    """An endpoint as it is now, with its traffic in the window. ``open`` requests wait, the oldest of them
    for ``oldest`` milliseconds. ``reason`` says why it gets less than an even share, empty if it does not."""

    service: ServiceText
    address: str
    app: Annotated[str, Field(description="address of the application behind the sidecar")]
    instance: str
    version: str
    zone: str
    state: Annotated[str, words(EndpointState)]
    origin: str
    weight: Annotated[float, Field(description="1 is a full share")]
    open: int
    oldest: Milliseconds
    ejected_since: Microseconds | None
    ejected_until: Microseconds | None
    reason: str


class Endpoints(TypedDict):
    """Endpoints by service and address; ``gone`` ones had calls in the window."""

    endpoints: list[Endpoint]


class Point(Stats):
    """Traffic of one step, which begins at ``time``; the rate of the last is that of its part in the
    window."""

    time: Microseconds


class Series(TypedDict):
    """One point for each step, also without traffic."""

    points: list[Point]


class Range(TypedDict):
    """Calls that took more than ``low`` and up to ``high``."""

    low: Milliseconds
    high: Milliseconds


class Bucket(Range):
    """The number of calls of a range; 0 to 0 are those that took no time."""

    count: int


class Latency(TypedDict):
    """Distribution of latency: the buckets that hold calls, in order."""

    buckets: list[Bucket]


class Neighbour(Stats):
    """A caller or a callee of a service, with the calls over that edge."""

    name: ServiceText
    protocol: Annotated[str, words(Protocol)]


class Operation(Stats):
    """An operation of a service, counted from its spans: fewer where traces are sampled."""

    name: str
    kind: str


class Heatmap(TypedDict):
    """Latency over time: ``counts`` has a row for each point with a number for each bucket."""

    buckets: list[Range]
    counts: list[list[int]]


class ServicePage(TypedDict):
    """All about one service; neighbours are the busiest first, operations the 200 most frequent."""

    service: ServiceText
    window: SourcedWindow
    step: int
    stats: Stats
    callers: list[Neighbour]
    callees: list[Neighbour]
    points: list[Point]
    heatmap: Heatmap
    operations: list[Operation]
