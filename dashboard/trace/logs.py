"""The logs of a trace: counts by span, those of a span in its panel, all of them as a list."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.api.trace import Span, Trace
from dashboard.components import links, parts
from dashboard.components.clientside import in_browser
from dashboard.components.error_boundary import Problem, guarded
from dashboard.components.static_html import as_static
from dashboard.trace.trace_cache import FROM_FILE, TraceCache
from proxy.contract.api.search import LogCounts, LogRecord

PAGE: Final = 200  # records of the list
_OF_SPAN: Final = 100  # in the panel of a span
_AROUND: Final = 3_600_000_000  # microseconds before and after a trace in which its records are looked for
_LONG: Final = 160  # characters of a record's first line in the list
_LOOKS: Final = {"warn": "warn", "error": "bad", "fatal": "bad"}
_LEVELS: Final = (("", "All"), ("info", "Info"), ("warn", "Warn"), ("error", "Error"))


def panel(trace: Trace, span: Span) -> Component | None:
    """Return the section of a span's panel for its records; a trace from a file has none."""
    if trace.id.startswith(FROM_FILE):
        return None
    return html.Div(
        [
            # A store of its own, so that the records are asked for when the panel is drawn, and the panel
            # does not wait.
            dcc.Store(id="span-logs-of", data=span.id),
            html.Details(
                [html.Summary("Logs"), html.P("Fetching the logs…", className="weak", role="status")],
                open=True,
                id="span-logs",
            ),
        ]
    )


def register(app: Dash, client: Client, cache: TraceCache) -> None:
    """Connect the lists; counts come after the trace, so that they keep nobody waiting."""
    in_browser(app, "markLogs", Output("trace-logged", "data"), Input("trace-logs", "data"))

    @app.callback(Output("trace-logs", "data"), Input("trace-data", "data"), State("trace-id", "data"))
    @guarded(_uncounted)
    def counts(drawn: Any, trace_id: str) -> dict[str, Any]:
        # Triggered by the drawn trace, hence after it: the store may take a while to count.
        trace = cache.get(trace_id) if drawn and not trace_id.startswith(FROM_FILE) else None
        if trace is None:
            raise PreventUpdate
        return marks(trace, client.log_counts(trace.id, _window(trace)))

    @app.callback(
        Output("span-logs", "children"),
        Input("span-logs-of", "data"),
        Input("zone", "data"),
        State("trace-id", "data"),
    )
    @guarded(lambda what: [html.Summary("Logs"), parts.problem(what)])
    def of_span(span_id: str, zone: fmt.Zone | None, trace_id: str) -> list[Component]:
        trace = cache.get(trace_id)
        if trace is None:
            raise PreventUpdate
        found = client.logs({**_of(trace), "span": span_id, "limit": str(_OF_SPAN)})
        return section(trace, span_id, found["logs"], bool(found["next"]), zone or 0)

    @app.callback(
        Output("trace-log-list", "children"),
        Input("trace-place", "data"),
        Input("zone", "data"),
        State("trace-id", "data"),
    )
    @guarded(parts.problem)
    def listed(place: dict[str, str] | None, zone: fmt.Zone | None, trace_id: str) -> Any:
        # Asked for when the tab is open; other tabs change the place as well.
        if not place or place["tab"] != "logs" or (trace := cache.get(trace_id)) is None:
            raise PreventUpdate
        if trace_id.startswith(FROM_FILE):
            return parts.empty(
                "Traces from a file have no logs",
                "Logs are stored with the traces that the collector receives.",
            )
        found = client.logs(
            {
                **_of(trace),
                "severity": place["level"],
                "text": place["find"],
                "cursor": place["after"],
                "limit": str(PAGE),
            }
        )
        return as_static(view(trace, place, found["logs"], found["next"], zone or 0))


def marks(trace: Trace, counted: LogCounts) -> dict[str, Any]:
    """Return the waterfall's marks: ``rows`` to (records, errors among them), and the ``total`` of the
    trace.
    """
    row = {span.id: at for at, span in enumerate(trace.spans)}
    rows = {
        row[each["spanId"]]: [each["count"], each["errors"]]
        for each in counted["spans"]
        # A record may name a span that has not arrived, or is in no sample.
        if each["spanId"] in row
    }
    return {"total": counted["total"], "rows": rows}


def _uncounted(_: Problem) -> dict[str, Any]:
    return {"total": None, "rows": {}}  # the list itself says what is wrong


def _window(trace: Trace) -> tuple[int, int]:
    return trace.start - _AROUND, trace.start + trace.duration + _AROUND


def _of(trace: Trace) -> dict[str, str]:
    start, end = _window(trace)
    return {"trace": trace.id, "start": str(start), "end": str(end)}


