"""Windows of traffic, split between memory and store, and the traffic of a window by edge.

The engine's memory answers for the time since this process began, at most fifteen minutes, and
the store for what was before; a window that ends in the past is answered by the store alone. It
lacks the last seconds: calls are stored once nothing more is added to their second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from collector.clock import MeshClock
from collector.query import params
from collector.query.mesh.stored_edges import StoredEdges, covered
from collector.query.params import REACHES_NOW_US, Query, Window
from proxy.contract.traffic import Protocol
from topology.engine import Engine
from topology.graph.cells import Cell

MEMORY_US: Final = 900_000_000  # what the engine keeps

EdgeKey = tuple[str, str, Protocol]  # source, target, protocol


@dataclass(frozen=True, slots=True)
class AnsweredWindow:
    """A window, and the parts that memory and store answer for.

    ``now`` is epoch seconds; ``live`` how many seconds back from it memory answers for, 0 for
    none; ``stored`` the part before that, None when memory answers for all.
    """

    window: Window
    now: float
    live: float
    stored: Window | None


@dataclass(frozen=True, slots=True)
class EdgeTraffic:
    """Traffic by edge over a window of ``seconds``."""

    cells: Mapping[EdgeKey, Cell]
    seconds: float


class TrafficQueries:
    """The engine's memory and the stored edges, both by the mesh's clock."""

    def __init__(self, edges: StoredEdges, engine: Engine, clock: MeshClock) -> None:
        self.edges = edges
        self._engine = engine
        self._clock = clock
        self._born_us = round(clock() * 1e6)

    def recent(self, query: Query, default_us: int) -> AnsweredWindow:
        """Return the window of ``start`` and ``end``; without a start the caller wants what is happening,
        with one, all that happened since. Raises BadValueError."""
        return self.split(self._window(query, default_us), bool(query.get("start")))

    def within(self, query: Query, default_us: int) -> AnsweredWindow:
        """Return the window of ``start`` and ``end``, with all that happened in it, also without a start:
        for windows that are compared."""
        return self.split(self._window(query, default_us))

    def _window(self, query: Query, default_us: int) -> Window:
        """Return the window of a query by the mesh's time, which the machine's, and so a client's, may be
        ahead of."""
        now_us = round(self._clock() * 1e6)
        window = params.window(query, now_us, default_us)
        ahead = max(0, min(self._clock.present_us()[1], window.end - now_us))
        return Window(max(0, window.start - ahead), window.end - ahead)

    def split(self, window: Window, since_start: bool = True) -> AnsweredWindow:
        """Return the window with the parts that memory and store answer for."""
        now = self._clock()
        now_us = round(now * 1e6)
        # Entirely in the past: the store alone, since memory has no windows that end earlier than now.
        if window.end < now_us - REACHES_NOW_US:
            return AnsweredWindow(window, now, 0.0, window)
        # Without a start the caller wants what happens now: memory answers, even if it began a moment ago.
        oldest = max(now_us - MEMORY_US, self._born_us) if since_start else 0
        # Where the part from memory begins and that from the store ends.
        middle = min(max(window.start, oldest), now_us)
        stored = Window(window.start, middle) if window.start < middle else None
        return AnsweredWindow(window, now, (now_us - middle) / 1e6, stored)

    async def by_edge(self, window: AnsweredWindow) -> EdgeTraffic:
        """Return the traffic of each edge: from memory where it answers for all, otherwise from the store."""
        if window.stored is None:
            return EdgeTraffic(
                self._engine.live.traffic(window.now, window.live), max(1.0, window.window.seconds)
            )
        start, end = covered(window.window)
        return EdgeTraffic(await self.edges.traffic(window.window), end - start)
