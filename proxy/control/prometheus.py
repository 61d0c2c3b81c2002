"""The sidecar's own numbers in Prometheus text format, version 0.0.4."""

from collections.abc import Iterable, Mapping
from typing import Final

COUNTER: Final = "counter"
GAUGE: Final = "gauge"
PREFIX: Final = "spanmesh_sidecar_"

# By name in /stats: type and help. Counters lack the usual _total: dashboards know them by these names.
METRICS: Final[Mapping[str, tuple[str, str]]] = {
    "mesh_connected": (GAUGE, "1 while the xDS stream to the mesh is connected."),
    "export_connected": (GAUGE, "1 while the connection for telemetry is up."),
    "app_ready": (GAUGE, "1 while the application accepts connections, or none is configured."),
    "draining": (GAUGE, "1 once the sidecar has begun to stop."),
    "spans_sent": (COUNTER, "Spans that the mesh acknowledged."),
    "spans_queued": (GAUGE, "Spans waiting for export."),
    "spans_dropped": (COUNTER, "Spans dropped because the queue was full (max_queued_spans)."),
    "spans_rejected": (COUNTER, "Spans that the mesh refused for good."),
    "points_rejected": (COUNTER, "Metric points that the mesh refused for good."),
    "reports_dropped": (COUNTER, "Metric reports given up: refused for good, or unstored for a minute."),
    "export_failures": (COUNTER, "Exports that failed; most are tried again."),
    "inbound_requests": (COUNTER, "Requests of callers that were answered."),
    "inbound_open": (GAUGE, "Requests of callers under way to the application."),
    "inbound_connections": (GAUGE, "Open connections of callers."),
    "outbound_requests": (COUNTER, "Requests of the application that were answered."),
    "outbound_connections": (GAUGE, "Open connections of the application."),
    "opaque_connections": (COUNTER, "Opaque TCP connections that ended."),
    "upstream_connections": (GAUGE, "Open connections to endpoints and to the application."),
    "upstream_idle": (GAUGE, "Upstream connections waiting in the pool for a request."),
    "series": (GAUGE, "Series of metrics held in memory."),
    "workers": (GAUGE, "Worker processes that serve, with more than one worker."),
    "worker_restarts": (COUNTER, "Worker processes that ended and were started again."),
    "endpoint_avoided": (GAUGE, "1 for an endpoint that gets next to nothing after bad answers, by reason."),
    "refused": (COUNTER, "Requests refused before they reached a destination, by reason."),
}


def prometheus(stats: Mapping[str, object]) -> str:
    """Return the numbers of ``stats``, each with its type and help; other values are left out."""
    lines: list[str] = []
    for key, value in stats.items():
        if isinstance(value, bool | int | float):
            lines += [*_head(key, PREFIX + key), f"{PREFIX}{key} {float(value):g}"]
        elif key == "refused" and isinstance(value, Mapping):
            name = f"{PREFIX}{key}_total"
            lines += _head(key, name)
            lines += [f'{name}{{reason="{reason}"}} {count}' for reason, count in value.items()]
        elif key == "endpoints" and isinstance(value, list):
            lines += _avoided(value)
    return "\n".join(lines) + "\n"


def _avoided(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """Return a line for each endpoint that is avoided: a series for every endpoint would be too many."""
    name = f"{PREFIX}endpoint_avoided"
    lines = [
        f'{name}{{service="{row["service"]}",endpoint="{row["address"]}",reason="{row["avoided"]}"}} 1'
        for row in rows
        if row.get("avoided")
    ]
    return [*_head("endpoint_avoided", name), *lines] if lines else []


def _head(key: str, name: str) -> list[str]:
    kind, text = METRICS.get(key, (GAUGE, ""))
    return [*([f"# HELP {name} {text}"] if text else []), f"# TYPE {name} {kind}"]
