"""Values for tests of the dashboard, with defaults for what a test does not care about."""

from typing import Any, cast

from dashboard.api.trace import Trace, of_jaeger
from proxy.contract.api.graph import Edge, Graph, Node, Stats


def stats(count: int = 600, errors: int = 0, p99: float = 40.0) -> Stats:
    success = 1 - errors / count if count else None
    some = p99 if count else None
    return Stats(count=count, errors=errors, rate=count / 60, success=success, p50=some, p90=some, p99=some)


def node(name: str, of: Stats | None = None, **given: Any) -> Node:
    about: dict[str, Any] = {
        "name": name,
        "kind": "service",
        "sidecar": True,
        "stage": "observe",
        "percent": 0,
        "endpoints": 1,
        "ejected": 0,
        "versions": [],
        "zones": [],
        "namespaces": [],
        **(of or stats()),
        **given,
    }
    return cast(Node, about)


def edge(source: str, target: str, of: Stats | None = None) -> Edge:
    return {
        "source": source,
        "target": target,
        "protocol": "http",
        **(of or stats()),
        "tcp": None,
        "encrypted": None,
    }


def graph(nodes: list[Node], edges: list[Edge]) -> Graph:
    return Graph(start=0, end=60_000_000, source="live", nodes=nodes, edges=edges)


def span(
    span_id: str,
    parent: str = "",
    start: int = 0,
    duration: int = 10,
    service: str = "cart",
    tags: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A span in Jaeger's JSON; ``service`` is its process too."""
    return {
        "traceID": "t",
        "spanID": span_id,
        "operationName": f"op {span_id}",
        "startTime": start,
        "duration": duration,
        "processID": service,
        "warnings": None,
        "references": [{"refType": "CHILD_OF", "traceID": "t", "spanID": parent}] if parent else [],
        "tags": [{"key": key, "type": "string", "value": value} for key, value in (tags or {}).items()],
        "logs": [],
    }


def trace(*spans: dict[str, Any], trace_id: str = "t") -> Trace:
    processes = {one["processID"]: {"serviceName": one["processID"], "tags": []} for one in spans}
    return of_jaeger([{"traceID": trace_id, "spans": list(spans), "processes": processes}])[0]
