"""Several collectors, one mesh: each tells the store what it has, and takes from there what others have.

Beside the step of the mesh, with a thread and a session of its own for reading and one for writing:
while the store is slow or gone the mesh goes on with what it knew. Looks are made half a second after
each full one, when the second that is over has been stored.
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
from collector.federation.rows import CATCH_UP, Changes, Folds, Heard, Told
from collector.stats import Stats
from proxy.contract.option import named
from topology.engine import Engine
from topology.model import EdgeSample

_log = logging.getLogger(__name__)

MEMBERS: Final = "mesh_members"
_PERIOD: Final = 1.0
_PHASE: Final = 0.5
_MEMBERS_BACK: Final = 25.0  # seconds in which every living collector has told everything
_OVERLAP: Final = 3.0
_ROWS: Final = 20_000  # of one look
_AT_ONCE: Final = 500  # samples folded in one turn of the loop

_MEMBERS: Final = f"""
SELECT toUnixTimestamp64Milli(Time) AS at, Collector, Run, Service, Present, Address, State, App, Instance,
    Version, Zone
FROM mesh_members
WHERE Time > now64(3) - toIntervalMillisecond({{back:UInt32}})
ORDER BY at
LIMIT {_ROWS}
"""
# Of each collector what is later than its newest row that is known, less an overlap; users' calls (their
# seconds are held back while spans may still tell whose they were) have a newest row of their own.
_EDGES: Final = f"""
WITH toString(Collector) AS name
SELECT toUnixTimestamp(Time) AS second, Source, Target, Protocol, Endpoint, Arm, Collector, sum(Count),
    sum(Errors), sum(Sum), sumMap(Latency), sum(Encrypted), sum(Clear)
FROM mesh_edges
WHERE Time > toDateTime({{since:UInt32}}) AND Collector != {{own:String}}
    AND toUnixTimestamp(Time) > if(
        Source = 'user',
        transform(name, {{users:Array(String)}}, {{users_since:Array(UInt32)}}, {{since:UInt32}}),
        transform(name, {{names:Array(String)}}, {{names_since:Array(UInt32)}}, {{since:UInt32}})
    )
GROUP BY second, Source, Target, Protocol, Endpoint, Arm, Collector
ORDER BY second DESC
LIMIT {_ROWS}
"""
_CHANGES: Final = f"""
SELECT Collector, toUnixTimestamp64Milli(Time), Kind, Service, Endpoint, Reason, Evidence
FROM mesh_decisions
WHERE Time > toDateTime64({{since:Float64}}, 3) AND Collector != {{own:String}}
    AND Kind IN ('eject', 'probation', 'return', 'stage')
ORDER BY Time
LIMIT {_ROWS}
"""


class Neighbours:
    """Runs between ``run`` and ``stop``. ``clock`` gives epoch seconds, ``add`` inserts rows."""

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
        run = secrets.token_hex(8)
        self._told, self._heard = Told(collector, run), Heard(collector, run)
        self._folds, self._changes = Folds(), Changes()
        self._looked: float | None = None
        self._warned = self._deaf = False
        self._stopped = asyncio.Event()
        stats.add_gauge("spanmesh_other_collectors", lambda: self._heard.collectors)

    async def run(self) -> None:
        """Tell and look every second."""
        while not self._stopped.is_set():
            problem = ""
            for work in (self.tell, self.look):
                try:
                    await work()
                except StoreError as error:
                    self._stats.count("spanmesh_other_collectors_errors_total")
                    problem = str(error)
                except Exception:
                    self._stats.count("spanmesh_other_collectors_errors_total")
                    _log.exception("what other collectors stored was not taken over")
            self._say(problem)
            wait = _PERIOD - (self._clock() - _PHASE) % _PERIOD
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stopped.wait()

    def stop(self) -> None:
        """Let ``run`` return."""
        self._stopped.set()

    def _say(self, problem: str) -> None:
        """Log the beginning and the end of a time without the store, not each second of it."""
        if problem and not self._deaf:
            _log.warning("other collectors are not heard of until the store answers: %s", problem)
        elif self._deaf and not problem:
            _log.warning("other collectors are heard of again")
        self._deaf = bool(problem)

    async def tell(self) -> None:
        """Store what is connected here. Raises StoreError."""
        now = time.monotonic()
        columns, members = self._told.columns(self._engine.registered(), now)
        await self._add({MEMBERS: columns})
        self._told.note(members, now)

    async def look(self) -> None:
        """Take over what others stored since the last look. Raises StoreError."""
        now = time.monotonic()
        passed = None if self._looked is None else now - self._looked
        await self._members(passed)
        await self._edges()
        await self._decisions(passed)
        self._looked = now

    async def _members(self, passed: float | None) -> None:
        back = _MEMBERS_BACK if passed is None else min(passed + _OVERLAP, _MEMBERS_BACK)
        rows = await self._reader.query(_MEMBERS, {"back": int(back * 1000)})
        # A long pause was the store's: who lives shows in the looks that follow.
        looked = min(passed or 0.0, 2 * _PERIOD)
        for collector, members in self._heard.take(rows, looked).items():
            self._engine.elsewhere.members(collector, members)
        if self._heard.namesake and not self._warned:
            self._warned = True
            _log.error(
                "another collector stores under the name %r too, and neither hears of the other: "
                f"give each its own with {named('name')}",
                self._own,
            )

    async def _edges(self) -> None:
        names, users = self._folds.since(users=False), self._folds.since(users=True)
        rows = await self._reader.query(
            _EDGES,
            {
                "own": self._own,
                "since": int(self._clock()) - CATCH_UP,
                **_since("names", names),
                **_since("users", users),
            },
        )
        found = await asyncio.to_thread(self._folds.take, rows)
        for collector, samples in found.items():
            await self._fold(collector, samples)

    async def _fold(self, collector: str, samples: Sequence[EdgeSample]) -> None:
        self._stats.count("spanmesh_folded_edges_total", len(samples))
        for start in range(0, len(samples), _AT_ONCE):
            part = samples[start : start + _AT_ONCE]
            self._engine.elsewhere.fold(collector, part, self._clock())
            await asyncio.sleep(0)

    async def _decisions(self, passed: float | None) -> None:
        now = self._clock()
        back = CATCH_UP if passed is None else min(passed + 10.0, CATCH_UP)
        rows = await self._reader.query(_CHANGES, {"own": self._own, "since": now - back})
        news = self._changes.take(rows, now)
        since = self._file_since()  # what mesh.yaml says later than that stands
        self._engine.follow([made for made in news.stages if made.time > since])
        for collector, made in news.ejected:
            self._engine.elsewhere.ejected(collector, made, now)


def _since(name: str, known: Mapping[str, int]) -> dict[str, Iterable[object]]:
    """Parameters for ``transform``, whose arrays must not be empty."""
    return {name: [*known, ""], f"{name}_since": [*known.values(), 0]}
