"""Rows of the mesh's own tables: edges, connections and decisions as columns, and decisions read back."""

from collections.abc import Sequence
from typing import Any, Final

from proxy.contract.decisions.codec import dumps, loads
from proxy.contract.service_id import ServiceId
from topology.model.decisions import Decision
from topology.model.samples import EdgeSample

EDGES: Final = "mesh_edges"
CONNECTIONS: Final = "mesh_connections"
DECISIONS: Final = "mesh_decisions"
# The key of the bucket of zero in mesh_edges.Latency, a map by bucket: the lowest index an Int16 has.
ZERO_BUCKET: Final = -32768


def edge_columns(samples: Sequence[EdgeSample], collector: str) -> dict[str, list[Any]]:
    """Return the columns of mesh_edges."""
    return {
        "Time": [sample.second for sample in samples],
        "Source": [sample.source for sample in samples],
        "Target": [sample.target for sample in samples],
        "Protocol": [sample.protocol for sample in samples],
        "Endpoint": [sample.endpoint for sample in samples],
        "Arm": [sample.arm for sample in samples],
        "Count": [sample.count for sample in samples],
        "Errors": [sample.errors for sample in samples],
        "Sum": [sample.histogram.sum for sample in samples],
        "Latency": [_buckets(sample) for sample in samples],
        "Encrypted": [sample.encrypted for sample in samples],
        "Clear": [sample.clear for sample in samples],
        "Collector": [collector] * len(samples),
    }


def connection_columns(samples: Sequence[EdgeSample], collector: str) -> dict[str, list[Any]]:
    """Return the columns of mesh_connections."""
    return {
        "Time": [sample.second for sample in samples],
        "Source": [sample.source for sample in samples],
        "Target": [sample.target for sample in samples],
        "Protocol": [sample.protocol for sample in samples],
        "Arm": [sample.arm for sample in samples],
        "Collector": [collector] * len(samples),
        "Count": [sample.count for sample in samples],
        "Encrypted": [sample.encrypted for sample in samples],
        "Clear": [sample.clear for sample in samples],
        "Standing": [sample.open_seconds for sample in samples],
        "Sent": [sample.sent for sample in samples],
        "Received": [sample.received for sample in samples],
    }


def _buckets(sample: EdgeSample) -> dict[int, int]:
    counts = dict(sample.histogram.counts)
    if sample.histogram.zero:
        # Latencies of zero have no logarithm and so no bucket index of their own.
        counts[ZERO_BUCKET] = sample.histogram.zero
    return counts


def decision_columns(decisions: Sequence[Decision], collector: str) -> dict[str, list[Any]]:
    """Return the columns of mesh_decisions."""
    return {
        # Milliseconds, the unit of DateTime64(3).
        "Time": [int(decision.time * 1000) for decision in decisions],
        "Kind": [decision.kind for decision in decisions],
        "Service": [decision.service for decision in decisions],
        "Endpoint": [decision.endpoint for decision in decisions],
        "Reason": [decision.reason for decision in decisions],
        "Evidence": [dumps(decision.evidence) for decision in decisions],
        "Collector": [collector] * len(decisions),
    }


def read_decision(
    milliseconds: int, kind: str, service: str, endpoint: str, reason: str, evidence: str
) -> Decision:
    """Return the decision of a row of mesh_decisions, whatever release stored it."""
    return Decision(milliseconds / 1000, ServiceId.parse(service), reason, loads(kind, evidence), endpoint)
