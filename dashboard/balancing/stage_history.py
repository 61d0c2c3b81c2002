"""The table of changes of a service's stage: who changed it, when, and from what to what."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import parts
from proxy.contract.api.decisions import Decision, StageView
from proxy.contract.decisions.codec import decode
from proxy.contract.decisions.evidence import StageChange
from proxy.contract.decisions.kinds import StageOrigin


def history(stage: StageView | None, zone: fmt.Zone, now_us: int) -> Component:
    """Return the table of who changed the stage, when, and from what to what."""
    if stage is None or not stage["history"]:
        return parts.empty("Never changed", "Every change of the stage is listed here, with who made it.")
    why = any(_why(each["reason"]) for each in stage["history"])
    rows = [_change(each, why, zone, now_us) for each in stage["history"]]
    return parts.table(("When", "Change", "Who", *(("Why",) if why else ())), rows, "Changes of the stage")


def _change(each: Decision, why: bool, zone: fmt.Zone, now_us: int) -> Component:
    when = [
        html.Time(fmt.moment(each["time"], zone)[:-4]),
        html.Div(fmt.age(each["time"], now_us), className="weak small"),
    ]
    made = decode(each["kind"], each["evidence"] or {})
    steps: list[Any] = []
    who: list[Any] = []
    if isinstance(made, StageChange):
        before, after = (parts.stage_chip(one.stage, one.percent) for one in (made.before, made.after))
        steps = [before, html.Span(" → ", **parts.label("to")), after]
        who = [
            parts.name(made.by or "name not given", 60),
            html.Div(f"over {origin(made.origin)}", className="weak small"),
        ]
    cells = [html.Td(when), html.Td(steps, className="steps"), html.Td(who)]
    return html.Tr([*cells, html.Td(html.Bdi(fmt.short(_why(each["reason"]), 300))) if why else None])


def origin(name: StageOrigin) -> str:
    """Return what set a stage, in words."""
    words = {
        StageOrigin.API: "the API",
        StageOrigin.GUARD: "the guard",
        StageOrigin.DEFAULT: "mesh.yaml, which no longer names it",
    }
    return words.get(name, name.value)


def _why(reason: str) -> str:
    """Return the part of the reason that the other columns do not show."""
    return reason.partition(": ")[2]
