"""The query API's JSON as types. Times are microseconds since the epoch, durations milliseconds."""

from typing import Any, NotRequired, TypedDict


class Stats(TypedDict):
    """Traffic over a window; ``rate`` per second, ``success`` 0 to 1 and percentiles null without traffic."""

    count: int
    errors: int
    rate: float
    success: float | None
    p50: float | None
    p90: float | None
    p99: float | None


class Node(Stats):
    name: str
    kind: str
    sidecar: bool
    stage: str
    percent: int
    endpoints: int
    ejected: int
    versions: list[str]
    zones: NotRequired[list[str]]


class Tcp(TypedDict):
    """Opaque connections that stand now, and bytes to and from the target over the window."""

    open: int
    sent: int
    received: int


class Edge(Stats):
    """``tcp`` is null but for opaque TCP, whose calls are connections and whose latency is that of connecting."""

    source: str
    target: str
    protocol: str
    tcp: NotRequired[Tcp | None]


class Graph(TypedDict):
    start: int
    end: int
    source: str
    nodes: list[Node]
    edges: list[Edge]


class Endpoint(Stats):
    service: str
    address: str
    app: str
    instance: str
    version: str
    zone: str
    state: str
    origin: str
    weight: float
    open: int
    oldest: float
    ejected_since: int | None
    ejected_until: int | None
    reason: str


class Decision(TypedDict):
    time: int
    kind: str
    service: str
    endpoint: str
    reason: str
    evidence: dict[str, Any]


class StageView(TypedDict):
    service: str
    stage: str
    percent: int
    origin: str
    updated: int
    direct: Stats
    routed: Stats


class Point(Stats):
    time: int


class Bucket(TypedDict):
    """Calls that took ``low`` to ``high`` milliseconds."""

    low: float
    high: float
    count: int


class Change(TypedDict):
    """``change`` is appeared, vanished, broke, recovered, slowed or faster; ``difference`` is of the share
    of errors, ``before`` and ``after`` are milliseconds of the ``quantile``."""

    change: str
    p: float
    difference: NotRequired[float]
    quantile: NotRequired[float]
    before: NotRequired[float]
    after: NotRequired[float]


class Changed(TypedDict):
    """A service (``name``) or an edge (``source``, ``target``, ``protocol``) that changed."""

    name: NotRequired[str]
    source: NotRequired[str]
    target: NotRequired[str]
    protocol: NotRequired[str]
    changes: list[Change]
    before: Stats
    after: Stats


class Difference(TypedDict):
    edges: list[Changed]
    services: list[Changed]
    compared: dict[str, float]


class Part(TypedDict):
    """Failed calls, or milliseconds of waiting: a service's own, what it inherited, its share of all."""

    own: float
    inherited: float
    share: float


class Blamed(TypedDict):
    """A service and the share of what callers suffer that it explains; ``path`` from the outermost caller."""

    service: str
    score: float
    errors: Part
    time: Part
    path: list[str]


class Blame(TypedDict):
    """``basis`` is ``excess`` over the usual, or ``total`` with nothing to compare with."""

    callers: dict[str, float]
    basis: str
    services: list[Blamed]


class Exemplar(TypedDict):
    """A trace as the search lists it; ``start`` in microseconds, ``duration`` in milliseconds."""

    traceId: str
    rootService: str
    rootOperation: str
    start: int
    duration: float
    errors: int
