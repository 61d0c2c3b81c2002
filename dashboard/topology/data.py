"""The data of a view of the graph: its window, the changes since another, and the part in focus."""

from collections.abc import Mapping
from dataclasses import dataclass

from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.components import parts
from dashboard.topology import changes
from dashboard.topology.graph_url import GraphView
from dashboard.topology.subgraph import EdgeKey, around
from proxy.contract.api.analysis import Changed, GraphDifference
from proxy.contract.api.graph import Graph

COMPARED_EVERY: int = 10  # seconds; those who look at the same time ask the same


@dataclass(frozen=True, slots=True)
class Scene:
    """The part of the graph in focus, all ``names``, and the changes, None without a comparison."""

    graph: Graph
    names: list[str]
    nodes: Mapping[str, Changed] | None = None
    edges: Mapping[EdgeKey, Changed] | None = None


def scene(client: Client, view: GraphView, now: float) -> Scene:
    """Return the graph of a view, with what has vanished from it where two windows are compared."""
    if view.compared:
        graph, told = compare(client, view, now)
        nodes, edges = changes.by_service(told), changes.by_edge(told)
    else:
        graph, nodes, edges = window(client, view, now), None, None
    names = sorted(node["name"] for node in graph["nodes"])
    # After ``names``: the focus box offers every service, also those outside the part that is shown.
    if view.focus:
        graph = around(graph, view.focus, view.hops, view.way)
    return Scene(graph, names, nodes, edges)


def window(client: Client, view: GraphView, now: float) -> Graph:
    """Return the graph of the view's window; the usual one is live."""
    # Without times the API answers live, from the engine's memory.
    usual = not view.at and view.span == GraphView().span
    return client.graph() if usual else client.graph(*view.window(now))


def compare(client: Client, view: GraphView, now: float) -> tuple[Graph, GraphDifference]:
    """Return both windows in one graph, and their changes."""
    # Cut down to ten seconds, so that requests of several viewers are equal and share one reply.
    now = now // COMPARED_EVERY * COMPARED_EVERY
    after, before = view.window(now), view.before(now)
    difference = client.difference(after, before)
    return changes.merge(client.graph(*before), client.graph(*after), difference), difference


def groups(graph: Graph, by: str) -> dict[str, str]:
    """Return each node's group; a node of several versions or zones is with its like, one of none alone."""
    if by == "kind":
        return {node["name"]: node["kind"] for node in graph["nodes"]}
    several = {
        "namespace": lambda node: node["namespaces"],
        "zone": lambda node: node["zones"],
        "version": lambda node: node["versions"],
    }.get(by)
    if several is None:
        return {}
    return {
        node["name"]: fmt.short(", ".join(found), 40) for node in graph["nodes"] if (found := several(node))
    }


def part(view: GraphView, grouped: Mapping[str, str]) -> str:
    """Return a key of the part of the graph that is drawn: while it stays the same, nodes keep their
    places.
    """
    # Without a focus, hops and direction change nothing, so they must not move the nodes. "\0" occurs in no
    # name.
    around_what = f"{view.focus}\0{view.hops}\0{view.way}" if view.focus else ""
    return f"{around_what}\0{view.group}\0{hash(frozenset(grouped.items())) if grouped else ''}"


def empty(view: GraphView) -> Component:
    """Return the text of a graph without nodes."""
    if not view.at:
        return parts.no_traffic()
    return parts.empty("No calls in this window", "Move the slider, choose a longer window, or go live.")
