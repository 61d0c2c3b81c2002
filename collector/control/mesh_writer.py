"""The mesh's own tables: edges and decisions on their way to the store, never in anyone's way.

The step of the mesh hands over rows and goes on. When ClickHouse is slow or gone they wait here,
up to a limit; past it the oldest are given up and counted.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from collector.clickhouse.database import Columns, StatementError, StoreError
from collector.stats import Stats
from proxy.contract.decisions.codec import dumps
from proxy.contract.traffic import Protocol
from topology.model import Decision, EdgeSample

_log = logging.getLogger(__name__)

EDGES: Final = "mesh_edges"
CONNECTIONS: Final = "mesh_connections"
DECISIONS: Final = "mesh_decisions"
# The key of the bucket of zero in mesh_edges.Latency.
ZERO_BUCKET: Final = -32768
_RETRY_SECONDS: Final = 1.0
_LIMIT: Final = 200_000  # rows

Add = Callable[[Mapping[str, Columns]], Awaitable[object]]


def edge_columns(samples: Sequence[EdgeSample], collector: str) -> dict[str, list[Any]]:
    """Rows of mesh_edges."""
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
    """Rows of mesh_connections."""
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
        "Standing": [sample.standing for sample in samples],
        "Sent": [sample.sent for sample in samples],
        "Received": [sample.received for sample in samples],
    }


def _buckets(sample: EdgeSample) -> dict[int, int]:
    counts = dict(sample.histogram.counts)
    if sample.histogram.zero:
        counts[ZERO_BUCKET] = sample.histogram.zero
    return counts


def decision_columns(decisions: Sequence[Decision], collector: str) -> dict[str, list[Any]]:
    """Rows of mesh_decisions."""
    return {
        "Time": [int(decision.time * 1000) for decision in decisions],
        "Kind": [decision.kind for decision in decisions],
        "Service": [decision.service for decision in decisions],
        "Endpoint": [decision.endpoint for decision in decisions],
        "Reason": [decision.reason for decision in decisions],
        "Evidence": [dumps(decision.evidence) for decision in decisions],
        "Collector": [collector] * len(decisions),
    }


class Recorder:
    """Keeps what waits and stores it as fast as the store takes it."""

    def __init__(
        self,
        add: Add,
        collector: str,
        stats: Stats,
        limit: int = _LIMIT,
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        self._add = add
        self._collector = collector
        self._stats = stats
        self._limit = limit
        self._retry_seconds = retry_seconds
        self._edges: deque[EdgeSample] = deque()
        self._connections: deque[EdgeSample] = deque()
        self._decisions: deque[Decision] = deque()
        self._some = asyncio.Event()
        self._closing = False

    @property
    def pending(self) -> int:
        """Rows that wait."""
        return len(self._edges) + len(self._connections) + len(self._decisions)

    def record(self, edges: Sequence[EdgeSample], decisions: Sequence[Decision]) -> None:
        """Take rows to store; returns at once."""
        self._edges.extend(sample for sample in edges if sample.count)
        self._connections.extend(sample for sample in edges if sample.protocol is Protocol.TCP)
        self._decisions.extend(decisions)
        kept = ((EDGES, self._edges), (CONNECTIONS, self._connections), (DECISIONS, self._decisions))
        for table, rows in kept:
            while len(rows) > self._limit:
                rows.popleft()
                self._stats.count("spanmesh_dropped_rows_total", table=table)
        if self.pending:
            self._some.set()

    async def run(self) -> None:
        """Store what comes until ``close``, and what waits then."""
        while not self._closing or self.pending:
            await self._some.wait()
            self._some.clear()
            await self._store(EDGES, self._edges, edge_columns)
            await self._store(CONNECTIONS, self._connections, connection_columns)
            await self._store(DECISIONS, self._decisions, decision_columns)

    async def _store(
        self, table: str, rows: deque[Any], columns: Callable[[Sequence[Any], str], dict[str, list[Any]]]
    ) -> None:
        """Rows leave the queue once they are committed, or cannot ever be."""
        while rows:
            taken = list(rows)
            rows.clear()
            try:
                await self._add({table: columns(taken, self._collector)})
            except StatementError as error:
                _log.error("%d rows of %s cannot be stored: %s", len(taken), table, error)
                self._stats.count("spanmesh_dropped_rows_total", len(taken), table=table)
            except StoreError as error:
                rows.extendleft(reversed(taken))
                if self._closing:
                    _log.error("%d rows of %s were not stored: %s", len(rows), table, error)
                    self._stats.count("spanmesh_dropped_rows_total", len(rows), table=table)
                    rows.clear()
                    return
                await asyncio.sleep(self._retry_seconds)

    def close(self) -> None:
        """Let ``run`` end when what waits is stored, or the store refuses it."""
        self._closing = True
        self._some.set()
