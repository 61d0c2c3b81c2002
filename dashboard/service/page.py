"""``/service/NAME``: a service over a window: traffic, latency, endpoints, neighbours."""

import time
from collections.abc import Sequence
from typing import Any, Final, TypeVar, cast

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.balancing import endpoints
from dashboard.components import links, parts, series
from dashboard.components.error_boundary import Problem, guarded
from dashboard.components.static_html import as_static
from dashboard.search.search_url import TraceQuery
from dashboard.service import heatmap, views
from proxy.contract.api.graph import Heatmap, Node, ServicePage, Stats

T = TypeVar("T", bound=Stats)
SPANS: Final = {900: "15 min", 3_600: "1 h", 21_600: "6 h", 86_400: "24 h"}  # seconds
SPAN: Final = 3_600
_POINTS: Final = 90
_ROUND: Final = 5  # seconds; whole ones, so that viewers share the answers


def layout(name: str, search: str | None) -> Component:
    """Return the frame of the page; the callback fills it."""
    span = links.span(search, SPANS, SPAN)
    return html.Div(
        [
            dcc.Store(id="service-shown", data={"name": name, "span": span}),
            html.Div(
                [
                    html.Div([html.P("Service", className="eyebrow"), html.H1(parts.name(name))]),
                    html.Nav(
                        ranges(name, span),
                        id="service-ranges",
                        className="ranges",
                        **parts.label("Time range"),
                    ),
                ],
                className="page-head apart",
            ),
            html.Div(
                [
                    html.Div(id="service-about", className="chips"),
                    html.Div(_shortcuts(name), className="shortcuts"),
                ],
                className="page-head apart",
            ),
            html.Div(parts.loading(), id="service-state"),
            html.Div(
                [
                    _chart("Requests per second, failed ones at the foot", "service-traffic", series.HEIGHT),
                    _chart("Failed", "service-failed", series.HEIGHT),
                    _chart("Latency", "service-latency", series.HEIGHT),
                ],
                className="thirds",
            ),
            _chart("Latency over time", "service-heatmap", heatmap.HEIGHT),
            parts.card(
                html.Div(parts.loading(), id="service-endpoints"),
                "Endpoints",
                html.Span("last 60 s", className="weak"),
                class_name="flush",
            ),
            html.Div(
                [
                    parts.card(
                        html.Div(parts.loading(), id="service-callers"), "Called by", class_name="flush"
                    ),
                    parts.card(html.Div(parts.loading(), id="service-callees"), "Calls", class_name="flush"),
                ],
                className="halves",
            ),
            parts.card(
                html.Div(parts.loading(), id="service-operations"),
                "Operations",
                html.Span("counted from spans", className="weak"),
                class_name="flush",
            ),
        ],
        className="page service-page",
    )


def _chart(title: str, chart_id: str, height: int) -> Component:
    return html.Section(parts.chart(title, chart_id, height), className="card")


def ranges(name: str, span: int) -> list[Component]:
    """Return links to other windows; the one shown is marked."""
    return [
        dcc.Link(
            text,
            href=links.service_page(name, each),
            title=f"The last {text}",
            className="current" if each == span else "",
        )
        for each, text in SPANS.items()
    ]


def _shortcuts(name: str) -> list[Component]:
    """Return links to the views of this service."""
    to = (
        ("In the graph", links.topology(name)),
        ("Traces", links.traces(TraceQuery(service=name).search())),
        ("Live", links.traces(TraceQuery(service=name, view="live").search())),
        ("Failed", links.traces(TraceQuery(service=name, tags="error=true").search())),
        ("Slowest", links.traces(TraceQuery(service=name, sort="duration").search())),
        ("Balancing", links.balancing(name)),
    )
    return [dcc.Link(text, href=href, className="button") for text, href in to]


def window(now: float, span: int) -> tuple[int, int, int]:
    """Return start and end in microseconds and the step in seconds of the last ``span`` seconds."""
    end = int(now) // _ROUND * _ROUND
    # A fixed number of points, so that a day is drawn as fast as a quarter of an hour.
    return (end - span) * 1_000_000, end * 1_000_000, max(span // _POINTS, 1)


def about(name: str, nodes: Sequence[Node]) -> list[Component]:
    """Return what is known of the service now."""
    for node in nodes:
        if node["name"] == name:
            return views.about(node)
    return [parts.chip("no traffic in the last minute")]


def _unavailable(what: Problem) -> tuple[Any, ...]:
    # One message; the eight panels keep what they show.
    return (parts.problem(what), no_update, *(no_update for _ in range(8)))


def since_first(page: ServicePage) -> ServicePage:
    """Return rates over the time since the first call, as the charts begin there, instead of the whole
    window.
    """
    points = series.since_first_call(page["points"])
    factor = len(page["points"]) / max(len(points), 1)
    # Calls since the beginning of the window: nothing to correct.
    if factor <= 1:
        return page

    def since(each: T) -> T:
        return cast(T, {**each, "rate": each["rate"] * factor})

    return {
        **page,
        "stats": since(page["stats"]),
        "callers": [since(each) for each in page["callers"]],
        "callees": [since(each) for each in page["callees"]],
        "operations": [since(each) for each in page["operations"]],
    }


def figures(page: ServicePage, zone: fmt.Zone) -> tuple[Any, ...]:
    """Return traffic, failures, latency and heatmap, from the first call on."""
    points = series.since_first_call(page["points"])
    missing = len(page["points"]) - len(points)
    cells = Heatmap(buckets=page["heatmap"]["buckets"], counts=page["heatmap"]["counts"][missing:])
    return (
        series.traffic(points, zone),
        series.success(points, zone, series.HEIGHT),
        series.latency(points, zone),
        heatmap.latency(points, cells, zone),
    )


def register(app: Dash, client: Client) -> None:
    """Connect the window to the URL, the numbers to the beat."""

    @app.callback(
        Output("service-shown", "data"),
        Output("service-ranges", "children"),
        Input("url", "search"),
        State("service-shown", "data"),
        # ``layout`` has read the URL already.
        prevent_initial_call=True,
    )
    def choose(search: str | None, shown: dict[str, Any]) -> tuple[dict[str, Any], list[Component]]:
        span = links.span(search, SPANS, SPAN)
        return {**shown, "span": span}, ranges(shown["name"], span)

    @app.callback(
        Output("service-state", "children"),
        Output("service-about", "children"),
        Output("service-traffic", "figure"),
        Output("service-failed", "figure"),
        Output("service-latency", "figure"),
        Output("service-heatmap", "figure"),
        Output("service-endpoints", "children"),
        Output("service-callers", "children"),
        Output("service-callees", "children"),
        Output("service-operations", "children"),
        Input("tick", "n_intervals"),
        Input("zone", "data"),
        Input("service-shown", "data"),
    )
    @guarded(_unavailable)
    def refresh(_: int | None, zone: fmt.Zone | None, shown: dict[str, Any]) -> tuple[Any, ...]:
        name, now = shown["name"], time.time()
        page = since_first(client.service_page(name, *window(now, shown["span"])))
        return (
            views.summary(page),
            about(name, client.services()),
            *figures(page, zone or 0),
            as_static(parts.attempt(lambda: endpoints.table(client.endpoints(name), int(now * 1e6)))),
            as_static(views.neighbours(page["callers"], lambda other: links.topology(other, name))),
            as_static(views.neighbours(page["callees"], lambda other: links.topology(name, other))),
            as_static(views.operations(page)),
        )
