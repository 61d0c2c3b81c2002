"""``/aggregate?service=&operation=``: many traces of one operation as one tree, with latency per step."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.components import links, palette, parts
from dashboard.components.error_boundary import guarded
from dashboard.components.static_html import as_static
from proxy.contract.api.analysis import AggregatedTraces, Quantiles, Step

_LOOKBACKS: Final[Mapping[str, int]] = {"5m": 300, "15m": 900, "1h": 3_600, "6h": 21_600, "24h": 86_400}
_TRACES: Final = 500  # looked at
_ROWS: Final = 400
_DEEPEST: Final = 14


def layout(search: str | None) -> Component:
    service, operation, _ = links.parse_aggregate(search)
    form = html.Div(
        [
            _field("Service", "aggregate-service", service),
            _field("Operation", "aggregate-operation", operation),
            html.Button("Show", id="aggregate-go", className="button primary"),
        ],
        className="trace-ids",
        role="search",
        **parts.label("Operation to look at"),
    )
    return html.Div(
        [
            html.Div(
                [
                    html.H1("Many traces of one operation"),
                    html.P("Its calls, how often it makes them, and where its time goes.", className="weak"),
                ],
                className="page-head",
            ),
            parts.card([form, html.Div(id="aggregate-windows", className="shortcuts windows")]),
            dcc.Loading(
                html.Div(parts.loading("Reading traces…"), id="aggregate-view"), delay_show=300, type="dot"
            ),
        ],
        className="page",
    )


def _field(text: str, field_id: str, value: str) -> Component:
    control = dcc.Input(id=field_id, value=value, autoComplete="off")
    return html.Label([html.Span(text), control], className="field")


def windows(service: str, operation: str, window: tuple[int, int], now_us: int) -> list[Component]:
    """Return links to the same operation over other times that end now."""
    return [
        dcc.Link(
            f"Last {text}",
            className="button"
            + (" chosen" if abs(window[1] - window[0] - seconds * 1_000_000) < 1_000_000 else ""),
            href=links.aggregate(service, operation, (now_us - seconds * 1_000_000, now_us)),
        )
        for text, seconds in _LOOKBACKS.items()
    ]


def flat(nodes: Iterable[Step]) -> list[tuple[Step, int]]:
    """Return branches with their depth, parents before children."""
    found = []
    stack = [(node, 0) for node in reversed(list(nodes))]
    while stack:
        node, depth = stack.pop()
        found.append((node, depth))
        stack.extend((child, depth + 1) for child in reversed(node["children"]))
    return found


def view(found: AggregatedTraces, zone: fmt.Zone) -> Component:
    rows = flat(found["nodes"])
    # The width of the bars is the p99 of the operation itself, the top of the tree.
    whole = max((node["duration"]["p99"] for node in found["nodes"]), default=0.0) or 1.0
    spent = sum(node["self"]["mean"] * node["count"] for node, _ in rows) or 1.0
    shown = rows[:_ROWS]
    window = found["window"]
    words = (
        f"{fmt.count(found['traces'])} of {fmt.count(found['matching'])} traces, "
        f"{fmt.period(window['start'], window['end'], zone)}"
    )
    if found["cut"] or len(rows) > len(shown):
        words += f"; the first {len(shown)} steps"
    colours = palette.services({node["service"] for node, _ in shown})
    head = [
        "Step",
        "Traces",
        "Per trace",
        "Failed",
        "Begins after",
        "p50",
        "p99",
        "p50 to p99",
        "Self · share",
    ]
    steps = [
        _row(node, depth, colours[node["service"]], found["traces"], whole, spent) for node, depth in shown
    ]
    table = parts.table(head, steps, "Steps of the operation", numeric=range(1, 7))
    return parts.card(
        html.Div(table, className="steps"), "Steps", html.Span(words, className="weak"), "flush"
    )


def _row(node: Step, depth: int, colour: str, traces: int, whole: float, spent: float) -> Component:
    def cell(value: Any) -> Component:
        return html.Td(value, className="num")

    own = node["self"]["mean"] * node["count"] / spent
    name = dcc.Link(
        [
            parts.swatch(colour),
            html.Strong(parts.name(node["service"], 40)),
            parts.name(node["operation"], 80),
            html.Span(node["kind"], className="weak small") if node["kind"] else None,
        ],
        className="step",
        href=links.aggregate(node["service"], node["operation"]),
        style={"paddingLeft": f"{14 * min(depth, _DEEPEST)}px"},
    )
    return html.Tr(
        [
            html.Td(name),
            cell(fmt.percent(node["traces"] / max(traces, 1))),
            cell(f"{node['per_trace']:.2f}×"),
            cell(
                html.Span(fmt.percent(node["error_rate"]), className="bad")
                if node["errors"]
                else html.Span(fmt.NONE, className="weak")
            ),
            cell(fmt.after(node["offset"])),
            cell(fmt.duration(node["duration"]["p50"])),
            cell(fmt.duration(node["duration"]["p99"])),
            html.Td(_spread(node["offset"], node["duration"], whole)),
            html.Td(
                [
                    f"{fmt.duration(node['self']['p50'])} · {100 * own:.0f} %",
                    html.Span(
                        html.Span(className="bar", style={"width": f"{100 * own:.1f}%"}),
                        className="bar-track",
                    ),
                ]
            ),
        ]
    )


def _spread(offset: float, duration: Quantiles, whole: float) -> Component:
    """Return a bar from the typical start, full to the median, pale to the 99th percentile."""
    # Clocks differ: a step may seem to begin before the operation, or after its end.
    left = min(max(100 * offset / whole, 0.0), 99.0)
    half, most = (min(100 * each / whole, 100 - left) for each in (duration["p50"], duration["p99"]))
    return html.Span(
        [
            html.Span(className="tail", style={"left": f"{left:.2f}%", "width": f"{max(most, 0.4):.2f}%"}),
            html.Span(style={"left": f"{left:.2f}%", "width": f"{max(half, 0.4):.2f}%"}),
        ],
        className="spread",
        **parts.HIDDEN,
    )


def register(app: Dash, client: Client) -> None:
    """Connect form and links to the URL, and the view to it."""

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input("aggregate-go", "n_clicks"),
        Input("aggregate-service", "n_submit"),
        Input("aggregate-operation", "n_submit"),
        State("aggregate-service", "value"),
        State("aggregate-operation", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def submit(
        _: Any, __: Any, ___: Any, service: str | None, operation: str | None, search: str | None
    ) -> str:
        window = links.parse_aggregate(search)[2]
        return links.aggregate((service or "").strip(), (operation or "").strip(), window).removeprefix(
            "/aggregate"
        )

    @app.callback(
        Output("aggregate-service", "value"), Output("aggregate-operation", "value"), Input("url", "search")
    )
    def filled(search: str | None) -> tuple[str, str]:
        return links.parse_aggregate(search)[:2]

    @app.callback(
        Output("aggregate-view", "children"),
        Output("aggregate-windows", "children"),
        Input("url", "search"),
        Input("zone", "data"),
    )
    @guarded(lambda what: (parts.card(parts.problem(what)), []))
    def show(search: str | None, zone: fmt.Zone | None) -> tuple[Any, Any]:
        service, operation, window = links.parse_aggregate(search)
        now_us = int(time.time() * 1_000_000)
        if not service or not operation:
            return parts.card(
                parts.empty(
                    "Name a service and an operation", "or open a trace and choose “All of this operation”."
                )
            ), []
        times = windows(service, operation, window if window[1] else (now_us - 3_600_000_000, now_us), now_us)
        found = client.aggregate(service, operation, window, _TRACES)
        if not found["nodes"]:
            nothing = parts.empty("No trace of this operation in this time", "Look back further.")
            return parts.card(nothing), times
        return as_static(view(found, zone or 0)), times
