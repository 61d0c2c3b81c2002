"""``/traces/<id>``: one trace in five views.

Its rows are sent once; the browser draws those in sight, and keeps the place (tab, span, search, zoom) in
the URL.
"""

import time
from typing import Any, Final

import dash_cytoscape as cyto
from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.components import links, parts
from dashboard.components.clientside import in_browser
from dashboard.components.error_boundary import Problem, guarded
from dashboard.components.static_html import as_static
from dashboard.trace import flame, logs, service_graph, span_details, statistics_table, waterfall
from dashboard.trace import head as trace_head
from dashboard.trace.trace_cache import FROM_FILE, TraceCache

TABS: Final = (
    ("waterfall", "Waterfall"),
    ("flame", "Flame graph"),
    ("spans", "Spans"),
    ("logs", "Logs"),
    ("graph", "Graph"),
    ("statistics", "Statistics"),
)
_KEYS: Final = (
    ("j / k", "next, previous span"),
    ("Enter", "details of the span"),
    ("[ / ]", "collapse, expand"),
    ("{ / }", "collapse, expand all"),
    ("/", "search"),
    ("n / p", "next, previous match"),
    ("c", "next span of the critical path"),
    ("+ / −", "zoom in, out"),
    ("0", "whole trace"),
    ("Esc", "close details"),
)
_STORES: Final = ("data", "place", "span", "hits", "drawn", "logs", "logged")
# A linking trace may begin a little earlier than this one, by clocks, and up to a day later.
_HOUR: Final = 3_600_000_000  # microseconds
_LINKING: Final = 20  # traces that link to one, at most shown


def layout(trace_id: str, search: str | None = None) -> Component:
    _, find = links.parse_trace(search)
    return html.Div(
        [
            *(dcc.Store(id=f"trace-{each}") for each in _STORES),
            dcc.Store(id="trace-id", data=trace_id),
            html.Div(parts.card(parts.loading("Fetching the trace…")), id="trace-head"),
            html.Div(
                [
                    html.Div([_tabs(), _tools(find)], className="trace-bar"),
                    html.Div(
                        [
                            html.Div(
                                [
                                    parts.card(_waterfall(), class_name="flush", id="view-waterfall"),
                                    parts.card(
                                        html.Div(id="trace-flame", className="flame"), id="view-flame"
                                    ),
                                    parts.card(
                                        html.Div(id="trace-table"), class_name="flush", id="view-spans"
                                    ),
                                    parts.card(
                                        html.Div(parts.loading("Fetching the logs…"), id="trace-log-list"),
                                        class_name="flush",
                                        id="view-logs",
                                    ),
                                    parts.card(
                                        html.Div(id="trace-graph", className="trace-graph"), id="view-graph"
                                    ),
                                    parts.card(
                                        html.Div(id="trace-statistics"),
                                        class_name="flush",
                                        id="view-statistics",
                                    ),
                                ],
                                className="trace-views",
                            ),
                            html.Div(id="trace-details"),
                        ],
                        className="trace-body",
                        id="trace-body",
                    ),
                ],
                id="trace-whole",
                # Shown by trace.js once there is a trace: empty tabs would look like an error.
                hidden=True,
            ),
        ],
        className="page",
        id="trace-view",
    )


def _tabs() -> Component:
    return html.Div(
        [
            html.Button(text, id=f"tab-{key}", role="tab", className="trace-tab", **parts.data(tab=key))
            for key, text in TABS
        ],
        className="trace-tabs",
        role="tablist",
        **parts.label("Views of the trace"),
    )


def _tools(find: str) -> Component:
    return html.Div(
        [
            html.Label(
                [
                    html.Span("Search in this trace", className="visually-hidden"),
                    dcc.Input(
                        id="trace-find",
                        value=find,
                        placeholder="Search spans, tags, events, logs",
                        debounce=True,
                        autoComplete="off",
                    ),
                ]
            ),
            html.Span(id="trace-found", className="weak small", role="status"),
            html.Button(
                "↑", className="icon-button", title="Previous match (p)", **parts.data(does="previous")
            ),
            html.Button("↓", className="icon-button", title="Next match (n)", **parts.data(does="next")),
            html.Button(
                "Collapse", className="button", title="Collapse all ({)", **parts.data(does="collapse")
            ),
            html.Button("Expand", className="button", title="Expand all (})", **parts.data(does="expand")),
            html.Button(
                "Whole trace", className="button", title="Undo the zoom (0)", **parts.data(does="whole")
            ),
            html.Details(
                [
                    html.Summary("Keys", className="button"),
                    html.Dl([html.Div([html.Dt(html.Kbd(key)), html.Dd(text)]) for key, text in _KEYS]),
                ],
                className="keys",
            ),
        ],
        className="trace-tools",
    )


def _waterfall() -> Component:
    return html.Div(
        [
            html.Div(id="trace-minimap", className="minimap", **parts.HIDDEN),
            html.Div(id="trace-ruler", className="span-ruler", **parts.HIDDEN),
            html.Div(id="trace-rows"),
        ],
        className="waterfall",
    )


