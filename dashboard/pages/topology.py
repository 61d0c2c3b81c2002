"""``/``: the live graph. The URL says what is selected; ``topology_panel`` shows it."""

import functools
from typing import Any

import dash_cytoscape
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.client import Client
from dashboard.figures import layout as placing
from dashboard.figures import topology as drawing
from dashboard.model import Graph
from dashboard.pages import links, parts, topology_panel
from dashboard.pages.browser import in_browser
from dashboard.pages.guard import Problem, guarded

Known = dict[str, list[Any]]  # names and links seen since the page was opened


def layout(search: str | None) -> Component:
    """The graph beside its panel, filled by the callbacks."""
    graph = dash_cytoscape.Cytoscape(
        id="graph", elements=[], stylesheet=[], minZoom=0.08, maxZoom=2.5,
        layout={"name": "preset", "fit": False}, autoRefreshLayout=False,
        style={"width": "100%", "height": "100%"}, boxSelectionEnabled=False,
    )
    return html.Div([
        dcc.Store(id="known"),
        dcc.Store(id="fitted"),
        dcc.Store(id="styles", data={theme: drawing.stylesheet(theme) for theme in ("light", "dark")}),
        html.H1("Topology", className="visually-hidden"),
        html.Section([
            html.Div(id="graph-summary", className="graph-summary"),
            html.Div(graph, className="graph-canvas", role="img",
                     **parts.label("Graph of services and calls; the list beside it says the same in text")),
            html.Div(parts.loading("Asking the collector…"), id="graph-state", className="graph-state"),
            _legend(),
            html.Div([
                _button("zoom-in", "+", "Zoom in"), _button("zoom-out", "−", "Zoom out"),
                _button("zoom-fit", "Fit", "Show the whole graph"),
            ], className="graph-tools", role="group", **parts.label("Zoom")),
        ], className="graph card"),
        html.Aside(topology_panel.layout(search), id="panel", className="panel card",
                   **parts.label("Details")),
    ], className="topology")


def _button(button_id: str, text: str, label: str) -> Component:
    return html.Button(text, id=button_id, className="icon-button", title=label, **parts.label(label))


def _legend() -> Component:
    health = (("ok", "≥ 99.5 %"), ("warn", "≥ 95 %"), ("bad", "< 95 %"), ("idle", "idle"))
    kinds = ("service", "database", "queue", "external", "user")
    return html.Details([
        html.Summary("Legend"),
        html.Div([html.Span("Success", className="legend-title"),
                  *(html.Span([html.Span(className=f"line {key}"), text]) for key, text in health)]),
        html.Div([html.Span("Kind", className="legend-title"),
                  *(html.Span([html.Span(className=f"shape {kind}"), kind]) for kind in kinds)]),
        html.Div([html.Span("Calls", className="legend-title"),
                  html.Span("wider: more calls · label: rate, p99")], className="legend-extra"),
    ], className="legend", open=True)


@functools.lru_cache(maxsize=8)
def _arranged(names: tuple[str, ...], pairs: tuple[tuple[str, str], ...]) -> placing.Layout:
    return placing.arrange(names, pairs)


def remember(known: Known | None, graph: Graph) -> Known:
    """What was seen before and what is there now, so that a node that pauses keeps its place."""
    before = known or {"names": [], "links": []}
    names = {*before["names"], *(node["name"] for node in graph["nodes"])}
    pairs = {*map(tuple, before["links"]), *((edge["source"], edge["target"]) for edge in graph["edges"])}
    return {"names": sorted(names), "links": [list(pair) for pair in sorted(pairs)]}


def _summary(graph: Graph) -> list[Component]:
    services = sum(node["kind"] == "service" for node in graph["nodes"])
    total = sum(edge["rate"] for edge in graph["edges"])
    seconds = fmt.span(graph["end"] - graph["start"])
    ejected = sum(node["ejected"] for node in graph["nodes"])
    return [
        html.Span([html.Strong(str(services)), " services"]),
        html.Span([html.Strong(str(len(graph["edges"]))), " call paths"]),
        html.Span([html.Strong(fmt.count(total)), " calls/s"]),
        html.Span([html.Strong(str(ejected)), " ejected"], className="bad" if ejected else ""),
        html.Span(f"last {seconds}", className="weak"),
    ]


def _unavailable(what: Problem) -> tuple[Any, ...]:
    return no_update, parts.problem(what, "over"), no_update, no_update


def register(app: Dash, client: Client) -> None:
    """Refresh by the shared interval; selecting writes the URL; theme and zoom stay in the browser."""
    topology_panel.register(app, client)

    @app.callback(Output("graph", "elements"), Output("graph-state", "children"),
                  Output("graph-summary", "children"), Output("known", "data"),
                  Input("tick", "n_intervals"), Input("url", "search"), State("known", "data"))
    @guarded(_unavailable)
    def refresh(_: int | None, search: str | None, known: Known | None) -> tuple[Any, ...]:
        graph = client.graph()
        seen = remember(known, graph)
        arranged = _arranged(tuple(seen["names"]), tuple(map(tuple, seen["links"])))
        state = None if graph["nodes"] else parts.no_traffic()
        kept = seen if seen != known else no_update
        return drawing.elements(graph, arranged, links.selection(search)), state, _summary(graph), kept

    in_browser(
        app, "stylesheet",
        Output("graph", "stylesheet"), Input("theme", "data"), Input("styles", "data"))
    in_browser(app, "fit", Output("fitted", "data"), Input("graph", "elements"))
    in_browser(
        app, "select",
        Output("url", "search", allow_duplicate=True),
        Input("graph", "tapNodeData"), Input("graph", "tapEdgeData"), prevent_initial_call=True)
    in_browser(
        app, "zoom",
        Output("zoom-fit", "title"), Input("zoom-in", "n_clicks"), Input("zoom-out", "n_clicks"),
        Input("zoom-fit", "n_clicks"), prevent_initial_call=True)
