"""The traces that a search found: a scatter plot, a table in the store's order, and the way to the next
page.
"""

from collections.abc import Sequence
from typing import Any, Final

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import format as fmt
from dashboard.api.client import ApiError, Client
from dashboard.components import charts, links, palette, parts
from dashboard.components.clientside import in_browser
from dashboard.components.error_boundary import Problem, guarded
from dashboard.search import scatter
from dashboard.search.search_url import TraceQuery
from proxy.contract.api.graph import Window
from proxy.contract.api.search import TraceLine, TracePage

_COLUMNS: Final = (
    ("root", "Root"),
    ("service", "Services"),
    ("spans", "Spans"),
    ("errors", "Errors"),
    ("duration", "Duration"),
    ("time", "Began"),
)

_LATE_US: Final = 15_000_000  # usually a trace is in the store within a few seconds
_UNCHECKED: Final[dict[str, Any]] = {"aria-checked": "false"}
_OFF: Final[dict[str, Any]] = {"aria-disabled": "true"}


def results(found: TracePage, query: TraceQuery, zone: fmt.Zone, now_us: int) -> Component | list[Component]:
    """Return the scatter plot above the table of one page."""
    traces = found["traces"]
    if not traces:
        return _nothing(query, found, zone)
    failed = sum(bool(trace["errors"]) for trace in traces)
    words = f"{len(traces)} traces on this page, {failed} with errors. Drag a box to compare its traces."
    return [
        *_partial(found),
        parts.card(
            [
                dcc.Graph(
                    id="scatter",
                    figure=scatter.durations(traces, zone),
                    config=charts.CONFIG,
                    style={"height": f"{scatter.HEIGHT}px"},
                ),
                html.Div(id="scatter-box", className="box-actions", role="status"),
            ],
            "Duration over time",
            html.Span(words, className="weak"),
        ),
        parts.card(
            [_chosen(traces, query, found), _table(traces, query, zone, now_us), _pager(query, found, zone)],
            class_name="flush",
        ),
    ]


def _chosen(traces: Sequence[TraceLine], query: TraceQuery, found: TracePage) -> Component:
    """Return the actions on two chosen traces, which the browser fills in, and on all of an operation."""
    form = query.form
    service, operation = (form.service, form.operation) if form else ("", "")
    # Without one in the form, traces of a single root are as good: all rows are the same operation.
    if not operation:
        roots = {(trace["rootService"], trace["rootOperation"]) for trace in traces}
        service, operation = roots.pop() if len(roots) == 1 else ("", "")
    window = found["window"]
    whole = dcc.Link(
        ["All of ", html.Strong([parts.name(service, 32), " ", parts.name(operation, 48)]), " as one tree"],
        className="button",
        href=links.aggregate(service, operation, (window["start"], window["end"])),
    )
    return html.Div(
        [
            html.Div(
                "Choose two traces to compare them.", id="picked", className="box-actions weak", role="status"
            ),
            whole if service and operation else None,
        ],
        className="table-bar",
    )


def _pick(trace: TraceLine) -> Component:
    """Return a check box that the browser keeps over the pages of a search."""
    name = fmt.short(f"{trace['rootService']} {trace['rootOperation']}", 100)
    return html.Button(
        className="tick-box",
        role="checkbox",
        title="Choose for a comparison",
        **_UNCHECKED,
        **parts.label(f"Compare {name}, {fmt.duration(trace['duration'])}"),
        **parts.data(pick=trace["traceId"]),
    )


def lag_notice(client: Client, newest_us: int, now_us: int) -> Component | None:
    """Return a notice that the store is behind, where the newest trace is so old that it may be."""
    # Fresh enough: no request to the storage page is needed.
    if now_us - newest_us < _LATE_US:
        return None
    try:
        behind_us = round(client.oldest_unstored() * 1_000_000)
    except ApiError:  # the list is worth showing without the notice
        return None
    if behind_us < _LATE_US:
        return None
    return html.P(
        f"The store is {fmt.span(behind_us)} behind: newer traces have arrived and wait to be stored.",
        className="notice",
        role="status",
    )


def _partial(found: TracePage) -> list[Component]:
    if not found["partial"]:
        return []
    return [
        html.P(
            "Not every trace of this time was examined: a structural query stops after the "
            "newest 5000 that may match. Narrow its filters or the time to be sure.",
            className="notice",
            role="status",
        )
    ]


def _table(traces: Sequence[TraceLine], query: TraceQuery, zone: fmt.Zone, now_us: int) -> Component:
    # Bars compare the rows of this page; the next page has a scale of its own.
    longest = max(trace["duration"] for trace in traces)
    colours = palette.services(name for trace in traces for name in trace["services"])
    pick = html.Span("Choose two to compare", className="visually-hidden")
    head = [pick, *(_head(column, text, query) for column, text in _COLUMNS)]
    rows = [_row(trace, longest, colours, zone, now_us) for trace in traces]
    return parts.table(head, rows, "Found traces", numeric=(3, 4, 6))


