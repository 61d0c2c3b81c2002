"""A selected call path: its figures, traces that went over it, and what the mesh decided about its target."""

import time
from typing import Any, Final

from dash import Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import format as fmt
from dashboard.client import Client
from dashboard.graph_view import GraphView
from dashboard.model import Edge, Exemplar, Graph
from dashboard.pages import balancing_views, links, parts
from dashboard.pages.guard import guarded

EXEMPLARS: Final = 3
DECISIONS: Final = 5
LOOK_BACK: Final = 900  # seconds at least: the store lacks the last ones
SLOW_TICKS: Final = 15


def facts(edge: Edge, graph: Graph) -> Component:
    """Protocol and numbers; of opaque TCP connections, bytes and the time to connect."""
    tcp = edge.get("tcp")
    if not tcp:
        return html.Div([html.Div(parts.chip(edge["protocol"]), className="chips"), parts.tiles(edge)],
                        className="edge-facts")
    seconds = max(1.0, (graph["end"] - graph["start"]) / 1e6)
    tiles = [
        parts.tile("Open", fmt.count(tcp["open"])),
        parts.tile("Connections", f"{fmt.count(edge['rate'])}/s"),
        parts.tile("Sent", f"{fmt.size(tcp['sent'])}"),
        parts.tile("Received", f"{fmt.size(tcp['received'])}"),
        parts.tile("Throughput", f"{fmt.size((tcp['sent'] + tcp['received']) / seconds)}/s"),
        parts.tile("Time to connect p99", fmt.duration(edge["p99"])),
    ]
    return html.Div([html.Div([parts.chip("opaque TCP")], className="chips"),
                     html.Dl(tiles, className="tiles")], className="edge-facts")


def query(source: str, target: str, failing: bool = False) -> str:
    """TraceQL of traces in which ``source`` calls ``target`` directly."""
    wanted = " && status = error" if failing else ""
    return (f"{{ resource.service.name = {_quoted(source)} }} > "
            f"{{ resource.service.name = {_quoted(target)}{wanted} }}")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def traces(client: Client, source: str, target: str, start: int, end: int) -> list[Component]:
    """The slowest traces over the path and the last that failed in its target."""
    limit = str(EXEMPLARS)
    slow = client.exemplars(query(source, target), start, end, order="duration", limit=limit)
    failed = client.exemplars(query(source, target, failing=True), start, end, order="start", limit=limit)
    if not slow and not failed:
        return [html.H3("Traces over this path"), html.P("None are stored of this time.", className="weak")]
    return [
        html.Div([html.H3(title), html.Ul([_trace(each) for each in found], className="rows")])
        for title, found in (("Slowest traces", slow), ("Failed traces", failed)) if found
    ]


def _trace(each: Exemplar) -> Component:
    health = "bad" if each["errors"] else "ok"
    return html.Li(dcc.Link([
        parts.dot(health), parts.name(f"{each['rootService']} {each['rootOperation']}"),
        html.Span(fmt.duration(each["duration"]), className="row-end figure"),
    ], href=links.trace(each["traceId"]), className="row"))


def register(app: Dash, client: Client) -> None:
    """Traces and decisions are read from the store: with the selection, then seldom."""

    def asked(ticks: int | None, search: str | None) -> tuple[GraphView, str, str]:
        view = GraphView.of_search(search)
        if len(view.selected) != 2 or (ctx.triggered_id == "tick" and (ticks or 0) % SLOW_TICKS):
            raise PreventUpdate
        return view, view.source, view.target

    @app.callback(Output("selected-traces", "children"), Input("tick", "n_intervals"),
                  Input("selected", "data"), State("url", "search"))
    @guarded(parts.problem)
    def exemplars(ticks: int | None, _: Any, search: str | None) -> Any:
        view, source, target = asked(ticks, search)
        start, end = view.window(time.time())
        return traces(client, source, target, min(start, end - LOOK_BACK * 1_000_000), end)

    @app.callback(Output("selected-decisions", "children"), Input("tick", "n_intervals"),
                  Input("selected", "data"), State("zone", "data"), State("url", "search"))
    @guarded(parts.problem)
    def decisions(ticks: int | None, _: Any, zone: int | None, search: str | None) -> Any:
        _, _, target = asked(ticks, search)
        found = client.decisions(target, DECISIONS)
        told = balancing_views.decisions(found, zone or 0, int(time.time() * 1e6)) if found else html.P(
            "None: nothing was ejected, weighed or switched.", className="weak")
        return [html.H3(["Balancing decisions about ", parts.name(target)]), told,
                dcc.Link("All of its balancing", href=links.balancing(target))]
