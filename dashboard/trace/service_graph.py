"""The services of one trace as Cytoscape elements: calls, their number, and where time went."""

from collections import Counter, defaultdict
from typing import Any, Final

from dashboard import format as fmt
from dashboard.api.trace import Trace
from dashboard.components import palette
from dashboard.components.graph_layout import arrange
from dashboard.trace.trace_tree import NOBODY, children, parents, self_times

Element = dict[str, Any]

_INKS: Final = {
    "light": ("#16212c", "#566573", "#ffffff", "#f7f8fa"),
    "dark": ("#e8eef4", "#9fb0c0", "#18212b", "#10161d"),
}  # ink, weak, surface, canvas
_NAME: Final = 20


def elements(trace: Trace) -> list[Element]:
    """Return nodes with a service's spans and self time, edges with the calls from one to another."""
    own = self_times(trace, children(trace))
    spent: dict[str, int] = defaultdict(int)
    spans, failed = Counter[str](), Counter[str]()
    calls, wrong = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for at, (span, parent) in enumerate(zip(trace.spans, parents(trace), strict=True)):
        spent[span.service] += own[at]
        spans[span.service] += 1
        failed[span.service] += span.failed
        if parent != NOBODY and (caller := trace.spans[parent].service) != span.service:
            calls[caller, span.service] += 1
            wrong[caller, span.service] += span.failed
    # Numbers as ids: names from outside may contain anything.
    number = {name: f"s{at}" for at, name in enumerate(trace.services)}
    # Without the bends: a graph of one trace is small, and straight lines are enough.
    places = arrange(trace.services, calls).places
    colours = palette.services(trace.services)
    nodes: list[Element] = [
        {
            "data": {
                "id": number[name],
                "name": name,
                "colour": colours[name],
                "label": f"{fmt.short(name, _NAME)}\n{_spans(spans[name])} · self "
                f"{fmt.duration(spent[name] / 1000)}",
            },
            # Nodes are wider here than in the topology, for which the columns were measured.
            "position": {"x": places[name][0] * 1.25, "y": places[name][1]},
            "classes": "failed" if failed[name] else "",
        }
        for name in trace.services
    ]
    edges: list[Element] = [
        {
            "data": {
                "id": f"e{at}",
                "source": number[caller],
                "target": number[callee],
                "label": _calls(count, wrong[caller, callee]),
            },
            "classes": "failed" if wrong[caller, callee] else "",
        }
        for at, ((caller, callee), count) in enumerate(sorted(calls.items()))
    ]
    return nodes + edges


def _spans(count: int) -> str:
    return f"{fmt.count(count)} span" + ("s" if count != 1 else "")


def _calls(count: int, wrong: int) -> str:
    return f"{fmt.count(count)}×" + (f"\n{fmt.count(wrong)} failed" if wrong else "")


def stylesheet(theme: str) -> list[dict[str, Any]]:
    """Return Cytoscape's stylesheet for ``light`` or ``dark``."""
    ink, weak, surface, canvas = _INKS[theme]
    return [
        {
            "selector": "node",
            "style": {
                "shape": "round-rectangle",
                "width": 190,
                "height": 52,
                "background-color": surface,
                "border-width": 2,
                "border-color": "data(colour)",
                "label": "data(label)",
                "color": ink,
                "text-wrap": "wrap",
                "text-valign": "center",
                "font-size": 13,
                "font-weight": 600,
                "line-height": 1.3,
                "overlay-opacity": 0,
            },
        },
        {
            "selector": "edge",
            "style": {
                "width": 2,
                "curve-style": "bezier",
                "target-arrow-shape": "triangle",
                "line-color": palette.IDLE,
                "target-arrow-color": palette.IDLE,
                "label": "data(label)",
                "color": weak,
                "font-size": 12,
                "text-wrap": "wrap",
                "text-background-color": canvas,
                "text-background-opacity": 0.9,
                "text-background-padding": 2,
                "overlay-opacity": 0,
            },
        },
        {
            "selector": "node.failed",
            "style": {"border-width": 4, "border-style": "double", "border-color": palette.BAD},
        },
        {
            "selector": "edge.failed",
            "style": {"line-color": palette.BAD, "target-arrow-color": palette.BAD, "line-style": "dashed"},
        },
    ]
