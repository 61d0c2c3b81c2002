"""The queue of the mesh's edges and decisions on their way to the store.

The engine's step hands them over and goes on. While ClickHouse is slow or gone they wait here, up to a
limit; past it the oldest are dropped and counted.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from collector.clickhouse.database import Columns, StatementError, StoreError
from collector.control.mesh_rows import (
    CONNECTIONS,
    DECISIONS,
    EDGES,
    connection_columns,
    decision_columns,
    edge_columns,
)
from collector.stats import Stats
from proxy.contract.traffic import Protocol
from topology.model.decisions import Decision
from topology.model.samples import EdgeSample

_log = logging.getLogger(__name__)

_RETRY_SECONDS: Final = 1.0
# Rows of each table: a busy mesh stores some thousand edges a second, so a minute or two without the store.
_LIMIT: Final = 200_000

Add = Callable[[Mapping[str, Columns]], Awaitable[object]]


class MeshWriter:
    """Stores edges, connections and decisions as fast as the store takes them. ``add`` inserts rows."""

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
        """The number of rows that wait."""
        return len(self._edges) + len(self._connections) + len(self._decisions)

    def record(self, edges: Sequence[EdgeSample], decisions: Sequence[Decision]) -> None:
        """Queue rows; returns at once."""
        # A TCP sample may have open connections or bytes and no new call: it belongs to mesh_connections
        # only.
        self._edges.extend(sample for sample in edges if sample.count)
        self._connections.extend(sample for sample in edges if sample.protocol is Protocol.TCP)
        self._decisions.extend(decisions)
        kept = ((EDGES, self._edges), (CONNECTIONS, self._connections), (DECISIONS, self._decisions))
        for table, rows in kept:
            while len(rows) > self._limit:
                # The oldest go, as the newest are what balancing and the graph are looked at for.
                rows.popleft()
                self._stats.count("spanmesh_dropped_rows_total", table=table)
        # Set for old rows as well: ``run`` may have failed to store them and wait for the next chance.
        if self.pending:
            self._some.set()

    async def run(self) -> None:
        """Store queued rows until ``close``, and those that wait then."""
        while not self._closing or self.pending:
            await self._some.wait()
            self._some.clear()
            # One after the other, as the writer behind ``add`` has one thread.
            await self._store(EDGES, self._edges, edge_columns)
            await self._store(CONNECTIONS, self._connections, connection_columns)
            await self._store(DECISIONS, self._decisions, decision_columns)

    async def _store(
        self, table: str, rows: deque[Any], columns: Callable[[Sequence[Any], str], dict[str, list[Any]]]
    ) -> None:
        """Empty one queue. Rows leave it once they are committed, or can never be."""
        while rows:
            # Taken out at once: ``record`` appends to the deque while the insert is awaited.
            taken = list(rows)
            rows.clear()
            try:
                await self._add({table: columns(taken, self._collector)})
            except StatementError as error:
                _log.error("%d rows of %s cannot be stored: %s", len(taken), table, error)
                self._stats.count("spanmesh_dropped_rows_total", len(taken), table=table)
            except StoreError as error:
                # Back in their old order, so that the limit drops the oldest first.
                rows.extendleft(reversed(taken))
                if self._closing:
                    _log.error("%d rows of %s were not stored: %s", len(rows), table, error)
                    self._stats.count("spanmesh_dropped_rows_total", len(rows), table=table)
                    rows.clear()
                    return
                await asyncio.sleep(self._retry_seconds)

    def close(self) -> None:
        """Let ``run`` end once the rows that wait are stored, or the store refuses them."""
        self._closing = True
        self._some.set()
