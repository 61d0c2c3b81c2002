"""The stage a service is in, in words, and whether the guard watches over it."""

from collections.abc import Mapping

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import parts
from proxy.contract.api.decisions import StageView
from proxy.contract.decisions.kinds import StageOrigin
from proxy.contract.model import Stage


def now(stage: StageView | None, now_us: int) -> Component:
    """Return the stage, who set it and since when; ``now_us`` is microseconds since the epoch."""
    if stage is None:
        return parts.empty(
            "The mesh does not know this service",
            "Start its sidecar, or choose another service from the list.",
        )
    words: Mapping[str, str] = {
        StageOrigin.DEFAULT: "by default",
        StageOrigin.FILE: "set in mesh.yaml",
        StageOrigin.API: "set here or over the API",
        StageOrigin.GUARD: "turned back by the guard",
    }
    set_by = words.get(stage["origin"], stage["origin"])
    since = f", {fmt.age(stage['updated'], now_us)}" if stage["updated"] else ""
    return html.Div(
        [
            html.P(
                [
                    parts.stage_chip(stage["stage"], stage["percent"]),
                    html.Span(f" now, {set_by}{since}. "),
                    html.Span(parts.STAGE_WORDS.get(stage["stage"], ""), className="weak"),
                ]
            ),
            guard(stage),
        ],
        className="stage-now",
    )


def guard(stage: StageView) -> Component:
    """Return a sentence on whether the stage is turned back when routed calls fare worse."""
    if not stage["guard"]:
        return html.P(
            [
                "Guard off: the stage stays even if routed calls fare worse. Turn it on with ",
                parts.code("guard: true"),
                " for this service in mesh.yaml.",
            ],
            className="weak",
        )
    if stage["stage"] != Stage.ROUTE:
        words = "Guard on: once in stage route, it goes back to advise when routed calls fare worse."
    # At 0 or 100 % one of the two groups is empty, and the guard compares them.
    elif 0 < stage["percent"] < 100:
        words = (
            "Guard on and watching: the stage goes back to advise when routed calls succeed "
            "significantly less often or take significantly longer."
        )
    else:
        words = "Guard on, but it has nothing to compare with: leave a control group (1 to 99 %)."
    return html.P([parts.chip("guard", "ok"), html.Span(f" {words}")])
