"""The layout of a graph: layers from left to right by call depth (Sugiyama et al. 1981). Pure.

A layered drawing after Sugiyama, Tagawa and Toda (1981): loops are cut, depth is the longest
path from a caller nobody calls, and the order within a layer follows the neighbours' mean.
The same graph gives the same positions, whatever the order it comes in, so nodes never jump;
what comes later is placed beside what is there. Many nodes take several columns of a layer.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

COLUMN: Final = 224.0  # distance of layers
ROW: Final = 114.0  # distance within a layer
CROWDED: Final = 150  # from so many nodes on layers are folded, and calls go straight
# Passes over the layers, every second one backwards. Crossings hardly decrease after a few.
_SWEEPS: Final = 8
_ASPECT: Final = 1.6  # width to height of a folded drawing
_BAND_GAP: Final = 70.0  # between groups

Link = tuple[str, str]
Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of nodes, and bends of links that pass over layers.

    A bend is (weight, distance): how far along the straight line (0 to 1), and how far beside
    it, positive to the right of the direction of travel on a screen whose y grows downwards.
    """

    places: Mapping[str, Position]
    bends: Mapping[Link, tuple[tuple[float, float], ...]]


def arrange(names: Iterable[str], links: Iterable[Link], groups: Mapping[str, str] | None = None) -> Layout:
    """Return places for every name; links with an unknown end or from a node to itself do not count.

    Names of a group (``groups``: name to group) are in a band of their own, below each other by
    name of the group; names without one below all.
    """
    # Sorted here and below, so that the result does not depend on the order of the input.
    nodes = sorted(set(names))
    known = set(nodes)
    edges = sorted({(a, b) for a, b in links if a != b and a in known and b in known})
    callees: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in edges:
        callees[source].append(target)
    forward = _without_loops(nodes, callees)
    depth = _depths(nodes, forward)
    # Folded layers take several columns, so a link has no free place of its own in a layer: no bends.
    if groups or len(nodes) >= CROWDED:
        return Layout(_folded(_ordered(nodes, forward, depth), groups or {}), {})
    chains = _chains(forward, depth)
    for chain in chains.values():
        depth.update({stop: depth[chain[0]] + hop for hop, stop in enumerate(chain)})
    hops = sorted({hop for chain in chains.values() for hop in pairwise(chain)})
    layers = _ordered(sorted(depth), hops, depth)
    places = {
        name: (column * COLUMN, (row - (len(layer) - 1) / 2) * ROW)
        for column, layer in enumerate(layers)
        for row, name in enumerate(layer)
    }
    bends = {
        link: _bends([places[stop] for stop in chain]) for link, chain in chains.items() if len(chain) > 2
    }
    return Layout({name: places[name] for name in nodes}, bends)


def extend(layout: Layout, names: Iterable[str], links: Iterable[Link]) -> Layout:
    """Return the same places with further names added: in a column after their callers or before their
    callees, near them, where there is room.
    """
    places = dict(layout.places)
    taken = set(places.values())
    beside: dict[str, list[tuple[str, int]]] = {}
    for source, target in sorted(links):
        beside.setdefault(target, []).append((source, 1))
        beside.setdefault(source, []).append((target, -1))
    for name in sorted(set(names) - places.keys()):
        near = [(*places[other], way) for other, way in beside.get(name, ()) if other in places]
        callers = [x for x, _, way in near if way > 0]
        x = max(callers) + COLUMN if callers else min((x for x, _, _ in near), default=COLUMN) - COLUMN
        middle = sum(y for _, y, _ in near) / len(near) if near else 0.0
        places[name] = x, _free(x, middle, taken)
        taken.add(places[name])
    return Layout(places, layout.bends)


def _free(x: float, y: float, taken: Iterable[Position]) -> float:
    """Return the nearest height in a column with nothing less than a row away."""
    rows = [other for at, other in taken if abs(at - x) < COLUMN / 2]
    tries = (y + sign * step * ROW / 2 for step in range(2 * len(rows) + 3) for sign in (1, -1))
    return next(height for height in tries if all(abs(height - row) >= ROW for row in rows))


