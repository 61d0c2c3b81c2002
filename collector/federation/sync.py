"""The exchange between collectors through the store: publish own members, read what others stored.

Runs beside the engine's step, with a thread and a session of its own for reading and one for writing:
while the store is slow or gone the engine goes on with what it knew.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from collector.clickhouse.database import StoreError
from collector.clickhouse.reader import Reader
from collector.control.mesh_writer import Add
from collector.federation import queries
from collector.federation.members import OwnMembers, RemoteMembers
from collector.federation.remote_decisions import KINDS, RemoteDecisions
from collector.federation.remote_edges import CATCH_UP, RemoteEdges
from collector.stats import Stats
from proxy.contract.option import named
from topology.engine import Engine
from topology.model.samples import EdgeSample

_log = logging.getLogger(__name__)

MEMBERS: Final = "mesh_members"
_PERIOD: Final = 1.0
# Seconds after each full one at which to read: by then the second that is over has been stored.
_PHASE: Final = 0.5
_MEMBERS_BACK: Final = 25.0  # seconds in which every living collector has published all its members
_OVERLAP: Final = 3.0  # seconds of members read again, which may have become visible late
_DECISIONS_OVERLAP: Final = 10.0
_AT_ONCE: Final = 500  # samples merged in one turn of the event loop, which serves streams too


class FederationSync:
    """Publishes and reads every second between ``run`` and ``stop``.

    ``clock`` gives epoch seconds, ``add`` inserts rows, ``file_since`` is when mesh.yaml was written.
    """

    def __init__(
        self,
        engine: Engine,
        reader: Reader,
        add: Add,
        collector: str,
        stats: Stats,
        clock: Callable[[], float],
        file_since: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._add = add
        self._own = collector
        self._stats = stats
        self._clock = clock
        self._file_since = file_since
        # New at each start: rows under the own name and another run come from a second process with that
        # name.
        run = secrets.token_hex(8)
        self._published, self._members = OwnMembers(collector, run), RemoteMembers(collector, run)
        self._edges, self._decisions = RemoteEdges(), RemoteDecisions()
        self._last_read: float | None = None
        self._warned = self._stale = False
        self._stopped = asyncio.Event()
        stats.add_gauge("spanmesh_other_collectors", lambda: self._members.collectors)

    async def run(self) -> None:
        """Publish and read every second."""
        while not self._stopped.is_set():
            problem = ""
            # Each has its own ``try``: what others stored is still read while this collector cannot write.
            for work in (self.publish, self.read):
                try:
                    await work()
                except StoreError as error:
                    self._stats.count("spanmesh_other_collectors_errors_total")
                    problem = str(error)
                except Exception:
                    self._stats.count("spanmesh_other_collectors_errors_total")
                    _log.exception("what other collectors stored could not be merged")
            self._log_change(problem)
            # Aligned to the wall clock, since edges are stored in whole seconds of it; a plain sleep would
            # drift.
            wait = _PERIOD - (self._clock() - _PHASE) % _PERIOD
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stopped.wait()

    def stop(self) -> None:
        """Let ``run`` return."""
        self._stopped.set()

    def _log_change(self, problem: str) -> None:
        """Log when the store stops answering and when it answers again, not each second in between."""
        if problem and not self._stale:
            _log.warning("cannot reach the store, the state of other collectors is stale: %s", problem)
        elif self._stale and not problem:
            _log.warning("the store answers again, the state of other collectors is fresh")
        self._stale = bool(problem)

    async def publish(self) -> None:
        """Store the members that are connected here. Raises StoreError."""
        now = time.monotonic()
        # Taken before the await and confirmed after it: a change meanwhile is published with the next second.
        members = self._engine.own_members()
        await self._add({MEMBERS: self._published.columns(members, now)})
        self._published.confirm(members, now)

    async def read(self) -> None:
        """Merge what others stored since the last call. Raises StoreError."""
        # Monotonic: an adjusted wall clock must not make other collectors look silent.
        now = time.monotonic()
        passed = None if self._last_read is None else now - self._last_read
        await self._read_members(passed)
        await self._read_edges()
        await self._read_decisions(passed)
        # Only after all three: where one failed, the next read reaches back further.
        self._last_read = now

    async def _read_members(self, passed: float | None) -> None:
        back = _MEMBERS_BACK if passed is None else min(passed + _OVERLAP, _MEMBERS_BACK)
        rows = await self._reader.query(queries.MEMBERS, {"back": int(back * 1000)})
        # A long pause was the store's, not the others': who lives shows in the reads that follow.
        looked = min(passed or 0.0, 2 * _PERIOD)
        for collector, members in self._members.take(rows, looked).items():
            self._engine.remote.set_members(collector, members)
        if self._members.namesake and not self._warned:
            self._warned = True
            _log.error(
                "another collector stores under the name %r too, and neither reads the other's rows: "
                f"give each its own with {named('name')}",
                self._own,
            )

    async def _read_edges(self) -> None:
        names, spans = self._edges.since(measured=True), self._edges.since(measured=False)
        rows = await self._reader.query(
            queries.EDGES,
            {
                "own": self._own,
                "since": int(self._clock()) - CATCH_UP,
                **_since("names", names),
                **_since("spans", spans),
            },
        )
        # Up to 20,000 histograms: on the event loop this would hold up the engine's step.
        found = await asyncio.to_thread(self._edges.take, rows)
        for collector, samples in found.items():
            await self._merge(collector, samples)

    async def _merge(self, collector: str, samples: Sequence[EdgeSample]) -> None:
        self._stats.count("spanmesh_folded_edges_total", len(samples))
        for start in range(0, len(samples), _AT_ONCE):
            part = samples[start : start + _AT_ONCE]
            self._engine.remote.merge_edges(collector, part, self._clock())
            # Lets other tasks of the event loop run between two parts.
            await asyncio.sleep(0)

    async def _read_decisions(self, passed: float | None) -> None:
        now = self._clock()
        back = CATCH_UP if passed is None else min(passed + _DECISIONS_OVERLAP, CATCH_UP)
        asked = {"own": self._own, "since": now - back, "kinds": list(KINDS)}
        rows = await self._reader.query(queries.DECISIONS, asked)
        new = self._decisions.take(rows, now)
        since = self._file_since()  # a later mesh.yaml overrules what was set before it
        self._engine.follow([made for made in new.stages if made.time > since])
        for collector, made in new.ejections:
            self._engine.remote.take_ejection(collector, made, now)


def _since(name: str, known: Mapping[str, int]) -> dict[str, Iterable[object]]:
    """Return parameters for ``transform``, whose arrays must not be empty."""
    return {name: [*known, ""], f"{name}_since": [*known.values(), 0]}
