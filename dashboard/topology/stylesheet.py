"""Cytoscape's stylesheet of the graph: kinds are shapes, health is colour and line style."""

from collections.abc import Mapping
from typing import Any, Final

from dashboard.components import palette
from dashboard.topology.figure import FONT, SHAPES

_INKS: Final[Mapping[str, Mapping[str, str]]] = {
    "light": {
        "ink": "#16212c",
        "weak": "#566573",
        "surface": "#ffffff",
        "canvas": "#f7f8fa",
        "chosen": "#2457d6",
        "path": "#8a2fb8",
    },
    "dark": {
        "ink": "#e8eef4",
        "weak": "#9fb0c0",
        "surface": "#18212b",
        "canvas": "#10161d",
        "chosen": "#7aa5ff",
        "path": "#d08aff",
    },
}


def stylesheet(theme: str) -> list[dict[str, Any]]:
    """Return Cytoscape's stylesheet for ``light`` or ``dark``."""
    inks = _INKS[theme]
    return [
        *_node_styles(inks),
        *_edge_styles(inks),
        *(
            {"selector": f"node.{key}", "style": {"border-color": colour}}
            for key, colour in palette.COLOUR.items()
        ),
        *(
            {"selector": f"edge.{key}", "style": {"line-color": colour, "target-arrow-color": colour}}
            for key, colour in palette.COLOUR.items()
        ),
        # A pattern beside the colour, for readers who do not see red and green.
        {"selector": "edge.bad", "style": {"line-style": "dashed", "line-dash-pattern": [9, 4]}},
        {"selector": "edge.idle", "style": {"line-style": "dotted", "opacity": 0.7}},
        {
            "selector": "edge.encrypted",
            "style": {"source-arrow-shape": "circle", "source-arrow-color": inks["ink"]},
        },
        {"selector": "edge.partly", "style": {"source-arrow-fill": "hollow"}},
        # After health and before the selection: the later of two rules wins.
        *_change_styles(),
        *_selection_styles(inks),
    ]