def _folded(layers: list[list[str]], groups: Mapping[str, str]) -> dict[str, Position]:
    """Return layers in as many columns as their bands need, so that the graph is not a tower."""
    count = sum(map(len, layers))
    most = max(16, math.ceil(math.sqrt(count * COLUMN * ROW / _ASPECT) / ROW))
    bands = sorted({groups.get(name, "") for layer in layers for name in layer}, key=lambda b: (not b, b))
    sizes = Counter(groups.get(name, "") for layer in layers for name in layer)
    rows = {band: max(4, math.ceil(most * sizes[band] / count)) for band in bands}
    columns: list[dict[str, list[str]]] = []  # by band, the names of each column
    for layer in layers:
        cut = {band: [name for name in layer if groups.get(name, "") == band] for band in bands}
        parts = max(math.ceil(len(cut[band]) / rows[band]) for band in bands)
        columns += [
            {band: cut[band][part * rows[band] : (part + 1) * rows[band]] for band in bands}
            for part in range(parts)
        ]
    places, top = {}, 0.0
    for band in bands:
        height = max((len(column[band]) for column in columns), default=0) * ROW
        for at, column in enumerate(columns):
            for row, name in enumerate(column[band]):
                middle = row - (len(column[band]) - 1) / 2
                places[name] = at * COLUMN, top + height / 2 + middle * ROW
        top += height + _BAND_GAP
    return places


def _chains(links: list[Link], depth: Mapping[str, int]) -> dict[Link, list[str]]:
    """Return each link as its stops, one per layer: links over several layers keep a free place in each."""
    return {
        (source, target): [
            source,
            *(f"\0{layer}\0{source}\0{target}" for layer in range(depth[source] + 1, depth[target])),
            target,
        ]
        for source, target in links
    }


def _bends(stops: list[Position]) -> tuple[tuple[float, float], ...]:
    """Return the inner stops relative to the straight line from the first to the last."""
    (x0, y0), (x1, y1) = stops[0], stops[-1]
    dx, dy = x1 - x0, y1 - y0
    length = math.hypot(dx, dy)
    return tuple(
        (((x - x0) * dx + (y - y0) * dy) / length**2, ((y - y0) * dx - (x - x0) * dy) / length)
        for x, y in stops[1:-1]
    )


def _without_loops(nodes: list[str], callees: Mapping[str, list[str]]) -> list[Link]:
    """Return every link but those that lead back to a node still being visited (depth first, iterative)."""
    called = {target for targets in callees.values() for target in targets}
    kept: list[Link] = []
    state: dict[str, int] = {}  # 1 while being visited, 2 when done
    for start in sorted(nodes, key=lambda name: (name in called, name)):
        stack = [] if start in state else [(start, iter(callees[start]))]
        if stack:
            state[start] = 1
        while stack:
            name, rest = stack[-1]
            target = next(rest, None)
            if target is None:
                state[name] = 2
                stack.pop()
                continue
            # 1: the target is on the way to here, so this link closes a loop.
            if state.get(target) != 1:
                kept.append((name, target))
            if target not in state:
                state[target] = 1
                stack.append((target, iter(callees[target])))
    return kept


def _depths(nodes: list[str], links: list[Link]) -> dict[str, int]:
    """Return the longest path to each node, in topological order (Kahn 1962)."""
    waiting = dict.fromkeys(nodes, 0)
    after: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in links:
        waiting[target] += 1
        after[source].append(target)
    depth = dict.fromkeys(nodes, 0)
    free = [name for name in nodes if not waiting[name]]
    for name in free:  # grows while it is walked
        for target in after[name]:
            depth[target] = max(depth[target], depth[name] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                free.append(target)
    return depth


def _ordered(nodes: list[str], links: list[Link], depth: Mapping[str, int]) -> list[list[str]]:
    """Return layers, each ordered to keep links short: sweeps left to right and back over neighbour means."""
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in nodes:
        layers[depth[name]].append(name)
    before: dict[str, list[str]] = {name: [] for name in nodes}
    after: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in links:
        before[target].append(source)
        after[source].append(target)
    place = {name: row - (len(layer) - 1) / 2 for layer in layers for row, name in enumerate(layer)}
    for sweep in range(_SWEEPS):
        beside = after if sweep % 2 else before
        for layer in reversed(layers) if sweep % 2 else layers:
            # Equal means keep the order of the last sweep; the name decides the rest.
            layer.sort(key=lambda name: (_mean(beside[name], place), place[name], name))
            place.update({name: row - (len(layer) - 1) / 2 for row, name in enumerate(layer)})
    return layers


def _mean(names: list[str], place: Mapping[str, float]) -> float:
    return sum(place[name] for name in names) / len(names) if names else 0.0
