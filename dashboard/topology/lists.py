"""The lists beside the graph: where to look first, what changed, and every node, for eyes and keyboard."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import palette, parts
from dashboard.topology import changes
from dashboard.topology.graph_url import GraphView
from proxy.contract.api.analysis import Changed, GraphDifference, Suspect, Suspects
from proxy.contract.api.graph import Graph, Node
from proxy.contract.model import Stage

ROWS_MAX: Final = 40  # of a list; more are found with the find box
BLAMED_MAX: Final = 6


def fleet(graph: Graph, view: GraphView, wanted: Callable[[Node], bool]) -> list[Component]:
    """Return the nodes that are ``wanted``, those in trouble first: the graph in text, reachable by
    keyboard.
    """

    def rank(node: Node) -> tuple[float, float, str]:
        # Nodes without traffic come last, behind a success of 100 %.
        success = 2.0 if node["success"] is None else node["success"]
        return (0 if node["ejected"] else 1, success, node["name"])

    nodes = sorted((node for node in graph["nodes"] if node["kind"] != "user" and wanted(node)), key=rank)
    figures = html.Span([html.Span("success", className="figure"), html.Span("p99", className="figure")])
    more = len(nodes) - ROWS_MAX
    return [
        html.H2("Services"),
        html.P("Select a node or a call in the graph, or a service here.", className="weak"),
        html.Div([f"{len(nodes)} shown in the graph", figures], className="list-head"),
        html.Ul([_node(node, view) for node in nodes[:ROWS_MAX]], className="rows"),
        *([html.P(f"and {more} more: narrow them down with Find.", className="weak")] if more > 0 else []),
    ]


def _node(node: Node, view: GraphView) -> Component:
    limits = palette.Thresholds(view.warn / 100, view.bad / 100, view.slow)
    return html.Li(
        dcc.Link(
            [
                parts.dot(palette.health_of(node, limits)),
                html.Span([parts.name(node["name"]), *marks(node)], className="row-main"),
                html.Span(
                    [
                        html.Span(fmt.percent(node["success"]), className="figure"),
                        html.Span(fmt.duration(node["p99"]), className="figure"),
                    ],
                    className="row-end",
                ),
            ],
            href=view.selecting(node["name"]),
            className="row",
        )
    )


def marks(node: Node) -> list[Component]:
    """Return chips of a node's marks."""
    found = []
    if node["ejected"]:
        found.append(parts.chip(f"{node['ejected']} ejected", "bad"))
    if node["stage"] != Stage.OBSERVE:
        found.append(parts.stage_chip(node["stage"], node["percent"]))
    return found


def suspects(found: Suspects, view: GraphView) -> list[Component]:
    """Return services by how much of the callers' trouble they explain; choosing one draws the way there."""
    head = html.H2("Where to look first")
    if not found["services"]:
        return [
            head,
            html.P("Nothing stands out: no calls fail, and none take longer than usual.", className="weak"),
        ]
    basis = (
        "Services that explain the callers' trouble: failed calls, and latency above that of the hour before."
        if found["basis"] == "excess"
        else "Services that explain the callers' trouble: failed calls and latency, as there is no earlier "
        "hour to compare with yet."
    )
    return [
        head,
        html.P(basis, className="weak"),
        html.Ol([_blamed(each, view) for each in found["services"][:BLAMED_MAX]], className="rows blame"),
    ]


def _blamed(each: Suspect, view: GraphView) -> Component:
    own = []
    # The share is spread over services, so a fraction of one failed call is left to many of them.
    if each["errors"]["own"] >= 1:
        failed = fmt.count(each["errors"]["own"])
        own.append(f"{failed} failed {'call' if failed == '1' else 'calls'} of its own")
    if each["time"]["own"] > 0:
        own.append(f"{fmt.duration(each['time']['own'])} of its own time")
    url = "/" + replace(view, node=each["service"], source="", target="", path=tuple(each["path"])).search()
    return html.Li(
        dcc.Link(
            [
                html.Span(
                    [
                        parts.name(each["service"]),
                        html.Span(f"explains {fmt.percent(each['score'])}", className="figure"),
                    ],
                    className="blame-head",
                ),
                html.Span(
                    html.Span(className="bar", style={"width": f"{100 * each['score']:.1f}%"}),
                    className="bar-track",
                    **parts.HIDDEN,
                ),
                html.Span(" · ".join(own), className="weak small"),
                html.Span(
                    " → ".join(fmt.short(name, 40) for name in each["path"]), className="weak small path"
                ),
            ],
            href=url,
            className="row stacked",
            title="Show the path from the callers",
        )
    )


# The names of a service or of both ends of an edge, and how it changed.
_Listed = tuple[tuple[str, ...], Changed]


def differences(found: GraphDifference, view: GraphView) -> list[Component]:
    """Return the changes between the windows, by kind, the surest first."""
    listed: list[_Listed] = [((each["name"],), each) for each in found["services"]]
    listed += [((each["source"], each["target"]), each) for each in found["edges"]]
    head = [
        html.H2("What changed"),
        html.P(
            f"{found['compared']['services']} services and "
            f"{found['compared']['edges']} call paths compared; only differences that chance does not "
            "explain are listed.",
            className="weak",
        ),
    ]
    if not listed:
        return [*head, html.P("Nothing changed between the windows.", className="state-title")]
    groups = [
        # Each thing is listed once, under its worst change.
        (title, [each for each in listed if changes.worst(each[1])["change"] == kind])
        for kind, title in changes.TITLES.items()
    ]
    return [*head, *(_group(title, several, view) for title, several in groups if several)]


def _group(title: str, several: Sequence[_Listed], view: GraphView) -> Component:
    more = len(several) - ROWS_MAX
    rows = [_changed(*each, view) for each in several[:ROWS_MAX]]
    rest = [html.P(f"and {more} more", className="weak")] if more > 0 else []
    return html.Div([html.H3(f"{title} ({len(several)})"), html.Ul(rows, className="rows"), *rest])


def _changed(ends: tuple[str, ...], changed: Changed, view: GraphView) -> Component:
    worst = changes.worst(changed)
    label: list[Any] = [parts.name(ends[0])]
    if len(ends) == 2:
        label += [" → ", parts.name(ends[1])]
    return html.Li(
        dcc.Link(
            [
                html.Span(className=f"dot {changes.HEALTH[worst['change']]}", **parts.HIDDEN),
                html.Span(label, className="name"),
                html.Span(changes.describe(changed, worst), className="row-end figure"),
            ],
            href=view.selecting(*ends),
            className="row",
        )
    )