def _head(column: str, text: str, query: TraceQuery) -> Component:
    by = query.sort == column
    mark = html.Span(" ↑" if query.order == "asc" else " ↓", **parts.HIDDEN) if by else None
    words = f"Sort by {text.lower()}"
    ordered = f", now {'ascending' if query.order == 'asc' else 'descending'}" if by else ""
    return dcc.Link(
        [text, mark, html.Span(ordered, className="visually-hidden")],
        href=links.traces(query.sorted_by(column).search()),
        title=words,
    )


def _row(trace: TraceLine, longest: float, colours: dict[str, str], zone: fmt.Zone, now_us: int) -> Component:
    bar = html.Span(
        className="bar bad" if trace["errors"] else "bar",
        style={"width": f"{100 * trace['duration'] / max(longest, 0.001):.1f}%"},
    )
    return html.Tr(
        [
            html.Td(_pick(trace), className="pick"),
            html.Td([root(trace), matched(trace)]),
            html.Td(services(trace, colours)),
            html.Td(str(trace["spans"]), className="num"),
            html.Td(errors(trace), className="num"),
            html.Td(
                [
                    html.Span(fmt.duration(trace["duration"]), className="figure"),
                    html.Span(bar, className="bar-track"),
                ],
                className="duration",
            ),
            html.Td(fmt.age(trace["start"], now_us), title=fmt.moment(trace["start"], zone), className="num"),
        ]
    )


def root(trace: TraceLine) -> Component:
    """Return the root's names as a link over the whole row."""
    return dcc.Link(
        [
            html.Strong(parts.name(trace["rootService"] or "unknown root", 32)),
            " ",
            parts.name(trace["rootOperation"], 60),
        ],
        href=links.trace(trace["traceId"]),
        className="row-link",
    )


def services(trace: TraceLine, colours: dict[str, str]) -> Component:
    """Return the first four services that took part, and how many more there are."""
    names = trace["services"]
    shown: list[Any] = [
        html.Span([parts.swatch(colours[each]), parts.name(each, 24)], className="service")
        for each in names[:4]
    ]
    if len(names) > 4:
        shown.append(html.Span(f"+{len(names) - 4}", className="weak"))
    return html.Div(shown, className="services")


def errors(trace: TraceLine) -> Component:
    count = trace["errors"]
    return parts.chip(str(count), "bad") if count else html.Span("0", className="weak")


def matched(trace: TraceLine) -> Component | None:
    """Return links to the spans that a query matched in a trace."""
    count, spans = trace.get("matched"), trace.get("matchedSpans") or []
    if not count:
        return None
    shown: list[Any] = [
        dcc.Link(
            [parts.name(span["name"], 40), f" {fmt.duration(span['duration'])}"],
            href=links.trace(trace["traceId"], span["spanId"]),
            className="matched-span",
        )
        for span in spans
    ]
    more = count - len(spans)
    words = "1 span matches:" if count == 1 else f"{count} spans match:"
    return html.Div([words, *shown, f"and {more} more" if more > 0 else None], className="matched")


def _pager(query: TraceQuery, found: TracePage, zone: fmt.Zone) -> Component:
    before = query.previous_page()
    following = query.next_page(found["next"]) if found["next"] else None
    return html.Nav(
        [
            _to("Previous", before),
            html.Span(f"Page {query.page}"),
            _to("Next", following),
            dcc.Link("First page", href=links.traces(query.first_page().search())) if query.after else None,
            html.Span(_between(found["window"], zone), className="weak small"),
        ],
        className="pager",
        **parts.label("Pages of results"),
    )


def _to(text: str, query: TraceQuery | None) -> Component:
    if query is None:
        return html.Span(text, className="button off", **_OFF)
    return dcc.Link(text, href=links.traces(query.search()), className="button")


def _between(window: Window, zone: fmt.Zone) -> str:
    return f"Began from {fmt.period(window['start'], window['end'], zone)}"


def _nothing(query: TraceQuery, found: TracePage, zone: fmt.Zone) -> Component:
    if query == TraceQuery():
        return parts.card(parts.no_traffic())
    return parts.card(
        [
            *_partial(found),
            parts.empty(
                "No trace matches",
                [
                    "Look back further, drop a condition, or widen the durations.",
                    html.Br(),
                    f"{_between(found['window'], zone)}.",
                ],
            ),
        ]
    )


def register(app: Dash) -> None:
    """Connect points to their traces, the box to its actions, and check boxes to the comparison."""
    in_browser(app, "picked", Output("picked", "title"), Input("picked", "id"))

    @app.callback(
        Output("url", "href", allow_duplicate=True), Input("scatter", "clickData"), prevent_initial_call=True
    )
    @guarded(lambda _: no_update)
    def open_trace(click: dict[str, Any] | None) -> Any:
        if not click:
            raise PreventUpdate
        # ``customdata`` is the trace id that ``scatter`` gives each point.
        return links.trace(str(click["points"][0]["customdata"]))

    @app.callback(
        Output("scatter-box", "children"),
        Input("scatter", "selectedData"),
        State("url", "search"),
        State("zone", "data"),
        prevent_initial_call=True,
    )
    @guarded(_no_box)
    def box(selected: dict[str, Any] | None, search: str | None, zone: fmt.Zone | None) -> list[Component]:
        return scatter.box_actions(selected, TraceQuery.of_search(search), zone or 0)


def _no_box(_: Problem) -> list[Component]:
    return []
