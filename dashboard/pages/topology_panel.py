"""Beside the graph: the fleet when nothing is selected, otherwise the node or the call path."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.client import Client
from dashboard.figures import histogram, palette, series
from dashboard.model import Edge, Graph, Node, Stats
from dashboard.pages import links, parts
from dashboard.pages.guard import Problem, guarded
from dashboard.query import TraceQuery

WINDOW: Final = 600  # seconds of the charts
STEP: Final = 10


def layout(search: str | None) -> list[Component]:
    """The panel's frame for what the URL selects; the callbacks fill it."""
    selected = links.selection(search)
    if not selected:
        return [html.Div(parts.loading(), id="fleet")]
    return [
        html.Header([
            html.Div([html.P("Service" if len(selected) == 1 else "Call path", className="eyebrow"),
                      html.H2(_title(selected))]),
            dcc.Link("×", href=links.topology(), className="icon-button", title="Close details"),
        ], className="panel-head"),
        html.Div(parts.loading(), id="selected-facts"),
        html.Div(_shortcuts(selected), className="shortcuts"),
        parts.chart("Traffic", "chart-traffic", series.HEIGHT),
        parts.chart("Failed", "chart-failed", series.LOW),
        parts.chart("Latency", "chart-latency", series.HEIGHT),
        parts.chart("How long calls took", "chart-histogram", histogram.HEIGHT),
        html.Div(id="selected-calls"),
    ]


def _title(selected: Sequence[str]) -> list[Any]:
    title: list[Any] = [parts.name(selected[0])]
    for further in selected[1:]:
        title += [html.Span(" → ", className="weak"), parts.name(further)]
    return title


def _shortcuts(selected: Sequence[str]) -> list[Component]:
    service = selected[0]
    return [
        dcc.Link("Traces", href=links.traces(TraceQuery(service=service)), className="button"),
        dcc.Link("Failed", href=links.traces(TraceQuery(service=service, tags="error=true")),
                 className="button"),
        dcc.Link("Slowest", href=links.traces(TraceQuery(service=service, sort="duration")),
                 className="button"),
        dcc.Link("Balancing", href=links.balancing(selected[-1]), className="button"),
    ]


def question(selected: Sequence[str]) -> dict[str, str]:
    """What to ask the API's series and latency for."""
    return {"service": selected[0]} if len(selected) == 1 else {"source": selected[0], "target": selected[1]}


def fleet(graph: Graph) -> list[Component]:
    """All services, those that need a look first: the graph in text, reachable by keyboard."""
    def rank(node: Node) -> tuple[float, float, str]:
        success = 2.0 if node["success"] is None else node["success"]
        return (0 if node["ejected"] else 1, success, node["name"])

    nodes = sorted((node for node in graph["nodes"] if node["kind"] != "user"), key=rank)
    rows = [
        html.Li(dcc.Link([
            parts.dot(palette.health(node["success"])),
            parts.name(node["name"]),
            html.Span([*_marks(node), html.Span(fmt.percent(node["success"]), className="figure"),
                       html.Span(fmt.duration(node["p99"]), className="figure")], className="row-end"),
        ], href=links.topology(node["name"]), className="row"))
        for node in nodes
    ]
    head = html.Div(["Where to look first", html.Span([html.Span("success", className="figure"),
                                                       html.Span("p99", className="figure")])],
                                                       className="list-head")
    return [html.H2("Services"),
            html.P("Select a node or a call in the graph, or a service here.", className="weak"),
            head, html.Ul(rows, className="rows")]


def _marks(node: Node) -> list[Component]:
    found = []
    if node["ejected"]:
        found.append(parts.chip(f"{node['ejected']} ejected", "bad"))
    if node["stage"] != "observe":
        found.append(parts.stage_chip(node["stage"], node["percent"]))
    return found


