"""``/compare?a=&b=``: two traces as one tree of steps, with what each took in both."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.api.trace import Trace, is_same
from dashboard.compare.trace_diff import Step, difference
from dashboard.components import links, palette, parts
from dashboard.components.error_boundary import guarded
from dashboard.components.static_html import as_static
from dashboard.trace.trace_cache import FROM_FILE, TraceCache
from proxy.contract.api.search import TraceLine

_ROWS: Final = 400
_DEEPEST: Final = 14
_OFFERED: Final = "20"
_HOUR: Final = 3_600_000_000  # microseconds
_LOOKS: Final = {
    "added": "added",
    "removed": "removed",
    "broke": "bad",
    "slower": "warn",
    "recovered": "ok",
    "faster": "ok",
    "same": "",
}


def layout(search: str | None) -> Component:
    before, after = links.parse_compare(search)
    form = html.Div(
        [
            _field("Trace A", "compare-a", before),
            _field("Trace B", "compare-b", after),
            html.Button("Compare", id="compare-go", className="button primary"),
        ],
        className="trace-ids",
        role="search",
        **parts.label("Traces to compare"),
    )
    return html.Div(
        [
            html.Div(
                [
                    html.H1("Compare two traces"),
                    html.P("Steps are matched by their path of services and operations.", className="weak"),
                ],
                className="page-head",
            ),
            parts.card(form),
            html.Div(parts.card(parts.loading("Fetching the traces…")), id="compare-view", className="stack"),
        ],
        className="page",
    )


def _field(text: str, field_id: str, value: str) -> Component:
    return html.Label(
        [html.Span(text), dcc.Input(id=field_id, value=value, autoComplete="off", placeholder="trace id")],
        className="field",
    )


def view(before: Trace, after: Trace, zone: fmt.Zone) -> list[Component]:
    steps = difference(before, after)
    counts = Counter(step.change for step in steps)
    # Of many steps those that differ are what the reader came for.
    shown = steps if len(steps) <= _ROWS else [step for step in steps if step.change != "same"][:_ROWS]
    tiles = [parts.tile(change, str(counts[change])) for change in _LOOKS]
    cut = "" if len(shown) == len(steps) else f"{len(shown)} of {len(steps)} steps: those that differ"
    return [
        html.Div([_side("A", before, zone), _side("B", after, zone)], className="versus"),
        parts.card(html.Dl(tiles, className="tiles"), "Steps"),
        parts.card(_table(shown, before, after), "A against B", html.Span(cut, className="weak"), "flush"),
    ]


def _side(which: str, trace: Trace, zone: fmt.Zone) -> Component:
    title = html.P(
        [
            dcc.Link(
                [parts.name(trace.root.service, 40), " ", parts.name(trace.root.operation, 80)],
                href=links.trace(trace.id),
            )
        ]
    )
    return parts.card(
        [
            title,
            html.P(
                f"{fmt.duration(trace.duration / 1000)} · {len(trace.spans)} spans · {trace.errors} errors · "
                f"{fmt.moment(trace.start, zone)}",
                className="weak",
            ),
        ],
        f"Trace {which}",
    )


def _table(steps: Sequence[Step], before: Trace, after: Trace) -> Component:
    if not steps:
        return parts.empty("The traces do not differ")
    colours = palette.services({*before.services, *after.services})
    # 1 where nothing differs: bars are shares of it.
    most = max(abs(step.after.total - step.before.total) for step in steps) or 1
    head = ["Step", "Spans A", "B", "Time A", "B", "Difference", "Self A", "B"]
    rows = [_row(step, colours[step.service], most) for step in steps]
    return html.Div(parts.table(head, rows, "Steps of both traces", numeric=range(1, 8)), className="steps")


def _row(step: Step, colour: str, most: int) -> Component:
    def cell(value: Any) -> Component:
        return html.Td(value, className="num")

    def time(us: int, count: int) -> str:
        return fmt.duration(us / 1000) if count else fmt.NONE

    a, b = step.before, step.after
    moved = b.total - a.total
    bar = html.Span(
        className="bar bad" if moved > 0 else "bar", style={"width": f"{100 * abs(moved) / most:.1f}%"}
    )
    name = html.Div(
        [
            parts.chip(step.change, f"change {_LOOKS[step.change]}"),
            parts.swatch(colour),
            html.Strong(parts.name(step.service, 40)),
            parts.name(step.operation, 80),
        ],
        className="step",
        style={"paddingLeft": f"{14 * min(step.depth, _DEEPEST)}px"},
    )
    return html.Tr(
        [
            html.Td(name),
            cell(_spans(a.count, a.errors)),
            cell(_spans(b.count, b.errors)),
            cell(time(a.total, a.count)),
            cell(time(b.total, b.count)),
            html.Td([_signed(moved), html.Span(bar, className="bar-track")], className="num"),
            cell(time(a.own, a.count)),
            cell(time(b.own, b.count)),
        ],
        className=step.change,
    )


def _spans(count: int, errors: int) -> Any:
    if not count:
        return fmt.NONE
    return [f"{count}, ", html.Span(f"{errors} failed", className="bad")] if errors else str(count)


def _signed(us: int) -> str:
    return ("+" if us > 0 else "−" if us < 0 else "±") + fmt.duration(abs(us) / 1000)


def offers(before: Trace, found: Sequence[TraceLine]) -> Component:
    """Return links that compare with other traces of the same operation."""
    items = [
        html.Li(
            [
                dcc.Link(
                    [parts.name(each["rootService"], 40), " ", parts.name(each["rootOperation"], 60)],
                    href=links.compare(before.id, each["traceId"]),
                ),
                html.Span(
                    f" {fmt.duration(each['duration'])} · {each['errors']} errors · ", className="weak"
                ),
                html.Code(each["traceId"][:16]),
            ]
        )
        for each in found
        if not is_same(each["traceId"], before.id)
    ]
    question = "Which trace should it be compared with?"
    if not items:
        return parts.card(
            parts.empty(
                question, "Enter its id above; there is no other trace of this operation around its time."
            )
        )
    return parts.card(
        [
            html.P("The slowest of the same operation around its time:", className="weak"),
            html.Ul(items, className="plain"),
        ],
        question,
    )


def register(app: Dash, client: Client, cache: TraceCache) -> None:
    """Connect the form to the URL, and the view to it."""

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input("compare-go", "n_clicks"),
        Input("compare-a", "n_submit"),
        Input("compare-b", "n_submit"),
        State("compare-a", "value"),
        State("compare-b", "value"),
        prevent_initial_call=True,
    )
    def submit(_: Any, __: Any, ___: Any, before: str | None, after: str | None) -> str:
        return links.compare((before or "").strip(), (after or "").strip()).removeprefix("/compare")

    @app.callback(Output("compare-a", "value"), Output("compare-b", "value"), Input("url", "search"))
    def filled(search: str | None) -> tuple[str, str]:
        return links.parse_compare(search)

    @app.callback(Output("compare-view", "children"), Input("url", "search"), Input("zone", "data"))
    @guarded(lambda what: parts.card(parts.problem(what)))
    def show(search: str | None, zone: fmt.Zone | None) -> Any:
        ids = links.parse_compare(search)
        if not ids[0] and not ids[1]:
            return parts.card(
                parts.empty(
                    "Enter two trace ids",
                    [
                        "or open a trace from ",
                        dcc.Link("the search", href=links.traces()),
                        " and choose “Compare with…”.",
                    ],
                )
            )
        traces = [cache.get(each) if each else None for each in ids]
        for trace, asked in zip(traces, ids, strict=True):
            if asked and trace is None:
                return parts.card(
                    parts.empty("The store has no trace of this id", html.Code(fmt.short(asked, 80)))
                )
        before, after = traces
        if before and after:
            return as_static(view(before, after, zone or 0))
        one = before or after
        assert one is not None
        # The store may have other traces of this operation, but not around the time of a file.
        if one.id.startswith(FROM_FILE):
            return offers(one, [])
        found = client.exemplars(
            "",
            one.start - _HOUR,
            one.start + _HOUR,
            service=one.root.service,
            operation=one.root.operation,
            order="duration",
            limit=_OFFERED,
        )
        return offers(one, found)
