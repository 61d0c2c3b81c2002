"""The collector's own counters and gauges, in the Prometheus text format."""

from collections.abc import Callable
from threading import Lock
from typing import Final

# Help text by name. Only these names can be counted, so docs/metrics.md can be checked to have them all.
COUNTERS: Final = {
    "spanmesh_received_requests_total": "Export requests by signal, transport and outcome.",
    "spanmesh_received_bytes_total": "Bytes of export requests, decompressed.",
    "spanmesh_refused_total": "Spans, points and log records left out of accepted requests, by reason.",
    "spanmesh_stored_rows_total": "Rows committed to ClickHouse, by table.",
    "spanmesh_failed_inserts_total": "Inserts that failed and are tried again, by signal.",
    "spanmesh_drained_segments_total": "Segments of the spool stored in ClickHouse.",
    "spanmesh_put_aside_requests_total": "Requests that ClickHouse rejects, moved to spool/aside, by signal.",
    "spanmesh_dropped_aside_requests_total": "Oldest requests deleted from spool/aside at its limit.",
    "spanmesh_inserts_total": "Inserts into ClickHouse, by table.",
    "spanmesh_dropped_rows_total": "Rows of the mesh's tables dropped as the store was too slow, by table.",
    "spanmesh_ignored_samples_total": "Measurements of sidecars ignored because their values are impossible.",
    "spanmesh_repeated_requests_total": "Requests received a second time, counted and stored once.",
    "spanmesh_probes_total": "Probes of endpoints, by outcome: ok, failed or skipped.",
    "spanmesh_tick_errors_total": "Steps of the topology engine that failed.",
    "spanmesh_folded_edges_total": "Seconds of edges read from other collectors and added to the graph.",
    "spanmesh_other_collectors_errors_total": "Failed exchanges of state with other collectors.",
    "spanmesh_mesh_file_errors_total": "Changes of mesh.yaml that were rejected; the last good one stays.",
}
GAUGES: Final = {
    "spanmesh_pending_bytes": "Bytes of export requests waiting to be written to the spool.",
    "spanmesh_spool_bytes": "Bytes in the spool: acknowledged and not yet stored.",
    "spanmesh_spool_segments": "Segments in the spool.",
    "spanmesh_spool_oldest_seconds": "Age of the oldest segment in the spool.",
    "spanmesh_spool_lost_bytes": "Bytes in the spool that could not be read.",
    "spanmesh_pending_mesh_rows": "Rows of the mesh's own tables waiting for the store.",
    "spanmesh_other_collectors": "Other collectors on the same server whose state is current.",
    "spanmesh_tick_seconds": "Duration of the topology engine's last step.",
    "spanmesh_clock_ahead_seconds": "Seconds that the machine's clock is ahead of the mesh's.",
}
_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})

Labels = tuple[tuple[str, str], ...]


class Stats:
    """Counters and gauges of one collector; safe from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[str, dict[Labels, float]] = {name: {} for name in COUNTERS}
        self._gauges: dict[str, Callable[[], float]] = {}

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter. Raises KeyError for a name without help text."""
        key = tuple(sorted(labels.items()))
        with self._lock:
            values = self._counts[name]
            values[key] = values.get(key, 0) + amount

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of a counter over all label sets that contain ``labels``."""
        wanted = set(labels.items())
        with self._lock:
            return sum(value for key, value in self._counts[name].items() if wanted <= set(key))

    def add_gauge(self, name: str, read: Callable[[], float]) -> None:
        """Add a gauge; ``read`` is called for each scrape."""
        if name not in GAUGES:
            raise KeyError(name)
        self._gauges[name] = read

    def read_gauge(self, name: str) -> float | None:
        """Return the value of a gauge now; None when the collector has no gauge of that name."""
        read = self._gauges.get(name)
        return None if read is None else read()

    def render(self) -> str:
        """Return everything in the Prometheus text exposition format, version 0.0.4."""
        with self._lock:
            counts = {name: dict(values) for name, values in self._counts.items()}
        lines: list[str] = []
        for name, values in counts.items():
            lines += [f"# HELP {name} {COUNTERS[name]}", f"# TYPE {name} counter"]
            lines += [f"{name}{_labels(key)} {value:g}" for key, value in sorted(values.items())]
        for name, read in self._gauges.items():
            lines += [f"# HELP {name} {GAUGES[name]}", f"# TYPE {name} gauge", f"{name} {read():g}"]
        return "\n".join(lines) + "\n"


def _labels(key: Labels) -> str:
    inside = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in key)
    return f"{{{inside}}}" if inside else ""
