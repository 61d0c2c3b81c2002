"""The details of a span: times, the mesh's part in it, tags, events, links both ways, process."""

from collections.abc import Mapping
from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.api.trace import Span, Trace
from dashboard.components import links, parts
from dashboard.trace import logs
from dashboard.trace.critical_path import critical_path, is_message, shifts
from dashboard.trace.trace_tree import children, hop, self_times, tries
from proxy.contract.traffic import Arm

_MANY: Final = 200  # events, links


def details(trace: Trace, span_id: str, zone: fmt.Zone) -> Component:
    """Return the details; a panel that says so when the trace does not have the span."""
    index = next((at for at, span in enumerate(trace.spans) if span.id == span_id), None)
    if index is None:
        return parts.card(parts.empty("This trace has no such span", html.Code(fmt.short(span_id, 40))))
    span = trace.spans[index]
    marks = [
        parts.chip("error", "bad") if span.failed else None,
        parts.chip(span.kind) if span.kind else None,
        parts.chip("not waited for", "") if is_message(span) else None,
    ]
    return html.Aside(
        [
            html.Header(
                [
                    html.Div(
                        [
                            html.P(parts.name(span.service), className="eyebrow"),
                            html.H2(parts.name(span.operation, 300)),
                        ]
                    ),
                    html.Button(
                        "×", className="icon-button", title="Close details (Esc)", **parts.data(does="close")
                    ),
                ],
                className="panel-head",
            ),
            html.Div(marks, className="chips"),
            _times(trace, index),
            *(html.P(text, className="notice") for text in span.warnings[:_MANY]),
            _mesh(trace, index),
            _section("Tags", parts.pairs(span.tags), len(span.tags), is_open=True),
            _section("Events", _events(trace, span, zone), len(span.events), is_open=True),
            logs.panel(trace, span),
            _section("Links", _references(trace, span), len(span.references), is_open=False),
            _linked_from(trace, span),
            _section("Process", parts.pairs(span.process), len(span.process), is_open=False),
            html.Div(
                [
                    dcc.Link(
                        "All of this operation",
                        href=links.aggregate(span.service, span.operation),
                        className="button",
                    ),
                    dcc.Link("Balancing", href=links.balancing(span.service), className="button"),
                ],
                className="shortcuts",
            ),
            html.P(["Span ", html.Code(fmt.short(span.id, 40))], className="weak"),
        ],
        className="card panel",
        id="span-details",
        **parts.label("Span"),
    )


def _times(trace: Trace, index: int) -> Component:
    span = trace.spans[index]
    own = self_times(trace, children(trace))[index]
    held = sum(each.end - each.start for each in critical_path(trace) if each.index == index)
    share = f"{100 * held / max(trace.duration, 1):.0f} %" if held else "no"
    shift = shifts(trace)[index]
    tiles = [
        parts.tile("Duration", fmt.duration(span.duration / 1000)),
        parts.tile("Self", fmt.duration(own / 1000)),
        parts.tile("Began after", fmt.duration((span.start - trace.start) / 1000)),
        parts.tile("Critical path", share),
    ]
    if shift:
        sign = "+" if shift > 0 else "−"
        tiles.append(parts.tile("Clock off by", sign + fmt.duration(abs(shift) / 1000)))
    return html.Dl(tiles, className="tiles")


def _mesh(trace: Trace, index: int) -> Component | None:
    """Return where the call went, who chose that, and its other tries."""
    went = hop(trace.spans[index])
    if went is None:
        return None
    facts: list[tuple[str, Any]] = []
    if went.service:
        facts.append(("Called", dcc.Link(parts.name(went.service, 60), href=links.balancing(went.service))))
    if went.endpoint:
        facts.append(("Endpoint", html.Code(fmt.short(went.endpoint, 120))))
    if went.arm:
        chose: Mapping[str, str] = {
            Arm.ROUTED: "the mesh",
            Arm.DIRECT: "the application (or its proxy setting)",
        }
        facts.append(("Chosen by", chose.get(went.arm, fmt.short(went.arm, 40))))
    # Tries are spans of their own, siblings of this one.
    run = tries(trace, index)
    if went.resent or len(run) > 1:
        facts.append(("Try", f"{went.resent + 1}" + (f" of {len(run)}" if len(run) > went.resent else "")))
        facts.append(("Tries", html.Span([_try(trace, at, at == index) for at in run])))
    rows = [html.Div([html.Dt(key), html.Dd(value)]) for key, value in facts]
    return html.Details([html.Summary("Mesh"), html.Dl(rows, className="pairs")], open=True)


def _try(trace: Trace, at: int, is_this: bool) -> Component:
    span = trace.spans[at]
    went = hop(span)
    to = fmt.short(went.endpoint, 60) if went else ""
    text = f"{to} {'failed' if span.failed else 'succeeded'} after {fmt.duration(span.duration / 1000)}"
    return html.Div(html.Strong(text) if is_this else dcc.Link(text, href=links.trace(trace.id, span.id)))


def _section(title: str, content: Component, many: int, is_open: bool) -> Component:
    inside = content if many else html.P("none", className="weak")
    return html.Details(
        [html.Summary([title, html.Span(str(many), className="weak")]), inside], open=is_open and many > 0
    )


def _events(trace: Trace, span: Span, zone: fmt.Zone) -> Component:
    shown: list[Any] = [
        html.Div(
            [
                html.P(
                    [
                        html.Strong(fmt.after((event.time - trace.start) / 1000)),
                        " ",
                        html.Span(fmt.clock(event.time, zone), className="weak"),
                    ]
                ),
                parts.pairs(event.fields),
            ],
            className="event",
        )
        for event in span.events[:_MANY]
    ]
    if len(span.events) > _MANY:
        shown.append(html.P(f"and {len(span.events) - _MANY} more", className="weak"))
    return html.Div(shown)


def _references(trace: Trace, span: Span) -> Component:
    return html.Ul(
        [
            html.Li(
                [
                    kind.replace("_", " ").lower() + " ",
                    dcc.Link(fmt.short(span_id, 40), href=links.trace(_in(trace, to), span_id)),
                    html.Span(" in another trace", className="weak") if _in(trace, to) != trace.id else None,
                ]
            )
            for kind, to, span_id in span.references[:_MANY]
        ],
        className="plain",
    )


def _in(trace: Trace, other: str) -> str:
    """Return the page of the trace that a reference names; one from a file has an id of its own there."""
    return trace.id if not other or trace.id.endswith(other) else other


def _linked_from(trace: Trace, span: Span) -> Component | None:
    found = [
        each
        # References lead one way only: the other direction is a search through the trace.
        for each in trace.spans
        if each.parent != span.id
        and any(to == span.id and _in(trace, of) == trace.id for _, of, to in each.references)
    ]
    items = [
        html.Li(
            dcc.Link(
                [parts.name(each.service, 40), " ", parts.name(each.operation, 60)],
                href=links.trace(trace.id, each.id),
            )
        )
        for each in found[:_MANY]
    ]
    return _section("Linked from", html.Ul(items, className="plain"), len(found), True) if found else None