def _facts(graph: Graph, selected: Sequence[str]) -> list[Component] | Component:
    """What the selected node or call path is, and its traffic now."""
    if len(selected) == 1:
        for node in graph["nodes"]:
            if node["name"] == selected[0]:
                return [html.Div(_what(node), className="chips"), parts.tiles(node)]
    for edge in graph["edges"]:
        if (edge["source"], edge["target"]) == tuple(selected):
            return [html.Div(parts.chip(edge["protocol"]), className="chips"), parts.tiles(edge)]
    return parts.empty("No traffic in the last minute",
                       "It comes back by itself with the next call; the charts keep ten minutes.")


def _what(node: Node) -> list[Component]:
    words = [parts.chip(node["kind"]), *_marks(node)]
    if node["kind"] == "service":
        words.append(parts.chip("sidecar" if node["sidecar"] else "no sidecar"))
        words.append(parts.chip(f"{node['endpoints']} endpoint{'' if node['endpoints'] == 1 else 's'}"))
    return words + [parts.chip(fmt.short(version, 24)) for version in node["versions"][:4]]


def _calls(graph: Graph, selected: Sequence[str]) -> list[Component]:
    """Callers and callees of a node, as links to the call paths."""
    if len(selected) != 1:
        return []
    name = selected[0]
    groups = (
        ("Called by", [(edge["source"], edge) for edge in graph["edges"] if edge["target"] == name]),
        ("Calls", [(edge["target"], edge) for edge in graph["edges"] if edge["source"] == name]),
    )
    return [
        html.Div([html.H3(title), html.Ul([_call(other, edge) for other, edge in calls], className="rows")])
        for title, calls in groups if calls
    ]


def _call(other: str, edge: Edge) -> Component:
    stats: Stats = edge
    return html.Li(dcc.Link([
        parts.dot(palette.health(stats["success"])), parts.name(other),
        html.Span([html.Span(fmt.rate(stats["rate"]), className="figure"),
                   html.Span(fmt.duration(stats["p99"]), className="figure")], className="row-end"),
    ], href=links.topology(edge["source"], edge["target"]), className="row"))


def _unavailable(what: Problem) -> tuple[Any, ...]:
    return parts.problem(what), no_update, no_update, no_update, no_update, no_update


def charts(client: Client, of: Mapping[str, str], zone: int, now: float) -> tuple[Any, ...]:
    """The four figures over the last ten minutes; whole seconds, so that viewers share the answers."""
    end = int(now) * 1_000_000
    start = end - WINDOW * 1_000_000
    points = series.since_first_call(client.series(of, start, end, STEP))
    return (series.traffic(points, STEP, zone), series.success(points, zone), series.latency(points, zone),
            histogram.latency(client.latency(of, start, end)))


def register(app: Dash, client: Client) -> None:
    """The frame follows the URL; its numbers follow the interval."""

    @app.callback(Output("panel", "children"), Input("url", "search"), prevent_initial_call=True)
    def frame(search: str | None) -> list[Component]:
        return layout(search)

    @app.callback(Output("fleet", "children"), Input("tick", "n_intervals"))
    @guarded(parts.problem)
    def overview(_: int | None) -> Any:
        graph = client.graph()
        if graph["nodes"]:
            return fleet(graph)
        return parts.empty("No services yet", "They are listed here from their first call on.")

    @app.callback(
        Output("selected-facts", "children"), Output("chart-traffic", "figure"),
        Output("chart-failed", "figure"),
        Output("chart-latency", "figure"), Output("chart-histogram", "figure"),
        Output("selected-calls", "children"),
        Input("tick", "n_intervals"), Input("zone", "data"), State("url", "search"))
    @guarded(_unavailable)
    def details(_: int | None, zone: int | None, search: str | None) -> tuple[Any, ...]:
        selected = links.selection(search)
        graph = client.graph()
        drawn = charts(client, question(selected), zone or 0, time.time())
        return (_facts(graph, selected), *drawn, _calls(graph, selected))
