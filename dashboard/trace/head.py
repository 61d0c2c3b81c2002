"""The head of a trace's page: its root and figures, warnings, and links to go on from it."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.api.trace import Trace, is_same
from dashboard.components import links, palette, parts
from dashboard.trace.critical_path import shifts
from dashboard.trace.trace_cache import FROM_FILE
from proxy.contract.api.search import TraceLine

_SERVICES = 24
_CLOCK = 1000  # microseconds from which a difference of clocks is worth a notice


def head(trace: Trace, path: Sequence[tuple[int, int, int]], zone: fmt.Zone) -> list[Component]:
    """Return the head; ``path`` as the waterfall has it."""
    colours = palette.services(trace.services)
    services: list[Any] = [
        html.Span([parts.swatch(colours[each]), parts.name(each, 30)], className="service")
        for each in trace.services[:_SERVICES]
    ]
    if len(trace.services) > _SERVICES:
        services.append(html.Span(f"+{len(trace.services) - _SERVICES} more", className="weak"))
    return [
        html.Div(
            [
                html.Div(
                    [
                        html.P(
                            [
                                dcc.Link("Traces", href=links.traces()),
                                html.Span(" / "),
                                html.Code(fmt.short(trace.id, 80)),
                            ],
                            className="eyebrow",
                        ),
                        html.H1(
                            [
                                parts.name(trace.root.service, 60),
                                html.Span(" "),
                                html.Span(parts.name(trace.root.operation, 120), className="weak"),
                            ]
                        ),
                        html.P(
                            f"{fmt.moment(trace.start, zone)}, {fmt.offset(trace.start, zone)}",
                            className="weak",
                        ),
                    ]
                ),
                html.Div([_facts(trace, path), _actions(trace)], className="trace-facts"),
                html.Div(services, className="services"),
            ],
            className="trace-head",
        ),
        html.Div([*_notices(trace), html.Div(id="trace-linking")], className="notices"),
    ]


def _facts(trace: Trace, path: Sequence[tuple[int, int, int]]) -> Component:
    tiles = [
        parts.tile("Duration", fmt.duration(trace.duration / 1000)),
        parts.tile("Services", str(len(trace.services))),
        parts.tile("Spans", f"{len(trace.spans):,}".replace(",", " ")),
        parts.tile("Errors", fmt.count(trace.errors), "bad" if trace.errors else ""),
        parts.tile("Depth", str(max(trace.depths) + 1)),
        parts.tile("Critical path", _many(len({row for row, _, _ in path}), "span")),
    ]
    return html.Dl(tiles, className="tiles")


def _actions(trace: Trace) -> Component:
    root = trace.root
    inside: list[Any] = [
        dcc.Link("Compare with…", href=links.compare(trace.id), className="button"),
        dcc.Link(
            "All of this operation",
            href=links.aggregate(root.service, root.operation),
            className="button",
            title="Many traces of this operation as one tree",
        ),
    ]
    if not trace.id.startswith(FROM_FILE):
        for form, title in (("otlp", "OTLP"), ("jaeger", "Jaeger")):
            inside.append(
                html.A(
                    f"{title} JSON",
                    href=f"/download/{form}/{quote(trace.id, safe='')}.json",
                    download=f"trace-{trace.id[:32]}-{form}.json",
                    className="button",
                )
            )
    inside.append(dcc.Link("Open a file", href="/upload", className="button"))
    return html.Div(inside, className="shortcuts")


def _notices(trace: Trace) -> list[Component]:
    # The collector warns of clocks that differ; smaller differences show in the times alone.
    told = [sum("clock" in text.lower() for text in span.warnings) > 0 for span in trace.spans]
    moved = [told_of or abs(shift) > _CLOCK for told_of, shift in zip(told, shifts(trace), strict=True)]
    lost = sum(not depth and bool(span.parent) for span, depth in zip(trace.spans, trace.depths, strict=True))
    found = []
    if skewed := sum(moved):
        found.append(
            f"Clocks differ: the times of {_many(skewed, 'span')} do not fit the caller's. "
            "They are shown as sent; the critical path corrects for it, and a marked "
            "span shows the shift that would fit."
        )
    if lost:
        found.append(
            f"Incomplete: the callers of {_many(lost, 'span')} are not stored, because they were "
            "not sampled, were dropped, or have not arrived."
        )
    return [html.P(text, className="notice", role="note") for text in found]


def _many(count: int, what: str) -> str:
    return f"{count} {what}" + ("s" if count != 1 else "")


def linking(trace: Trace, found: Sequence[TraceLine]) -> Component | None:
    """Return other traces with a link to this one."""
    # Spans may link to others of their own trace, which the span's panel shows.
    others = [each for each in found if not is_same(each["traceId"], trace.id)]
    if not others:
        return None
    items = [
        html.Li(
            [
                dcc.Link(
                    [parts.name(each["rootService"], 40), " ", parts.name(each["rootOperation"], 60)],
                    href=links.trace(each["traceId"]),
                ),
                html.Span(" " + fmt.duration(each["duration"]), className="weak"),
            ]
        )
        for each in others
    ]
    return html.Details(
        [html.Summary(f"Linked from {_many(len(others), 'other trace')}"), html.Ul(items, className="plain")],
        className="notice",
        open=len(others) <= 3,
    )
