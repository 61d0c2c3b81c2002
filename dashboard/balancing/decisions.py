"""The timeline of decisions about a service, newest first, each with its evidence in words and bars."""

from collections.abc import Mapping, Sequence
from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.balancing import evidence
from dashboard.components import parts
from proxy.contract.api.decisions import Decision
from proxy.contract.decisions.kinds import DecisionKind

# What happened, rather than what the mesh was about to do.
_LABELS: Final[Mapping[str, str]] = {
    DecisionKind.EJECT: "ejected",
    DecisionKind.RETURN: "back",
    DecisionKind.PROBATION: "on probation",
    DecisionKind.HOLD: "not ejected",
    DecisionKind.REGISTER: "registered",
    DecisionKind.LEAVE: "left",
}


def decisions(found: Sequence[Decision], zone: fmt.Zone, now_us: int) -> Component:
    """Return the timeline; ``now_us`` microseconds since the epoch."""
    if not found:
        return parts.empty(
            "Nothing decided yet", "Ejections, returns and stage changes of this service appear here."
        )
    return html.Ol(
        [_decision(each, zone, now_us) for each in found],
        className="timeline",
        tabIndex=0,
        **parts.label("Decisions"),
    )


def _decision(each: Decision, zone: fmt.Zone, now_us: int) -> Component:
    explained = evidence.explain(each)
    words = fmt.short(" ".join(explained.sentences), 400)
    return html.Li(
        [
            html.Div(
                [
                    _chip(each["kind"]),
                    parts.name(each["endpoint"], 48) if each["endpoint"] else None,
                    html.Time(
                        fmt.age(each["time"], now_us), title=fmt.moment(each["time"], zone), className="weak"
                    ),
                ],
                className="timeline-head",
            ),
            html.P(html.Bdi(fmt.short(each["reason"], 400))),
            html.P(html.Bdi(words), className="weak small") if words else None,
            _bars(explained) if explained.bars else None,
            html.Dl(
                [
                    html.Div([html.Dt(key), html.Dd(html.Bdi(fmt.short(value, 80)))])
                    for key, value in explained.pairs[:12]
                ],
                className="evidence",
            )
            if explained.pairs
            else None,
        ]
    )


def _chip(kind: str) -> Component:
    # Only letters may become the name of a style: a kind of a newer release is any text.
    return parts.chip(_LABELS.get(kind, kind), f"kind-{kind}" if kind.isalpha() else "")


def _bars(explained: evidence.Explanation) -> Component:
    """Draw a line for each figure, with its value in words beside the bar."""
    rows = [
        html.Div(
            [
                html.Dt(html.Bdi(fmt.short(bar.what, 40))),
                html.Dd([html.Span(_bar(bar), className="bar-track", **parts.HIDDEN), html.Span(bar.value)]),
            ]
        )
        for bar in explained.bars
    ]
    return html.Div([html.P(explained.title, className="weak small"), html.Dl(rows)], className="bars-chart")


def _bar(bar: evidence.Bar) -> Component:
    return html.Span(className=f"bar {bar.look}", style={"width": f"{100 * bar.share:.1f}%"})
