"""Where the nodes of the graph stand: layers left to right by call depth.

A layered drawing after Sugiyama, Tagawa and Toda (1981): loops are cut, depth is the longest
path from a caller nobody calls, and the order within a layer follows the neighbours' mean.
The same graph gives the same positions, whatever the order it comes in, so nodes never jump.
"""

from collections.abc import Iterable, Mapping
from typing import Final

COLUMN: Final = 232.0  # distance of layers
ROW: Final = 98.0  # distance within a layer
_SWEEPS: Final = 6

Link = tuple[str, str]


def positions(names: Iterable[str], links: Iterable[Link]) -> dict[str, tuple[float, float]]:
    """(x, y) of every name; links with an unknown end or from a node to itself do not count."""
    nodes = sorted(set(names))
    known = set(nodes)
    edges = sorted({(a, b) for a, b in links if a != b and a in known and b in known})
    callees: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in edges:
        callees[source].append(target)
    forward = _without_loops(nodes, callees)
    depth = _depths(nodes, forward)
    layers = _ordered(nodes, forward, depth)
    return {
        name: (column * COLUMN, (row - (len(layer) - 1) / 2) * ROW)
        for column, layer in enumerate(layers)
        for row, name in enumerate(layer)
    }


def _without_loops(nodes: list[str], callees: Mapping[str, list[str]]) -> list[Link]:
    """Every link but those that lead back to a node still being visited (depth first, iterative)."""
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
            if state.get(target) != 1:
                kept.append((name, target))
            if target not in state:
                state[target] = 1
                stack.append((target, iter(callees[target])))
    return kept


def _depths(nodes: list[str], links: list[Link]) -> dict[str, int]:
    """Longest path to each node, in topological order (Kahn)."""
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
    """Layers, each ordered to keep links short: sweeps left to right and back over neighbour means."""
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
            layer.sort(key=lambda name: (_mean(beside[name], place), place[name], name))
            place.update({name: row - (len(layer) - 1) / 2 for row, name in enumerate(layer)})
    return layers


def _mean(names: list[str], place: Mapping[str, float]) -> float:
    return sum(place[name] for name in names) / len(names) if names else 0.0