def section(
    trace: Trace, span_id: str, logs: Sequence[LogRecord], more: bool, zone: fmt.Zone
) -> list[Component]:
    """Return the records of a span, for its panel."""
    many = f"{len(logs)}+" if more else str(len(logs))
    head = html.Summary(["Logs", html.Span(many, className="weak")])
    if not logs:
        return [head, html.P("none", className="weak")]
    shown = [
        html.Div(
            [
                html.P(
                    [
                        html.Strong(fmt.after((each["time"] - trace.start) / 1000)),
                        " ",
                        severity(each),
                        " ",
                        html.Span(fmt.clock(each["time"], zone), className="weak"),
                    ]
                ),
                html.Pre(html.Bdi(each["body"] or each["event"]), className="log-body"),
                parts.pairs(list(each["attributes"].items())),
            ],
            className="event",
        )
        for each in logs
    ]
    rest = (
        html.P(
            dcc.Link(
                "There are more: see all logs of the trace",
                href=links.trace(trace.id, span_id, tab="logs"),
            )
        )
        if more
        else None
    )
    return [head, html.Div(shown), *([rest] if rest else [])]


def severity(log: LogRecord) -> Component:
    text = log["severityText"] or log["severity"] or fmt.NONE
    return parts.chip(fmt.short(text, 16), _LOOKS.get(log["severity"], ""))


def view(
    trace: Trace, place: Mapping[str, str], logs: Sequence[LogRecord], following: str | None, zone: fmt.Zone
) -> Component:
    """Return one page of the trace's records, the oldest first."""
    levels = [
        html.Button(
            text,
            className="button" + (" chosen" if level == place["level"] else ""),
            **parts.data(level=level),
            **parts.pressed(level == place["level"]),
        )
        for level, text in _LEVELS
    ]
    words = f"{len(logs)} on this page, the oldest first" if logs else ""
    if place["find"]:
        words += f"; with “{fmt.short(place['find'], 40)}” in them"
    bar = html.Div(
        [
            html.Div(levels, className="shortcuts", role="group", **parts.label("The least severity shown")),
            html.Span(words, className="weak", role="status"),
        ],
        className="table-bar",
    )
    if not logs:
        return html.Div([bar, _nothing(place)])
    spans = {span.id: span for span in trace.spans}
    rows = [_row(trace, each, spans.get(each["spanId"]), zone) for each in logs]
    head = ("After", "Severity", "Span", "Record")
    table = parts.table(head, rows, "Logs of the trace", numeric=(0,))
    return html.Div([bar, html.Div(table, className="logs"), _pager(trace, place, following)])


def _nothing(place: Mapping[str, str]) -> Component:
    if place["level"] or place["find"] or place["after"]:
        return parts.empty("No log of this trace matches", "Show all severities, or clear the search.")
    return parts.empty(
        "This trace has no logs",
        "Send them as OTLP to the collector; a log belongs to a trace by its trace id.",
    )


def _pager(trace: Trace, place: Mapping[str, str], following: str | None) -> Component | None:
    kept = {"tab": "logs", "level": place["level"], "find": place["find"]}
    pages = [("First page", "")] if place["after"] else []
    pages += [("Next", following)] if following else []
    to = [
        dcc.Link(text, href=links.trace(trace.id, **kept, after=after), className="button")
        for text, after in pages
    ]
    return html.Nav(to, className="pager", **parts.label("Pages of logs")) if to else None


def _row(trace: Trace, log: LogRecord, span: Span | None, zone: fmt.Zone) -> Component:
    at = html.Span(fmt.after((log["time"] - trace.start) / 1000), title=fmt.moment(log["time"], zone))
    names: list[Any] = [html.Strong(parts.name(log["service"] or "unknown", 40))]
    if span:
        names += [" ", parts.name(span.operation, 60)]
    where = dcc.Link(names, href=links.trace(trace.id, span.id, tab="logs")) if span else html.Span(names)
    cells = [html.Td(at, className="num"), html.Td(severity(log)), html.Td(where), html.Td(_said(log))]
    return html.Tr(cells, className="failed" if _LOOKS.get(log["severity"]) == "bad" else "")


def _said(log: LogRecord) -> Component:
    """Return the first line of a record, with the rest of it behind a click."""
    body = log["body"] or log["event"]
    first = body.partition("\n")[0]
    pairs = list(log["attributes"].items())
    if log["scope"]:
        pairs.append(("logger", log["scope"]))
    line = html.Bdi(fmt.short(first, _LONG) or "(empty)", className="log-line")
    if not pairs and len(body) <= _LONG and first == body:
        return line
    # Only if the line above does not show all of it already.
    whole = html.Pre(html.Bdi(body), className="log-body") if line.children != body else None
    return html.Details([html.Summary(line), whole, parts.pairs(pairs)])
