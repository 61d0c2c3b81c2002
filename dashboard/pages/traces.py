"""``/traces``: search. The URL's query is the search; the form writes it, the results read it."""

import time
from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import format as fmt
from dashboard.client import Client
from dashboard.figures import charts, palette, scatter
from dashboard.pages import links, parts
from dashboard.pages.guard import Problem, guarded
from dashboard.query import LIMITS, LOOKBACKS, QueryError, TraceQuery
from dashboard.trace import Trace

_FIELDS = ("service", "operation", "tags", "min", "max", "lookback", "limit")
_COLUMNS = (("root", "Root"), ("service", "Services"), ("spans", "Spans"), ("errors", "Errors"),
            ("duration", "Duration"), ("time", "Began"))
_SORT_KEYS = {
    "root": lambda trace: (trace.root.service, trace.root.operation),
    "service": lambda trace: (len(trace.services), trace.services),
    "spans": lambda trace: len(trace.spans),
    "errors": lambda trace: trace.errors,
    "duration": lambda trace: trace.duration,
    "time": lambda trace: trace.start,
}


def layout(search: str | None) -> Component:
    """The form, filled from the URL, above the results."""
    query = TraceQuery.of_search(search)
    form = html.Div([
        _field("Service", dcc.Input(id="find-service", value=query.service, list="find-services",
                                    placeholder="any", debounce=True, autoComplete="off")),
        _field("Operation", dcc.Input(id="find-operation", value=query.operation, list="find-operations",
                                      placeholder="any", autoComplete="off")),
        _field("Tags", dcc.Input(id="find-tags", value=query.tags, autoComplete="off",
                                 placeholder='error=true http.route="/cart"'), "wide"),
        _field("Min duration",
               dcc.Input(id="find-min", value=query.min, placeholder="100ms", autoComplete="off"),
               "narrow"),
        _field("Max duration",
               dcc.Input(id="find-max", value=query.max, placeholder="2s", autoComplete="off"),
               "narrow"),
        _field("Look back", dcc.Dropdown(id="find-lookback", options=list(LOOKBACKS), value=query.lookback,
                                         clearable=False, searchable=False), "narrow"),
        _field("At most", dcc.Dropdown(id="find-limit", value=query.limit, clearable=False, searchable=False,
                                       options=sorted({*map(str, LIMITS), query.limit}, key=int)), "narrow"),
        html.Button("Search", id="find", className="button primary"),
        html.Datalist(id="find-services"),
        html.Datalist(id="find-operations"),
    ], className="form", role="search", **parts.label("Search traces"))
    return html.Div([
        html.Div([html.H1("Traces"), html.P("Every search is a link: copy the address to share it.",
                                            className="weak")], className="page-head"),
        parts.card([form, html.P(id="find-problem", className="field-problem", role="alert")]),
        dcc.Loading(html.Div(parts.loading("Searching…"), id="found"), delay_show=300, type="dot"),
    ], className="page")


def _field(label: str, control: Component, width: str = "") -> Component:
    return html.Label([html.Span(label), control], className=f"field {width}".rstrip())


def ordered(traces: Sequence[Trace], query: TraceQuery) -> list[Trace]:
    """By the chosen column; equals by id, so that a reload shows the same order."""
    by_id = sorted(traces, key=lambda trace: trace.id)
    return sorted(by_id, key=_SORT_KEYS[query.sort], reverse=query.order != "asc")


def results(traces: Sequence[Trace], query: TraceQuery, zone: int, now_us: int) -> list[Component]:
    """The scatter above the table."""
    failed = sum(bool(trace.errors) for trace in traces)
    full = len(traces) >= int(query.limit)
    words = f"{len(traces)} traces, {failed} with errors" + (" (limit reached)" if full else "")
    return [
        parts.card(
            dcc.Graph(id="scatter", figure=scatter.durations(traces, zone), config=charts.CONFIG,
                      style={"height": f"{scatter.HEIGHT}px"}),
            "Duration over time", html.Span(words, className="weak")),
        parts.card(_table(ordered(traces, query), query, zone, now_us), class_name="flush"),
    ]


def _table(traces: Sequence[Trace], query: TraceQuery, zone: int, now_us: int) -> Component:
    longest = max(trace.duration for trace in traces)
    colours = palette.services(name for trace in traces for name in trace.services)
    head = [_head(column, text, query) for column, text in _COLUMNS]
    rows = [_row(trace, longest, colours, zone, now_us) for trace in traces]
    return parts.table(head, rows, "Found traces", numeric=(2, 3, 5))


