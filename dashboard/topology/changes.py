"""Changes between two windows of the graph, in words: for the drawing and for the list beside it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from dashboard import format as fmt
from proxy.contract.api.analysis import Change, Changed, GraphDifference
from proxy.contract.api.graph import Edge, Graph, Node, Stats

# The worst first: it gives a thing with several changes its colour.
HEALTH: Final[Mapping[str, str]] = {
    "broke": "bad",
    "slowed": "warn",
    "vanished": "idle",
    "appeared": "accent",
    "recovered": "ok",
    "faster": "ok",
}
TITLES: Final[Mapping[str, str]] = {
    "broke": "Failing",
    "slowed": "Slower",
    "vanished": "Vanished",
    "appeared": "Appeared",
    "recovered": "Recovered",
    "faster": "Faster",
}


def worst(changed: Changed) -> Change:
    """Return the change that is drawn of several."""
    order = list(HEALTH)
    return min(changed["changes"], key=lambda each: order.index(each["change"]))


def describe(changed: Changed, change: Change) -> str:
    """Return ``12 ms → 40 ms p99``, ``0.1 → 8 % failed``, ``new: 12 rps`` or ``was 12 rps``."""
    what = change["change"]
    if what == "appeared":
        return f"new: {fmt.rate(changed['after']['rate'])}"
    if what == "vanished":
        return f"was {fmt.rate(changed['before']['rate'])}"
    if what in ("broke", "recovered"):
        return f"{_failed(changed['before'])} → {_failed(changed['after'])} % failed"
    times = fmt.duration(change.get("before")), fmt.duration(change.get("after"))
    return f"{times[0]} → {times[1]} p{round(100 * change.get('quantile', 0.0))}"


def _failed(stats: Stats) -> str:
    return f"{100 * stats['errors'] / stats['count'] if stats['count'] else 0:.2g}"


def by_edge(difference: GraphDifference) -> dict[tuple[str, str, str], Changed]:
    return {(each["source"], each["target"], each["protocol"]): each for each in difference["edges"]}


def by_service(difference: GraphDifference) -> dict[str, Changed]:
    return {each["name"]: each for each in difference["services"]}


def merge(before: Graph, after: Graph, difference: GraphDifference) -> Graph:
    """Return the graph of the later window, with what has vanished of the earlier one, without traffic."""
    nodes = {node["name"]: node for node in after["nodes"]}
    edges = {(edge["source"], edge["target"], edge["protocol"]): edge for edge in after["edges"]}
    # The API says what vanished: an edge that is missing for lack of a few calls is not drawn as gone.
    gone = {key for key, each in by_edge(difference).items() if key not in edges and _vanished(each)}
    # An edge cannot be drawn without its two ends, so they are kept as well.
    names = {name for key in gone for name in key[:2]}
    names |= {name for name, each in by_service(difference).items() if _vanished(each)}
    old_nodes: Sequence[Node] = [
        {**node, **_NOTHING} for node in before["nodes"] if node["name"] in names - nodes.keys()
    ]
    old_edges: Sequence[Edge] = [
        {**edge, **_NOTHING}
        for edge in before["edges"]
        if (edge["source"], edge["target"], edge["protocol"]) in gone
    ]
    return {**after, "nodes": [*after["nodes"], *old_nodes], "edges": [*after["edges"], *old_edges]}


def _vanished(changed: Changed) -> bool:
    return any(each["change"] == "vanished" for each in changed["changes"])


_NOTHING: Final[Stats] = {
    "count": 0,
    "errors": 0,
    "rate": 0.0,
    "success": None,
    "p50": None,
    "p90": None,
    "p99": None,
}
