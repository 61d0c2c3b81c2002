"""The query API's JSON as types. Times are microseconds since the epoch, durations milliseconds."""

from typing import Any, TypedDict


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


class Edge(Stats):
    source: str
    target: str
    protocol: str


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
