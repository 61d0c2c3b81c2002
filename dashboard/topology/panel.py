"""The panel beside the graph: lists when nothing is selected, otherwise the node or the call path."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.components import histogram, links, palette, parts, series
from dashboard.components.clientside import in_browser
from dashboard.components.error_boundary import Problem, guarded
from dashboard.components.graph_layout import CROWDED
from dashboard.components.static_html import as_static
from dashboard.search.search_url import TraceQuery
from dashboard.topology import data, lists
from dashboard.topology import edge as topology_edge
from dashboard.topology.graph_url import GraphView
from dashboard.topology.subgraph import matched
from proxy.contract.api.graph import Edge, Graph, Node, Stats

WINDOW: Final = 600  # seconds of the charts, or the view's window where that is longer
POINTS: Final = 60
SLOW_TICKS: Final = 5  # ticks between two requests that read the store


def layout() -> Component:
    """Return the services until something is selected; ``selected`` is the selecting part of the URL."""
    return html.Div(
        [
            dcc.Store(id="selected", data="?"),
            html.Div(frame((), tcp=False), id="panel-inside"),
        ]
    )


def frame(selected: Sequence[str], tcp: bool) -> list[Component]:
    """Return the panel's frame for a selection; the callbacks fill it."""
    if not selected:
        return [html.Div(id="blame"), html.Div(parts.loading(), id="fleet")]
    calls = "Time to connect" if tcp else "Latency"
    return [
        html.Header(
            [
                html.Div(
                    [
                        html.P("Service" if len(selected) == 1 else "Call path", className="eyebrow"),
                        html.H2(_title(selected)),
                    ]
                ),
                html.Button(
                    "×",
                    id="unselect",
                    className="icon-button",
                    title="Close details",
                    **parts.label("Close details"),
                ),
            ],
            className="panel-head",
        ),
        html.Div(parts.loading(), id="selected-facts"),
        html.Div(_shortcuts(selected), className="shortcuts"),
        parts.chart("Connections" if tcp else "Traffic", "chart-traffic", series.HEIGHT),
        parts.chart("Failed", "chart-failed", series.LOW),
        parts.chart(calls, "chart-latency", series.HEIGHT),
        parts.chart(
            "Time to connect, distribution" if tcp else "Latency distribution",
            "chart-histogram",
            histogram.HEIGHT,
        ),
        html.Div(id="selected-calls"),
        *([html.Div(id="selected-traces"), html.Div(id="selected-decisions")] if len(selected) == 2 else []),
    ]


def _title(selected: Sequence[str]) -> list[Any]:
    title: list[Any] = [parts.name(selected[0])]
    for further in selected[1:]:
        title += [html.Span(" → ", className="weak"), parts.name(further)]
    return title


def _shortcuts(selected: Sequence[str]) -> list[Component]:
    service = selected[0]
    return [
        *(
            [dcc.Link("Service page", href=links.service_page(service), className="button")]
            if len(selected) == 1
            else []
        ),
        dcc.Link("Traces", href=links.traces(TraceQuery(service=service).search()), className="button"),
        dcc.Link(
            "Failed",
            href=links.traces(TraceQuery(service=service, tags="error=true").search()),
            className="button",
        ),
        dcc.Link(
            "Slowest",
            href=links.traces(TraceQuery(service=service, sort="duration").search()),
            className="button",
        ),
        dcc.Link("Balancing", href=links.balancing(selected[-1]), className="button"),
    ]


def question(selected: Sequence[str]) -> dict[str, str]:
    """Return the parameters of the API's series and latency for a selection."""
    return {"service": selected[0]} if len(selected) == 1 else {"source": selected[0], "target": selected[1]}


def _facts(graph: Graph, selected: Sequence[str]) -> Any:
    """Return kind and traffic of the selected node or call path."""
    if len(selected) == 1:
        for node in graph["nodes"]:
            if node["name"] == selected[0]:
                return [html.Div(_what(node), className="chips"), parts.tiles(node)]
    found = [topology_edge.facts(edge, graph) for edge in graph["edges"] if _ends(edge) == tuple(selected)]
    return found or parts.empty(
        "No traffic in this window",
        "It reappears with the next call; the charts keep ten minutes.",
    )


def _ends(edge: Edge) -> tuple[str, str]:
    return edge["source"], edge["target"]


def _what(node: Node) -> list[Component]:
    words = [parts.chip(node["kind"]), *lists.marks(node)]
    if node["kind"] == "service":
        words.append(parts.chip("sidecar" if node["sidecar"] else "no sidecar"))
        words.append(parts.chip(f"{node['endpoints']} endpoint{'' if node['endpoints'] == 1 else 's'}"))
    return words + [
        parts.chip(fmt.short(text, 24))
        for text in (*node["versions"][:4], *node["zones"][:4], *node["namespaces"][:4])
    ]


def _calls(graph: Graph, selected: Sequence[str], view: GraphView) -> list[Component]:
    """Return callers and callees of a node, as links to the call paths."""
    if len(selected) != 1:
        return []
    name = selected[0]
    groups = (
        ("Called by", [(edge["source"], edge) for edge in graph["edges"] if edge["target"] == name]),
        ("Calls", [(edge["target"], edge) for edge in graph["edges"] if edge["source"] == name]),
    )
    return [
        html.Div(
            [html.H3(title), html.Ul([_call(other, edge, view) for other, edge in calls], className="rows")]
        )
        for title, calls in groups
        if calls
    ]


