"""``/traces/<id>``: one trace as a waterfall; the span the URL selects is shown in full beside it."""

from typing import Any, Final

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.client import Client
from dashboard.figures import palette, waterfall
from dashboard.pages import links, parts
from dashboard.pages.guard import guarded
from dashboard.query import TraceQuery
from dashboard.trace import Span, Trace

PAGE: Final = 300  # rows drawn at once
_DEEP: Final = 14  # deeper levels are indented no further


def layout(trace_id: str) -> Component:
    return html.Div([
        dcc.Store(id="trace-id", data=trace_id),
        html.Div(parts.card(parts.loading("Fetching the trace…")), id="trace-view"),
    ], className="page")


def view(trace: Trace, selected: str, first: int, zone: int) -> list[Component]:
    """Header, waterfall and, when a span is selected, its details."""
    span = trace.span(selected)
    sheet = html.Div([_waterfall(trace, selected, first),
                      _details(trace, span, first, zone) if span else None],
                     className="trace-body with-details" if span else "trace-body")
    return [_head(trace, zone), sheet]


def _head(trace: Trace, zone: int) -> Component:
    colours = palette.services(trace.services)
    facts = html.Dl([
        parts.tile("Duration", fmt.duration(trace.duration / 1000)),
        parts.tile("Services", str(len(trace.services))),
        parts.tile("Spans", fmt.count(len(trace.spans))),
        parts.tile("Errors", fmt.count(trace.errors), "bad" if trace.errors else ""),
        parts.tile("Depth", str(max(trace.depths) + 1)),
    ], className="tiles")
    services = [html.Span([parts.swatch(colours[each]), parts.name(each, 30)], className="service")
                for each in trace.services[:24]]
    return html.Div([
        html.Div([
            html.P([dcc.Link("Traces", href=links.traces(TraceQuery())), html.Span(" / "),
                    html.Code(trace.id)], className="eyebrow"),
            html.H1([parts.name(trace.root.service), html.Span(" "),
                     html.Span(parts.name(trace.root.operation), className="weak")]),
            html.P(fmt.moment(trace.start, zone), className="weak"),
        ]),
        facts,
        html.Div(services, className="services"),
    ], className="trace-head")


def _waterfall(trace: Trace, selected: str, first: int) -> Component:
    ruler = html.Div([
        html.Div("Service and operation", className="span-label"),
        html.Div([html.Span(text, style={"left": f"{at:.2f}%"}) for at, text in waterfall.ticks(trace)],
                 className="span-lane ruler"),
    ], className="span-row span-ruler", **parts.HIDDEN)
    rows = [_row(trace, row, selected, first) for row in waterfall.rows(trace, first, PAGE)]
    return parts.card([html.Div([ruler, *rows], className="waterfall"), _pager(trace, first)],
                      class_name="flush")


def _row(trace: Trace, row: waterfall.Row, selected: str, first: int) -> Component:
    span = row.span
    chosen = span.id == selected
    look = "span-row" + (" failed" if span.failed else "") + (" chosen" if chosen else "")
    bar = html.Span(className="span-bar", style={
        "left": f"{row.left:.3f}%", "width": f"{row.width:.3f}%", "backgroundColor": row.colour})
    end = row.left + row.width
    at = {"after": {"left": f"{end:.3f}%"}, "before": {"right": f"{100 - row.left:.3f}%"},
          "inside": {"right": f"{100 - end:.3f}%"}}[row.text_at]
    label = html.Div([
        html.Span(className="span-service", style={"backgroundColor": row.colour}),
        html.Strong(parts.name(span.service, 40)),
        parts.name(span.operation, 80),
        html.Span("!", className="failure", title="failed", role="img", **parts.label("failed"))
        if span.failed else None,
    ], className="span-label", style={"paddingLeft": f"{12 + 14 * min(row.depth, _DEEP)}px"})
    lane = html.Div([bar, html.Span(row.text, className=f"span-time {row.text_at}", style=at)],
                    className="span-lane")
    # A second click on the chosen span closes its details.
    return dcc.Link([label, lane], href=links.trace(trace.id, "" if chosen else span.id, first),
                    className=look)


def _pager(trace: Trace, first: int) -> Component | None:
    if len(trace.spans) <= PAGE:
        return None
    last = min(first + PAGE, len(trace.spans))
    return html.Div([
        dcc.Link("Earlier spans", href=links.trace(trace.id, first=max(0, first - PAGE)), className="button")
        if first else None,
        html.Span(f"Spans {first + 1} to {last} of {len(trace.spans)}", className="weak"),
        dcc.Link("Later spans", href=links.trace(trace.id, first=last), className="button")
        if last < len(trace.spans) else None,
    ], className="pager")


def _details(trace: Trace, span: Span, first: int, zone: int) -> Component:
    own = html.Dl([
        parts.tile("Duration", fmt.duration(span.duration / 1000)),
        parts.tile("Began after", fmt.duration((span.start - trace.start) / 1000)),
        parts.tile("Kind", span.kind or fmt.NONE),
    ], className="tiles")
    return html.Aside([
        html.Header([
            html.Div([html.P(parts.name(span.service), className="eyebrow"),
                      html.H2(parts.name(span.operation))]),
            dcc.Link("×", href=links.trace(trace.id, first=first), className="icon-button",
                     title="Close details"),
        ], className="panel-head"),
        html.Div([parts.chip("error", "bad") if span.failed else None,
                  *(parts.chip(fmt.short(text, 120), "warn") for text in span.warnings)], className="chips"),
        own,
        _section("Tags", parts.pairs(span.tags), len(span.tags), is_open=True),
        _section("Events", _events(trace, span, zone), len(span.events), is_open=True),
        _section("Process", parts.pairs(span.process), len(span.process), is_open=False),
        _section("References", _references(trace, span), len(span.references), is_open=False),
        html.P(["Span ", html.Code(span.id)], className="weak"),
    ], className="card panel", id="span-details", **parts.label("Span"))


def _section(title: str, content: Component, many: int, is_open: bool) -> Component:
    inside = content if many else html.P("none", className="weak")
    return html.Details([html.Summary([title, html.Span(str(many), className="weak")]), inside],
                        open=is_open and many > 0)


def _events(trace: Trace, span: Span, zone: int) -> Component:
    return html.Div([
        html.Div([html.P([html.Strong(fmt.duration((event.time - trace.start) / 1000)), " ",
                          html.Span(fmt.clock(event.time, zone), className="weak")]),
                  parts.pairs(event.fields)], className="event")
        for event in span.events[:200]
    ])


def _references(trace: Trace, span: Span) -> Component:
    return html.Ul([
        html.Li([kind.replace("_", " ").lower() + " ",
                 dcc.Link(span_id, href=links.trace(to or trace.id, span_id))])
        for kind, to, span_id in span.references[:200]
    ], className="plain")


def register(app: Dash, client: Client) -> None:
    """The view follows the URL: path for the trace, query for span and page."""

    @app.callback(Output("trace-view", "children"), Input("url", "search"), Input("zone", "data"),
                  Input("trace-id", "data"))
    @guarded(lambda what: parts.card(parts.problem(what)))
    def show(search: str | None, zone: int | None, trace_id: str) -> Any:
        trace = client.trace(trace_id)
        if trace is None:
            return parts.card(parts.empty(
                "The store has no trace of this id",
                [dcc.Link("Search the recent ones", href=links.traces(TraceQuery())),
                 "; older ones leave the store after its retention, a new one needs a second to arrive."]))
        span, first = links.in_trace(search)
        return view(trace, span, min(first, len(trace.spans) - 1), zone or 0)