def _selection_styles(inks: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return how a search, a path, the keyboard and a choice mark elements."""
    return [
        {"selector": ".dim", "style": {"opacity": 0.22}},
        {"selector": ".hidden", "style": {"display": "none"}},
        {
            "selector": "node.found",
            "style": {
                "border-width": 4,
                "underlay-color": palette.ACCENT,
                "underlay-opacity": 0.12,
                "underlay-padding": 5,
            },
        },
        {"selector": "node.path", "style": {"border-width": 4, "border-color": inks["path"]}},
        {
            "selector": "edge.path",
            "style": {
                "line-color": inks["path"],
                "target-arrow-color": inks["path"],
                "line-style": "solid",
                "width": 6,
                "z-index": 8,
            },
        },
        {
            "selector": "node.cursor",
            "style": {"outline-width": 3, "outline-color": inks["chosen"], "outline-offset": 4},
        },
        {
            "selector": "node.chosen",
            "style": {
                "underlay-color": inks["chosen"],
                "underlay-opacity": 0.22,
                "underlay-padding": 8,
                "border-width": 3,
            },
        },
        {
            "selector": "edge.chosen",
            "style": {
                "underlay-color": inks["chosen"],
                "underlay-opacity": 0.25,
                "underlay-padding": 6,
                "z-index": 9,
            },
        },
    ]


def _change_styles() -> list[dict[str, Any]]:
    """Return how two compared windows differ: what appeared is drawn twice, what vanished is dotted."""
    colours = {
        "appeared": palette.ACCENT,
        "vanished": palette.IDLE,
        "broke": palette.BAD,
        "slowed": palette.WARN,
        "recovered": palette.OK,
        "faster": palette.OK,
    }
    return [
        *(
            {
                "selector": f"node.{change}",
                "style": {"border-color": colour, "border-width": 4, "font-size": 12},
            }
            for change, colour in colours.items()
        ),
        *(
            {
                "selector": f"edge.{change}",
                "style": {
                    "line-color": colour,
                    "target-arrow-color": colour,
                    "line-style": "solid",
                    "width": 4,
                    "opacity": 1,
                },
            }
            for change, colour in colours.items()
        ),
        {"selector": "node.appeared", "style": {"border-style": "double", "border-width": 6}},
        {"selector": "node.vanished", "style": {"border-style": "dotted"}},
        {"selector": "edge.vanished", "style": {"line-style": "dotted"}},
        {"selector": "edge.broke", "style": {"line-style": "dashed", "line-dash-pattern": [9, 4]}},
    ]


def _node_styles(inks: Mapping[str, str]) -> list[dict[str, Any]]:
    base = {
        "width": 152,
        "height": 54,
        "background-color": inks["surface"],
        "border-width": 2,
        "label": "data(label)",
        "text-valign": "center",
        "text-halign": "center",
        "text-wrap": "wrap",
        "line-height": 1.3,
        "font-family": FONT,
        "font-size": 14,
        "font-weight": 600,
        "color": inks["ink"],
        "min-zoomed-font-size": 6,
        "overlay-opacity": 0,
    }
    marked = {
        "background-image": "data(badges)",
        # Lets the badges lie over the upper border of the node.
        "background-image-containment": "over",
        "background-clip": "none",
        "background-width": "150px",
        "background-height": "16px",
        "background-position-x": "10px",
        "background-offset-y": "-9px",
        "background-position-y": "0px",
        # Cytoscape redraws only inside a node's bounds, and the badges reach out of them.
        "bounds-expansion": 12,
        "background-image-opacity": 1,
    }
    return [
        {"selector": "node", "style": base},
        {"selector": "node.marked", "style": marked},
        {"selector": "node.group", "style": _group_style(inks)},
        {"selector": "node.crowded", "style": {"border-width": 8, "min-zoomed-font-size": 7}},
        *({"selector": f"node.{kind}", "style": {"shape": shape}} for kind, shape in SHAPES.items()),
        {"selector": "node.external", "style": {"border-style": "dashed"}},
        {"selector": "node.user", "style": {"width": 96, "height": 54}},
        {"selector": "node.database", "style": {"height": 60}},
        {
            "selector": "node.queue",
            "style": {"width": 164, "shape-polygon-points": "-0.86 -1 1 -1 0.86 1 -1 1"},
        },
    ]


def _group_style(inks: Mapping[str, str]) -> dict[str, Any]:
    return {
        "shape": "round-rectangle",
        "background-color": inks["weak"],
        "background-opacity": 0.07,
        "border-width": 1,
        "border-color": inks["weak"],
        "border-opacity": 0.5,
        "label": "data(label)",
        "text-valign": "top",
        "text-halign": "center",
        "text-margin-y": -4,
        "padding": "16px",
        "font-size": 18,
        "color": inks["weak"],
        # A group is no service: a click on it must not select anything.
        "events": "no",
        "min-zoomed-font-size": 5,
    }


def _edge_styles(inks: Mapping[str, str]) -> list[dict[str, Any]]:
    base = {
        "width": "data(width)",
        "curve-style": "bezier",
        "target-arrow-shape": "triangle",
        "arrow-scale": 0.9,
        "label": "data(label)",
        "font-family": FONT,
        "font-size": 12,
        "font-weight": 500,
        "color": inks["weak"],
        "text-wrap": "wrap",
        "line-height": 1.2,
        "text-background-color": inks["canvas"],
        "text-background-opacity": 0.9,
        "text-background-padding": 2,
        "text-background-shape": "round-rectangle",
        "min-zoomed-font-size": 6,
        "overlay-opacity": 0,
    }
    bent = {
        "curve-style": "unbundled-bezier",
        "control-point-weights": "data(weights)",
        "control-point-distances": "data(distances)",
        "edge-distances": "node-position",
    }
    # Of many, those without trouble recede, and what they say the browser holds back.
    straight = {
        "curve-style": "straight",
        "text-background-opacity": 0,
        "min-zoomed-font-size": 9,
        "opacity": 0.3,
        "arrow-scale": 0.7,
    }
    trouble = {"opacity": 1, "z-index": 5}
    return [
        {"selector": "edge", "style": base},
        {"selector": "edge.bent", "style": bent},
        {"selector": "edge.straight", "style": straight},
        {"selector": "edge.straight.bad, edge.straight.warn", "style": trouble},
    ]
