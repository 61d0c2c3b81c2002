"""Advice: what routing would have changed, in stage advise."""

from collections.abc import Callable, Sequence

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import parts
from proxy.contract.api.decisions import Advice, StageView
from proxy.contract.model import Stage


def advice(stage: StageView | None) -> Component:
    """Return figures and shares as they were and had calls been routed; a hint in other stages."""
    if stage is None or stage["stage"] != Stage.ADVISE:
        return parts.empty(
            "Shown in stage advise",
            "There the mesh lays out the observed requests as it would have routed them.",
            class_name="done-already" if stage and stage["stage"] == Stage.ROUTE else "",
        )
    found = stage["advice"]
    if found is None:
        return parts.empty("Too few requests to say", "It takes twenty in the last minute.")
    observed, expected = found["observed"], found["expected"]
    formats: Sequence[tuple[str, Callable[[float | None], str], float | None, float | None]] = (
        ("Success", fmt.percent, observed["success"], expected["success"]),
        ("p50", fmt.duration, observed["p50"], expected["p50"]),
        ("p90", fmt.duration, observed["p90"], expected["p90"]),
        ("p99", fmt.duration, observed["p99"], expected["p99"]),
    )
    rows = [
        html.Tr(
            [
                html.Th(what, scope="row"),
                html.Td(render(one), className="num"),
                html.Td(render(other), className="num"),
            ]
        )
        for what, render, one, other in formats
    ]
    return html.Div(
        [
            parts.table(("", "As it was", "Had it been routed"), rows, "Advice", numeric=(1, 2)),
            _moves(found),
            html.P(f"{found['basis'][:1].upper()}{found['basis'][1:]}.", className="weak small"),
        ],
        className="stack",
    )


def _moves(found: Advice) -> Component:
    head = html.Div(["Share of the requests", html.Span("as it was → routed")], className="list-head")
    rows = [
        html.Li(
            [
                html.Span(parts.name(each["address"], 48), className="mono"),
                html.Span(
                    [
                        html.Span(className="bar before", style={"width": f"{100 * each['observed']:.1f}%"}),
                        html.Span(className="bar", style={"width": f"{100 * each['expected']:.1f}%"}),
                    ],
                    className="bars",
                    **parts.HIDDEN,
                ),
                html.Span(
                    f"{fmt.percent(each['observed'])} → {fmt.percent(each['expected'])}", className="num"
                ),
            ]
        )
        for each in found["endpoints"]
    ]
    return html.Div([head, html.Ul(rows, className="moves")])
