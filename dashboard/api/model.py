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
    namespaces: NotRequired[list[str]]


class Tcp(TypedDict):
    """Opaque connections that stand now (in a stored window: on average), and bytes to and from the target
    over the window."""

    open: int
    sent: int
    received: int


class Edge(Stats):
    """``tcp`` is null but for opaque TCP: calls are connections then, latency the time to connect.
    ``encrypted`` is yes, no or partly, null where nobody could tell."""

    source: str
    target: str
    protocol: str
    tcp: NotRequired[Tcp | None]
    encrypted: NotRequired[str | None]


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


class Figure(TypedDict):
    """One figure of both arms: a share of success, or milliseconds. ``low`` and ``high`` are the ends of
    the confidence interval of ``difference``; ``better`` is null where it is not significant."""

    direct: float
    routed: float
    difference: float
    low: float
    high: float
    significant: bool
    better: bool | None


class Effect(TypedDict):
    """Routed against direct; a percentile is null with too few calls to bound it."""

    confidence: float
    success: Figure
    p50: Figure | None
    p99: Figure | None


class Move(TypedDict):
    """An endpoint's share of the requests as observed, and as the mesh would have laid them out."""

    address: str
    observed: float
    expected: float
    weight: float


class Expected(TypedDict):
    success: float | None
    p50: float | None
    p90: float | None
    p99: float | None


class Advice(TypedDict):
    """What routing would have done; ``basis`` says in words what the estimate rests on."""

    observed: Stats
    expected: Expected
    endpoints: list[Move]
    basis: str


class StageView(TypedDict):
    """``effect`` is there in stage route with traffic on both arms, ``advice`` in stage advise. With
    ``guard`` the stage is turned back by itself when it does harm. ``history`` is newest first."""

    service: str
    stage: str
    percent: int
    origin: str
    updated: int
    direct: Stats
    routed: Stats
    guard: bool
    effect: Effect | None
    advice: Advice | None
    history: list[Decision]


class Point(Stats):
    time: int


class Range(TypedDict):
    """More than ``low`` and up to ``high`` milliseconds."""

    low: float
    high: float


class Heatmap(TypedDict):
    """``counts`` has a row for each point of time with a number for each bucket."""

    buckets: list[Range]
    counts: list[list[int]]


class Neighbour(Stats):
    name: str
    protocol: str


class Operation(Stats):
    name: str
    kind: str


class ServicePage(TypedDict):
    """All about one service over a window; ``operations`` are counted from spans."""

    service: str
    step: int
    stats: Stats
    callers: list[Neighbour]
    callees: list[Neighbour]
    points: list[Point]
    heatmap: Heatmap
    operations: list[Operation]


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


class Quantiles(TypedDict):
    mean: float
    p50: float
    p90: float
    p99: float


class Branch(TypedDict):
    """A path of an operation's traces: ``offset`` is its typical start after the operation's."""

    service: str
    operation: str
    kind: str
    count: int
    traces: int
    per_trace: float
    errors: int
    error_rate: float
    duration: Quantiles
    self: Quantiles
    offset: float
    children: list["Branch"]


class Aggregate(TypedDict):
    """Of ``matching`` traces ``traces`` were looked at; ``cut`` when branches were left out."""

    matching: int
    traces: int
    cut: bool
    window: dict[str, int]
    nodes: list[Branch]
