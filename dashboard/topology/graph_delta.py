"""The protocol by which the browser gets the graph: whole once, afterwards only what changed.

A whole picture has the skeleton (groups, nodes with their places, edges with their bends) and a row of
figures for each node and edge; a delta has rows with their numbers. Both carry ``key``, of the skeleton,
and ``version``, of the figures; the browser says which it draws, and gets a whole picture where a delta
does not fit (``assets/topology.js``).

Why not the component's own elements: Dash would send and dash-cytoscape compare every element every two
seconds, which takes seconds with a thousand nodes.

A picture's skeleton (nodes, edges, places) is known by ``key``, its rows by ``version``. A browser
says which it holds; as long as the server still has that version, the rows that differ are sent.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from dashboard.components import graph_layout as placing
from dashboard.components.graph_layout import Layout
from dashboard.topology import figure
from proxy.contract.api.graph import Graph

# A curve stays inside its control points; they lie further out so that it passes near the bends.
_PULL: Final = 1.3
_KEPT: Final = 48  # versions

Json = dict[str, Any]
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Picture:
    """A skeleton of ``nodes`` and ``edges`` as lists, and a row of figures for each."""

    key: str
    version: str
    groups: list[str]
    nodes: list[list[Any]]  # name, x, y, number of the group or -1
    edges: list[list[Any]]  # numbers of source and target, protocol, class, weights and distances of bends
    node_rows: Sequence[Row]
    edge_rows: Sequence[Row]


def draw_picture(graph: Graph, layout: Layout, look: figure.Look, groups: Mapping[str, str]) -> Picture:
    """Return the picture of a graph whose nodes all have a place in ``layout``; calls to unknown nodes are
    left out.
    """
    known = {node["name"]: at for at, node in enumerate(graph["nodes"])}
    edges = [edge for edge in graph["edges"] if edge["source"] in known and edge["target"] in known]
    # The figures are rows in the same order, so they must be made of the same edges.
    graph = {**graph, "edges": edges}
    names = sorted({groups[name] for name in known if groups.get(name)})
    number = {name: at for at, name in enumerate(names)}
    straight = len(known) >= placing.CROWDED
    # Whole pixels: shorter to send, and equal for browsers that got them from another layout of the same
    # graph.
    nodes = [[name, *map(round, layout.places[name]), number.get(groups.get(name, ""), -1)] for name in known]
    links = [
        [
            known[edge["source"]],
            known[edge["target"]],
            edge["protocol"],
            *_course(layout, edge["source"], edge["target"], straight),
        ]
        for edge in edges
    ]
    node_rows, edge_rows = figure.rows(graph, look)
    # The key is the skeleton alone: while it stays the same, only figures are sent.
    key = _digest(names, nodes, links)
    return Picture(key, _digest(key, node_rows, edge_rows), names, nodes, links, node_rows, edge_rows)


def _course(layout: Layout, source: str, target: str, straight: bool) -> list[Any]:
    bends = layout.bends.get((source, target), ())
    if not bends:
        return ["straight"] if straight and source != target else []
    return [
        "bent",
        [round(weight, 4) for weight, _ in bends],
        [round(distance * _PULL, 1) for _, distance in bends],
    ]


def _digest(*parts: object) -> str:
    return blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


class Pictures:
    """The last pictures sent, shared by all browsers."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Picture] = OrderedDict()
        self._lock = threading.Lock()

    def reply(self, picture: Picture, held: Mapping[str, Any] | None) -> Json | None:
        """Return what a browser that draws ``key`` and ``version`` needs; None when it has all."""
        key, version = (held or {}).get("key"), (held or {}).get("version", "")
        with self._lock:
            # What this browser draws. It may be gone, when many others were served meanwhile: then all rows
            # are sent.
            before = self._kept.get(version)
            self._kept[picture.version] = picture
            self._kept.move_to_end(picture.version)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        if version == picture.version:
            return None
        reply: Json = {"key": picture.key, "version": picture.version, "base": ""}
        if key != picture.key:
            return {
                **reply,
                "groups": picture.groups,
                "nodes": picture.nodes,
                "edges": picture.edges,
                "nodeRows": picture.node_rows,
                "edgeRows": picture.edge_rows,
            }
        if before is None or before.key != picture.key:
            return {**reply, "nodeRows": picture.node_rows, "edgeRows": picture.edge_rows}
        return {
            **reply,
            "base": version,
            "nodeRows": _differing(before.node_rows, picture.node_rows),
            "edgeRows": _differing(before.edge_rows, picture.edge_rows),
        }


def _differing(before: Sequence[Row], after: Sequence[Row]) -> list[list[Any]]:
    """Return (number, row) of each row that changed."""
    pairs = zip(before, after, strict=True)
    return [[at, now] for at, (was, now) in enumerate(pairs) if was != now]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A layout with the links seen since it was drawn, of ``size`` nodes and calls."""

    layout: Layout
    links: frozenset[tuple[str, str]]
    size: int


class NodePlaces:
    """The places of nodes, shared by all browsers: idle nodes keep theirs, new ones come beside.

    ``of`` tells drawings of different parts of the graph apart.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Drawn] = OrderedDict()
        self._lock = threading.Lock()

    def layout(self, of: str, graph: Graph, groups: Mapping[str, str]) -> Layout:
        """Return a layout with a place for every node.

        Drawn anew when a fifth of nodes and calls has come since the last time, or when most of what it has
        a place for is gone.
        """
        names = {node["name"] for node in graph["nodes"]}
        links = {(edge["source"], edge["target"]) for edge in graph["edges"]}
        with self._lock:
            drawn = self._kept.get(of) or _Drawn(Layout({}, {}), frozenset(), 0)
            # Nodes that are idle now keep their places, so that they come back where the reader remembers
            # them.
            every = names | drawn.layout.places.keys()
            if not (names <= drawn.layout.places.keys() and links <= drawn.links):
                size = len(every) + len(links | drawn.links)
                # A new node of a group belongs into its band, where ``extend`` could not put it.
                if groups or size > 1.2 * drawn.size or len(every) > 2 * len(names) + 50:
                    drawn = _Drawn(
                        placing.arrange(names, links, groups), frozenset(links), len(names) + len(links)
                    )
                else:
                    layout = placing.extend(drawn.layout, names, links | drawn.links)
                    drawn = _Drawn(layout, drawn.links | links, drawn.size)
            self._kept[of] = drawn
            self._kept.move_to_end(of)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return drawn.layout
