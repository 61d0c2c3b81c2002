"""The live graph as Cytoscape elements and stylesheet.

Health is colour and, for those who do not see it, line style and text; traffic is width; kind
is shape. Element ids are ours (``n:`` and ``e:``), so a service may have any name.
"""

import math
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from dashboard import format as fmt
from dashboard.figures import palette
from dashboard.figures.layout import Layout, Position
from dashboard.model import Edge, Graph, Node

Element = dict[str, Any]

NAME_LENGTH: Final = 17
SHAPES: Final[Mapping[str, str]] = {
    "service": "round-rectangle", "database": "barrel", "queue": "polygon",
    "external": "cut-rectangle", "user": "ellipse",
}  # fmt: skip
_INKS: Final[Mapping[str, Mapping[str, str]]] = {
    "light": {"ink": "#16212c", "weak": "#566573", "surface": "#ffffff", "canvas": "#f7f8fa",
              "chosen": "#2457d6"},
    "dark": {"ink": "#e8eef4", "weak": "#9fb0c0", "surface": "#18212b", "canvas": "#10161d",
             "chosen": "#7aa5ff"},
}
# A curve stays inside its control points; they lie further out so that it passes near the bends.
_PULL: Final = 1.3
_FONT: Final = "Inter, Segoe UI, Roboto, Helvetica Neue, Noto Sans, Liberation Sans, Arial, sans-serif"


def elements(graph: Graph, layout: Layout, chosen: tuple[str, ...] = ()) -> list[Element]:
    """Nodes, then edges. ``chosen`` is (node,) or (source, target) to be marked; () is nothing."""
    known = {node["name"] for node in graph["nodes"]}
    nodes = [_node(node, layout.places[node["name"]], chosen == (node["name"],)) for node in graph["nodes"]]
    edges = [
        _edge(edge, layout, chosen == (edge["source"], edge["target"]))
        for edge in graph["edges"] if edge["source"] in known and edge["target"] in known
    ]
    return nodes + edges


def node_id(name: str) -> str:
    return f"n:{name}"


def _node(node: Node, place: Position, chosen: bool) -> Element:
    health = palette.health(node["success"])
    kind = node["kind"] if node["kind"] in SHAPES else "service"
    second = f"{fmt.rate(node['rate'])} · {fmt.percent(node['success'])}" if node["count"] else "idle"
    if kind == "user":
        second = ""
    data = {
        "id": node_id(node["name"]),
        "name": node["name"],
        "label": f"{fmt.short(node['name'], NAME_LENGTH)}\n{second}".rstrip(),
        "badges": _badges(marks(node)),
    }
    classes = f"{kind} {health}" + (" chosen" if chosen else "")
    return {"data": data, "position": {"x": place[0], "y": place[1]}, "classes": classes}


def marks(node: Node) -> list[tuple[str, str]]:
    """(colour key, text) of what is special about a node: ejections, stage, no sidecar."""
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
    """The marks as one picture: pills in a row. Only our own words get in, never a name."""
    colours = {**palette.COLOUR, "accent": palette.ACCENT}
    pills, left = [], 0.0
    for key, text in found:
        width = 12 + 5.6 * len(text)
        pills.append(
            f'<rect x="{left}" y="0" width="{width}" height="16" rx="8" fill="{colours[key]}"/>'
            f'<text x="{left + width / 2}" y="11.5" text-anchor="middle" font-size="10" font-weight="600" '
            f'font-family="{_FONT}" fill="#fff">{text}</text>'
        )
        left += width + 3
    left = 150.0
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{left:.0f}" height="16">{"".join(pills)}</svg>'
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()


def _edge(edge: Edge, layout: Layout, chosen: bool) -> Element:
    health = palette.health(edge["success"])
    label = f"{fmt.rate(edge['rate'])}\n{fmt.duration(edge['p99'])}" if edge["count"] else ""
    bends = layout.bends.get((edge["source"], edge["target"]), ())
    data = {
        "id": f"e:{edge['source']}\x1f{edge['target']}",
        "source": node_id(edge["source"]),
        "target": node_id(edge["target"]),
        "from": edge["source"],
        "to": edge["target"],
        "label": label,
        "width": round(width(edge["rate"]), 1),
        "weights": [round(weight, 4) for weight, _ in bends],
        "distances": [round(distance * _PULL, 1) for _, distance in bends],
    }
    return {"data": data, "classes": health + (" bent" if bends else "") + (" chosen" if chosen else "")}