def _head(column: str, text: str, query: TraceQuery) -> Component:
    mark = ("" if query.sort != column else " ↑" if query.order == "asc" else " ↓")
    return dcc.Link(text + mark, href=links.traces(query.sorted_by(column)), title=f"Sort by {text.lower()}")


def _row(trace: Trace, longest: int, colours: dict[str, str], zone: int, now_us: int) -> Component:
    shown = trace.services[:4]
    services: list[Any] = [html.Span([parts.swatch(colours[each]), parts.name(each, 24)], className="service")
                           for each in shown]
    if len(trace.services) > len(shown):
        services.append(html.Span(f"+{len(trace.services) - len(shown)}", className="weak"))
    bar = html.Span(className="bar bad" if trace.errors else "bar",
                    style={"width": f"{100 * trace.duration / max(longest, 1):.1f}%"})
    root = dcc.Link([html.Strong(parts.name(trace.root.service, 32)), " ",
                     parts.name(trace.root.operation, 60)],
                    href=links.trace(trace.id), className="row-link")
    return html.Tr([
        html.Td(root),
        html.Td(html.Div(services, className="services")),
        html.Td(str(len(trace.spans)), className="num"),
        html.Td(parts.chip(str(trace.errors), "bad") if trace.errors else html.Span("0", className="weak"),
                className="num"),
        html.Td([html.Span(fmt.duration(trace.duration / 1000), className="figure"),
                 html.Span(bar, className="bar-track")], className="duration"),
        html.Td(fmt.age(trace.start, now_us), title=fmt.moment(trace.start, zone), className="num"),
    ])


def _nothing(query: TraceQuery) -> Component:
    if query == TraceQuery():
        return parts.card(parts.no_traffic())
    return parts.card(parts.empty("No trace matches",
                                  "Look back further, drop a tag, or widen the durations."))


def _no_offers(_: Problem) -> list[Component]:
    return []


def register(app: Dash, client: Client) -> None:
    """Submit writes the URL; the URL drives results; a click on a point opens its trace."""

    @app.callback(Output("find-services", "children"), Input("url", "search"))
    @guarded(_no_offers)
    def offer_services(_: str | None) -> list[Component]:
        return [html.Option(value=name) for name in client.service_names()]

    @app.callback(Output("find-operations", "children"), Input("find-service", "value"))
    @guarded(_no_offers)
    def offer_operations(service: str | None) -> list[Component]:
        return [html.Option(value=name) for name in client.operations(service)] if service else []

    @app.callback(
        Output("url", "search", allow_duplicate=True), Output("find-problem", "children"),
        Input("find", "n_clicks"), *(Input(f"find-{each}", "n_submit") for each in _FIELDS[:5]),
        *(State(f"find-{each}", "value") for each in _FIELDS), State("url", "search"),
        prevent_initial_call=True)
    @guarded(lambda what: (no_update, what.sentence))
    def submit(*given: Any) -> tuple[Any, str]:
        *values, search = given[6:]
        old = TraceQuery.of_search(search)
        asked = {key: str(value or "").strip() for key, value in zip(_FIELDS, values, strict=True)}
        query = TraceQuery(**asked, sort=old.sort, order=old.order)
        try:
            query.parameters(0)
        except QueryError as error:
            return no_update, str(error)
        return query.search(), ""

    @app.callback(Output("found", "children"), Input("url", "search"), Input("zone", "data"),
                  Input("find", "n_clicks"))
    @guarded(lambda what: parts.card(parts.problem(what)))
    def find(search: str | None, zone: int | None, _: int | None) -> Any:
        query = TraceQuery.of_search(search)
        now_us = int(time.time() * 1_000_000)
        try:
            found = client.search(query.parameters(now_us))
        except QueryError as error:
            return parts.card(parts.empty("This search cannot be run", str(error)))
        return results(found, query, zone or 0, now_us) if found else _nothing(query)

    @app.callback(Output("url", "href", allow_duplicate=True), Input("scatter", "clickData"),
                  prevent_initial_call=True)
    @guarded(lambda _: no_update)
    def open_trace(click: dict[str, Any] | None) -> Any:
        if not click:
            raise PreventUpdate
        return links.trace(str(click["points"][0]["customdata"]))
