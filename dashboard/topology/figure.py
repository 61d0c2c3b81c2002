"""Labels, classes and widths of the graph's nodes and edges. Pure.

Health is colour and, for those who do not see it, line style and text; traffic is width; kind
is shape. What the classes look like is in ``topology_style``.
"""

import math
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from dashboard import format as fmt
from dashboard.components import palette
from dashboard.topology import changes
from dashboard.topology.subgraph import EdgeKey, Matched
from proxy.contract.api.analysis import Changed
from proxy.contract.api.graph import Edge, Graph, Node

# Characters that fit into a node of 152 pixels (``stylesheet``).
NAME_LENGTH: Final = 17
SHAPES: Final[Mapping[str, str]] = {
    "service": "round-rectangle",
    "database": "barrel",
    "queue": "polygon",
    "external": "cut-rectangle",
    "user": "ellipse",
}
SECRECY: Final[Mapping[str, str]] = {
    "yes": "TLS",
    "partly": "partly TLS",
    "no": "in the clear",
    "unknown": "not known",
}
FONT: Final = "Inter, Segoe UI, Roboto, Helvetica Neue, Noto Sans, Liberation Sans, Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Look:
    """The labels and marks of a graph.

    ``label`` is one of graph_url.LABELS; ``chosen`` is (node,) or (source, target); ``path`` is names of
    nodes in the order of the calls. ``nodes`` and ``edges`` are the changes since another window, None
    without one.
    """

    limits: palette.Thresholds = field(default_factory=palette.Thresholds)
    label: str = "both"
    chosen: tuple[str, ...] = ()
    found: Matched | None = None
    hidden: Matched = field(default_factory=Matched)
    path: tuple[str, ...] = ()
    nodes: Mapping[str, Changed] | None = None
    edges: Mapping[EdgeKey, Changed] | None = None


NodeRow = tuple[str, str, str]  # label, classes, badges as a data URI or nothing
EdgeRow = tuple[str, str, float]  # label, classes, width


def rows(graph: Graph, look: Look) -> tuple[list[NodeRow], list[EdgeRow]]:
    """Return a row for each node and each edge, in the graph's order."""
    lit_nodes, lit_edges = _lit(graph, look)
    # The rate of all calls that a service makes: edge labels show their share of it.
    calls: dict[str, float] = {}
    for edge in graph["edges"]:
        calls[edge["source"]] = calls.get(edge["source"], 0.0) + edge["rate"]
    nodes = [
        _node(
            node, look, lit_nodes is not None and node["name"] not in lit_nodes, calls.get(node["name"], 0.0)
        )
        for node in graph["nodes"]
    ]
    seconds = max(1.0, (graph["end"] - graph["start"]) / 1e6)
    edges = [
        _edge(
            edge,
            look,
            lit_edges is not None and key_of(edge) not in lit_edges,
            edge_label(edge, look.label, seconds, calls[edge["source"]]),
        )
        for edge in graph["edges"]
    ]
    return nodes, edges


def key_of(edge: Edge) -> EdgeKey:
    return edge["source"], edge["target"], edge["protocol"]


def _lit(graph: Graph, look: Look) -> tuple[set[str] | None, set[EdgeKey] | None]:
    """Return what is not dimmed, None for all: a path, else what is found, else what changed."""
    # In the order of what the reader did last: a path is chosen in a list, a search is typed, a comparison is
    # just on.
    if look.path:
        on = set(zip(look.path, look.path[1:], strict=False))
        return set(look.path), {key_of(edge) for edge in graph["edges"] if key_of(edge)[:2] in on}
    if look.found is not None:
        ends = {name for key in look.found.edges for name in key[:2]}
        return {*look.found.nodes, *ends}, set(look.found.edges)
    if look.edges is not None and look.nodes is not None:
        ends = {name for key in look.edges for name in key[:2]}
        return {*look.nodes, *ends}, set(look.edges)
    return None, None


