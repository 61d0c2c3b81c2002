"""Parts of the graph: around one service, and what is found, hidden or idle. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.topology.graph_filter import FindError, Test, parse
from proxy.contract.api.graph import Graph

EdgeKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Matched:
    """Names of nodes and keys of edges that an expression matches; ``error`` when it is invalid."""

    nodes: frozenset[str] = frozenset()
    edges: frozenset[EdgeKey] = frozenset()
    error: FindError | None = None


def around(graph: Graph, focus: str, hops: int, way: str) -> Graph:
    """Return the callers and callees of ``focus`` over at most ``hops`` calls; ``way`` is both, callers or
    callees.

    A path goes in one direction. Without a node of this name the whole graph is returned.
    """
    if focus not in {node["name"] for node in graph["nodes"]}:
        return graph
    # Callers and callees are followed separately: the callees of a caller are not what depends on the focus.
    kept = {focus}
    for one, begin, end in (("callers", "target", "source"), ("callees", "source", "target")):
        if way in ("both", one):
            beside: dict[str, set[str]] = {}
            for edge in graph["edges"]:
                # ``begin`` and ``end`` are keys of Edge, which mypy cannot see through the loop.
                beside.setdefault(str(edge[begin]), set()).add(str(edge[end]))  # type: ignore[literal-required]
            kept |= _reached(focus, hops, beside)
    return {
        **graph,
        "nodes": [node for node in graph["nodes"] if node["name"] in kept],
        "edges": [edge for edge in graph["edges"] if edge["source"] in kept and edge["target"] in kept],
    }


def _reached(start: str, hops: int, beside: dict[str, set[str]]) -> set[str]:
    seen, edge_of = {start}, {start}
    for _ in range(hops):
        edge_of = {other for name in edge_of for other in beside.get(name, ())} - seen
        seen |= edge_of
    return seen


def matched(graph: Graph, expression: str) -> Matched:
    """Return the matches of the find or the hide box; none when it is empty or invalid."""
    try:
        test: Test = parse(expression)
    except FindError as error:
        return Matched(error=error)
    return _matching(graph, test)


def idle(graph: Graph) -> Matched:
    """Return edges without traffic, and nodes that no traffic comes to or goes from."""
    found = _matching(graph, lambda thing: not thing["count"])
    # A node that only calls others has no traffic of its own, but is not idle.
    busy = {name for edge in graph["edges"] if edge["count"] for name in (edge["source"], edge["target"])}
    return Matched(found.nodes - busy, found.edges)


def _matching(graph: Graph, test: Callable[..., bool]) -> Matched:
    return Matched(
        frozenset(node["name"] for node in graph["nodes"] if test(node)),
        frozenset(
            (edge["source"], edge["target"], edge["protocol"]) for edge in graph["edges"] if test(edge)
        ),
    )