def register(app: Dash, client: Client, cache: TraceCache) -> None:
    """Connect the trace, sent once, a span's details, and the search in the trace."""
    _register_trace(app, client, cache)
    _register_views(app, cache)
    logs.register(app, client, cache)
    in_browser(
        app,
        "openTrace",
        Output("trace-place", "data"),
        Output("trace-span", "data"),
        Input("trace-data", "data"),
        Input("url", "search"),
        Input("theme", "data"),
    )
    in_browser(app, "markFound", Output("trace-drawn", "data"), Input("trace-hits", "data"))


def _register_trace(app: Dash, client: Client, cache: TraceCache) -> None:
    @app.callback(
        Output("trace-head", "children"),
        Output("trace-data", "data"),
        Input("zone", "data"),
        Input("trace-id", "data"),
    )
    @guarded(lambda what: (parts.card(parts.problem(what)), None))
    def show(zone: fmt.Zone | None, trace_id: str) -> tuple[Any, Any]:
        trace = cache.fetch(trace_id)
        if trace is None:
            return parts.card(_unknown(trace_id)), None
        packed = waterfall.columns(trace)
        # The path is computed once, for the columns and for the head.
        head = trace_head.head(trace, packed["path"], zone or 0)
        return head, {**packed, "flame": flame.boxes(trace)}

    @app.callback(
        Output("trace-linking", "children"), Input("trace-linking", "id"), State("trace-id", "data")
    )
    @guarded(lambda _: None)
    def linking(_: str, trace_id: str) -> Any:
        trace = cache.get(trace_id)
        # A trace from a file is in no store that could be searched for links to it.
        if trace is None or trace_id.startswith(FROM_FILE):
            raise PreventUpdate
        window = trace.start - _HOUR, min(trace.start + 24 * _HOUR, int(time.time() * 1e6))
        query = f'{{ link:traceID = "{trace.id.zfill(32)}" }}'
        found = client.exemplars(query, *window, limit=str(_LINKING))
        return trace_head.linking(trace, found)


def _unknown(trace_id: str) -> Component:
    if trace_id.startswith(FROM_FILE):
        again = dcc.Link("Open it again", href="/upload")
        return parts.empty("This file is no longer open", [again, "; the dashboard does not keep files."])
    return parts.empty(
        "The store has no trace of this id",
        [
            dcc.Link("Search the recent ones", href=links.traces()),
            "; older ones are deleted after the retention period, a new one takes a second to arrive.",
        ],
    )


def _register_views(app: Dash, cache: TraceCache) -> None:
    @app.callback(
        Output("trace-details", "children"),
        Input("trace-span", "data"),
        Input("zone", "data"),
        State("trace-id", "data"),
    )
    @guarded(lambda what: parts.card(parts.problem(what)))
    def details(span_id: str | None, zone: fmt.Zone | None, trace_id: str) -> Any:
        trace = cache.get(trace_id) if span_id else None
        return span_details.details(trace, str(span_id), zone or 0) if trace else None

    @app.callback(
        Output("trace-hits", "data"),
        Input("trace-find", "value"),
        Input("trace-data", "data"),
        State("trace-id", "data"),
    )
    @guarded(_no_hits)
    def find(text: str | None, drawn: Any, trace_id: str) -> Any:
        # ``drawn`` comes with the trace; before it there are no rows to mark.
        trace = cache.get(trace_id) if text and drawn else None
        return {"text": text or "", "rows": waterfall.matches(trace, text or "") if trace else []}

    @app.callback(
        Output("trace-statistics", "children"), Input("trace-place", "data"), State("trace-id", "data")
    )
    @guarded(parts.problem)
    def statistics(place: dict[str, str] | None, trace_id: str) -> Any:
        # Computed when its tab is opened: most readers never look at it.
        if not place or place["tab"] != "statistics" or (trace := cache.get(trace_id)) is None:
            raise PreventUpdate
        return as_static(statistics_table.view(trace, place["sort"], place["by"] == "operation"))

    @app.callback(
        Output("trace-graph", "children"),
        Input("trace-place", "data"),
        Input("theme", "data"),
        State("trace-id", "data"),
    )
    @guarded(parts.problem)
    def graph(place: dict[str, str] | None, theme: str | None, trace_id: str) -> Any:
        # Drawn when its tab is open: Cytoscape cannot lay out a graph in a hidden element.
        if not place or place["tab"] != "graph" or (trace := cache.get(trace_id)) is None:
            raise PreventUpdate
        return cyto.Cytoscape(
            id="trace-services",
            elements=service_graph.elements(trace),
            layout={"name": "preset", "fit": True, "padding": 24},
            stylesheet=service_graph.stylesheet(theme or "light"),
            style={"width": "100%", "height": "100%"},
            minZoom=0.1,
            maxZoom=1.2,
            autoungrabify=True,
            boxSelectionEnabled=False,
        )


def _no_hits(what: Problem) -> dict[str, Any]:
    return {"text": "", "rows": [], "problem": what.sentence}