def _node(node: Node, look: Look, dim: bool, calls: float) -> NodeRow:
    name, changed = node["name"], (look.nodes or {}).get(node["name"])
    kind = node["kind"] if node["kind"] in SHAPES else "service"
    second = f"calls {fmt.rate(calls)}" if calls else "idle"
    if node["count"]:
        second = f"{fmt.rate(node['rate'])} · {fmt.percent(node['success'])}"
    if kind == "user":
        second = ""
    found = marks(node)
    classes = [kind, palette.health_of(node, look.limits)]
    if changed:
        worst = changes.worst(changed)
        classes.append(worst["change"])
        second = changes.describe(changed, worst)
    classes += [
        word
        for word, on in (
            ("marked", bool(found)),
            ("chosen", look.chosen == (name,)),
            ("dim", dim),
            ("found", look.found is not None and name in look.found.nodes),
            ("hidden", name in look.hidden.nodes),
            ("path", name in look.path),
        )
        if on
    ]
    label = f"{fmt.short(name, NAME_LENGTH)}\n{second}".rstrip()
    return label, " ".join(classes), _badges(found) if found else ""


def marks(node: Node) -> list[tuple[str, str]]:
    """Return (colour key, text) of a node's marks: ejections, stage, no sidecar."""
    found = []
    if node["ejected"]:
        found.append(("bad", f"{node['ejected']} ejected"))
    if node["stage"] == "route":
        found.append(("accent", f"route {node['percent']} %"))
    elif node["stage"] == "advise":
        found.append(("accent", "advise"))
    if node["kind"] == "service" and not node["sidecar"]:
        found.append(("idle", "no sidecar"))
    return found


def _badges(found: list[tuple[str, str]]) -> str:
    """Return the marks as one image: pills in a row. Only our own words get in, never a name."""
    colours = {**palette.COLOUR, "accent": palette.ACCENT}
    pills, left = [], 0.0
    for key, text in found:
        width = 12 + 5.6 * len(text)
        pills.append(
            f'<rect x="{left}" y="0" width="{width}" height="16" rx="8" fill="{colours[key]}"/>'
            f'<text x="{left + width / 2}" y="11.5" text-anchor="middle" font-size="10" font-weight="600" '
            f'font-family="{FONT}" fill="#fff">{text}</text>'
        )
        left += width + 3
    # All images have the width that the stylesheet gives them, or one pill would be stretched over the node.
    left = 150.0
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{left:.0f}" height="16">{"".join(pills)}</svg>'
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()


def _edge(edge: Edge, look: Look, dim: bool, label: str) -> EdgeRow:
    key, changed = key_of(edge), (look.edges or {}).get(key_of(edge))
    classes = [palette.health_of(edge, look.limits)]
    if edge["tcp"]:
        classes.append("tcp")
    if edge["encrypted"] in ("yes", "partly"):
        classes += ["encrypted"] if edge["encrypted"] == "yes" else ["encrypted", "partly"]
    if changed:
        worst = changes.worst(changed)
        classes.append(worst["change"])
        # On two lines: a long label on an edge covers its neighbours.
        label = changes.describe(changed, worst).replace(" → ", " →\n")
    on_path = key[:2] in zip(look.path, look.path[1:], strict=False)
    classes += [
        word
        for word, on in (
            ("chosen", look.chosen == key[:2]),
            ("dim", dim),
            ("hidden", key in look.hidden.edges),
            ("path", on_path),
        )
        if on
    ]
    return label, " ".join(classes), width(edge["rate"])


def edge_label(edge: Edge, what: str, seconds: float, calls: float) -> str:
    """Return the chosen figure of an edge; ``calls`` is the rate of all calls of its source.

    Opaque TCP has connections, bytes and the time to connect.
    """
    tcp = edge["tcp"]
    if what == "encrypted":
        return SECRECY[edge["encrypted"] or "unknown"]
    if what == "none" or not (edge["count"] or tcp):
        return ""
    if what in ("p50", "p90", "p99"):
        of = fmt.duration({"p50": edge["p50"], "p90": edge["p90"], "p99": edge["p99"]}[what])
        return f"connect {of}" if tcp else of
    if what == "success":
        return fmt.percent(edge["success"])
    if what == "share":
        return fmt.percent(edge["rate"] / calls) if calls else ""
    if tcp:
        moved = f"{fmt.size((tcp['sent'] + tcp['received']) / seconds)}/s"
        return moved if what == "rate" else f"{tcp['open']} open\n{moved}"
    rate = fmt.rate(edge["rate"])
    return rate if what == "rate" else f"{rate}\n{fmt.duration(edge['p99'])}"


def width(rate: float) -> float:
    """Return a line's width: 1.5 without traffic, one more for each tripling of the rate, at most 9.

    In halves, so that a rate that wavers changes nothing.
    """
    return min(9.0, round(2 * (1.5 + math.log1p(max(rate, 0.0)) / math.log(3))) / 2)
