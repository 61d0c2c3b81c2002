"""Calls between services over a window, as Jaeger's dependencies: the edges of the graph with their calls.

The last seconds of calls are in the engine's memory and not yet stored; after a restart, stored
calls are not in memory. Both are incomplete counts of the same calls, so for one to two ``TAIL_US``
back each edge takes the larger of the two, and what is older comes from the store alone. The graph's
default window is not longer than the tail: each of its edges is in a window that reaches now.
Callers outside the mesh that nobody named (the node ``user``) are no service, and left out.
"""

from collections.abc import Mapping
from typing import Final

from collector.query.mesh.stored_edges import StoredEdges
from collector.query.params import REACHES_NOW_US, Window
from proxy.contract.service_id import ServiceNames
from topology.engine import Engine
from topology.model.graph import USER

TAIL_US: Final = 60_000_000

Calls = Mapping[tuple[str, str], int]


def joined(older: Calls, stored: Calls, live: Calls) -> list[dict[str, object]]:
    """Links in order of parent and child: ``older`` plus the larger of ``stored`` and ``live``."""
    pairs = older.keys() | stored.keys() | live.keys()
    counts = {
        pair: older.get(pair, 0) + max(stored.get(pair, 0), live.get(pair, 0))
        for pair in sorted(pairs)
        if pair[0] and pair[0] != USER
    }
    return [
        {"parent": parent, "child": child, "callCount": count}
        for (parent, child), count in counts.items()
        if count
    ]


def named(links: list[dict[str, object]], names: ServiceNames) -> list[dict[str, object]]:
    """Return the links with each service by the shortest text that means it."""
    return [{**link, **{end: names.shown(str(link[end])) for end in ("parent", "child")}} for link in links]


async def dependencies(
    edges: StoredEdges, engine: Engine, window: Window, now: float
) -> list[dict[str, object]]:
    """``{parent, child, callCount}`` for every edge with calls in the window."""
    now_us = round(now * 1e6)
    # Cut down to a whole minute, so that it is read by whole minutes.
    tail = max(window.start, (now_us - TAIL_US) // TAIL_US * TAIL_US)
    if window.end <= tail or window.end < now_us - REACHES_NOW_US:
        return named(joined(await edges.calls(window), {}, {}), engine.live.names())
    older = await edges.calls(Window(window.start, tail)) if window.start < tail else {}
    # Up to now, not to the end: both sides must count the same seconds to be compared.
    stored = await edges.calls(Window(tail, max(window.end, now_us)))
    live = {
        (edge.source, edge.target): edge.stats.count
        for edge in engine.live.graph(now, max(1.0, now - tail / 1e6)).edges
    }
    return named(joined(older, stored, live), engine.live.names())