def width(rate: float) -> float:
    """Line width: 1.5 without traffic, one more for each tripling of the rate, at most 9."""
    return min(9.0, 1.5 + math.log1p(max(rate, 0.0)) / math.log(3))


def stylesheet(theme: str) -> list[dict[str, Any]]:
    """Cytoscape's stylesheet for ``light`` or ``dark``."""
    inks = _INKS[theme]
    return [
        *_node_styles(inks),
        *_edge_styles(inks),
        *({"selector": f"node.{key}", "style": {"border-color": colour}} for key,
          colour in palette.COLOUR.items()),
        *({"selector": f"edge.{key}", "style": {"line-color": colour, "target-arrow-color": colour}}
          for key, colour in palette.COLOUR.items()),
        {"selector": "edge.bad", "style": {"line-style": "dashed", "line-dash-pattern": [9, 4]}},
        {"selector": "edge.idle", "style": {"line-style": "dotted", "opacity": 0.7}},
        {"selector": "node.chosen", "style": {"underlay-color": inks["chosen"], "underlay-opacity": 0.22,
                                              "underlay-padding": 8, "border-width": 3}},
        {"selector": "edge.chosen", "style": {"underlay-color": inks["chosen"], "underlay-opacity": 0.25,
                                              "underlay-padding": 6, "z-index": 9}},
    ]


def _node_styles(inks: Mapping[str, str]) -> list[dict[str, Any]]:
    base = {
        "width": 152, "height": 54, "background-color": inks["surface"], "border-width": 2,
        "label": "data(label)", "text-valign": "center", "text-halign": "center", "text-wrap": "wrap",
        "line-height": 1.3, "font-family": _FONT, "font-size": 14, "font-weight": 600, "color": inks["ink"],
        "min-zoomed-font-size": 6, "overlay-opacity": 0,
        "background-image": "data(badges)", "background-image-containment": "over", "background-clip": "none",
        "background-width": "150px", "background-height": "16px", "background-position-x": "10px",
        "background-offset-y": "-9px", "background-position-y": "0px", "bounds-expansion": 12,
        "background-image-opacity": 1,
    }  # fmt: skip
    return [
        {"selector": "node", "style": base},
        *({"selector": f"node.{kind}", "style": {"shape": shape}} for kind, shape in SHAPES.items()),
        {"selector": "node.external", "style": {"border-style": "dashed"}},
        {"selector": "node.user", "style": {"width": 96, "height": 54}},
        {"selector": "node.database", "style": {"height": 60}},
        {"selector": "node.queue",
         "style": {"width": 164, "shape-polygon-points": "-0.86 -1 1 -1 0.86 1 -1 1"}},
    ]


def _edge_styles(inks: Mapping[str, str]) -> list[dict[str, Any]]:
    base = {
        "width": "data(width)", "curve-style": "bezier", "target-arrow-shape": "triangle", "arrow-scale": 0.9,
        "label": "data(label)", "font-family": _FONT, "font-size": 12, "font-weight": 500,
        "color": inks["weak"],
        "text-wrap": "wrap", "line-height": 1.2, "text-background-color": inks["canvas"],
        "text-background-opacity": 0.9, "text-background-padding": 2,
        "text-background-shape": "round-rectangle",
        "min-zoomed-font-size": 6, "overlay-opacity": 0,
    }  # fmt: skip
    bent = {
        "curve-style": "unbundled-bezier", "control-point-weights": "data(weights)",
        "control-point-distances": "data(distances)", "edge-distances": "node-position",
    }  # fmt: skip
    return [{"selector": "edge", "style": base}, {"selector": "edge.bent", "style": bent}]