def _call(other: str, edge: Edge, view: GraphView) -> Component:
    stats: Stats = edge
    return html.Li(
        dcc.Link(
            [
                parts.dot(palette.health(stats["success"])),
                parts.name(other),
                html.Span(
                    [
                        html.Span(fmt.rate(stats["rate"]), className="figure"),
                        html.Span(fmt.duration(stats["p99"]), className="figure"),
                    ],
                    className="row-end",
                ),
            ],
            href=view.selecting(edge["source"], edge["target"]),
            className="row",
        )
    )


def _unavailable(what: Problem) -> tuple[Any, ...]:
    # The message once, above the charts, which keep what they show.
    return parts.problem(what), no_update, no_update, no_update, no_update, no_update


def charts(
    client: Client, of: Mapping[str, str], view: GraphView, zone: fmt.Zone, now: float
) -> tuple[Any, ...]:
    """Return the four figures; in whole seconds, so that viewers share the answers."""
    _, end = view.window(now)
    length = max(WINDOW, view.span)
    # A fixed number of points: an hour is drawn as fast as ten minutes.
    start, step = end - length * 1_000_000, length // POINTS
    points = series.since_first_call(client.series(of, start, end, step))
    return (
        series.traffic(points, zone),
        series.success(points, zone),
        series.latency(points, zone),
        histogram.latency(client.latency(of, start, end)),
    )


def _lists(client: Client, search: str | None) -> list[Component]:
    view = GraphView.of_search(search)
    if view.compared:
        _, told = data.compare(client, view, time.time())
        return lists.differences(told, view)
    scene = data.scene(client, view, time.time())
    if not scene.graph["nodes"]:
        return [parts.empty("No services yet", "They are listed here from their first call on.")]
    found, hidden = matched(scene.graph, view.find), matched(scene.graph, view.hide)
    # An expression with an error hides nothing: the list must not empty while somebody types.
    sought = bool(view.find.strip()) and found.error is None
    return lists.fleet(
        scene.graph,
        view,
        lambda node: node["name"] not in hidden.nodes and (not sought or node["name"] in found.nodes),
    )


def register(app: Dash, client: Client) -> None:
    """Connect the panel's frame to the selection, its numbers to the beat and the window."""
    in_browser(app, "selected", Output("selected", "data"), Input("url", "search"), State("selected", "data"))
    in_browser(
        app, "unselect", Output("unselect", "title"), Input("unselect", "n_clicks"), prevent_initial_call=True
    )
    topology_edge.register(app, client)
    _register_lists(app, client)

    @app.callback(Output("panel-inside", "children"), Input("selected", "data"), prevent_initial_call=True)
    @guarded(parts.problem)
    def framed(search: str | None) -> Any:
        selected = GraphView.of_search(search).selected
        # The titles of the charts depend on it, so the frame asks for the graph; the reply is shared with the
        # details.
        tcp = len(selected) == 2 and any(
            edge["tcp"] for edge in client.graph()["edges"] if _ends(edge) == selected
        )
        return frame(selected, tcp)

    @app.callback(
        Output("selected-facts", "children"),
        Output("chart-traffic", "figure"),
        Output("chart-failed", "figure"),
        Output("chart-latency", "figure"),
        Output("chart-histogram", "figure"),
        Output("selected-calls", "children"),
        Input("tick", "n_intervals"),
        Input("zone", "data"),
        Input("url", "search"),
    )
    @guarded(_unavailable)
    def details(ticks: int | None, zone: fmt.Zone | None, search: str | None) -> tuple[Any, ...]:
        view = GraphView.of_search(search)
        selected, now = view.selected, time.time()
        # A past window does not change, but its spans may still be on their way into the store.
        if not selected or (view.at and ctx.triggered_id == "tick" and (ticks or 0) % SLOW_TICKS):
            raise PreventUpdate
        graph = data.window(client, view, now)
        drawn = charts(client, question(selected), view, zone or 0, now)
        return (
            as_static(_facts(graph, selected)),
            *drawn,
            as_static(_calls(graph, selected, view)),
        )


def _register_lists(app: Dash, client: Client) -> None:
    """Connect the lists that are there without a selection."""

    @app.callback(
        Output("fleet", "children"),
        Input("tick", "n_intervals"),
        Input("url", "search"),
        State("held", "data"),
    )
    @guarded(parts.problem)
    def overview(ticks: int | None, search: str | None, held: Mapping[str, Any] | None) -> Any:
        view = GraphView.of_search(search)
        # These read the store, or draw hundreds of rows: not with each beat.
        dear = view.at or view.compared or (held or {}).get("count", 0) >= CROWDED
        if ctx.triggered_id == "tick" and dear and (ticks or 0) % SLOW_TICKS:
            raise PreventUpdate
        return as_static(_lists(client, search))

    @app.callback(
        Output("blame", "children"),
        Input("tick", "n_intervals"),
        Input("selected", "data"),
        State("url", "search"),
        State("blame", "children"),
    )
    @guarded(parts.problem)
    def suspects(ticks: int | None, _: Any, search: str | None, shown: Any) -> Any:
        if ctx.triggered_id == "tick" and shown and (ticks or 0) % SLOW_TICKS:
            raise PreventUpdate
        view = GraphView.of_search(search)
        # Cut down, so that all viewers ask for the same window and share the reply.
        start, end = view.window(time.time() // SLOW_TICKS * SLOW_TICKS)
        found = client.suspects(start, end, lists.BLAMED_MAX)
        return as_static(lists.suspects(found, view))
