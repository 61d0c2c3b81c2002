"""What routing does, or would do, for a service: both arms with confidence intervals, advice, the guard."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import parts
from proxy.contract.api.decisions import Advice, Comparison, Decision, Effect, StageView
from proxy.contract.api.graph import Stats
from proxy.contract.decisions.codec import decode
from proxy.contract.decisions.evidence import StageChange
from proxy.contract.decisions.kinds import StageOrigin

_ARM: Final = ("Calls", "Rate", "Success", "p50", "p90", "p99")
_FIGURES: Final = (("Success", "success"), ("p50", "p50"), ("p99", "p99"))


def effect(stage: StageView | None) -> Component:
    """Both arms side by side, and whether the difference is more than chance."""
    if stage is None:
        return parts.empty("Nothing to compare", "The mesh does not know this service.")
    direct, routed = stage["direct"], stage["routed"]
    if not direct["count"] and not routed["count"]:
        return parts.empty("No calls in the last minute", "The comparison fills as soon as there is traffic.")
    rows = [
        html.Tr([html.Th(what, scope="row"), *(html.Td(text, className="num") for text in (one, other))])
        for what, one, other in zip(_ARM, _arm(direct), _arm(routed), strict=True)
    ]
    measured = stage["effect"]
    return html.Div(
        [
            html.P(verdict(stage), className="verdict"),
            _differences(measured) if measured else None,
            parts.table(("", "Direct", "Routed"), rows, "Both arms", numeric=(1, 2)),
        ],
        className="stack",
    )


def _arm(stats: Stats) -> tuple[str, ...]:
    return (
        fmt.count(stats["count"]),
        fmt.rate(stats["rate"]),
        fmt.percent(stats["success"]),
        fmt.duration(stats["p50"]),
        fmt.duration(stats["p90"]),
        fmt.duration(stats["p99"]),
    )


def verdict(stage: StageView) -> str:
    """The comparison in one sentence or two."""
    found = stage["effect"]
    if found is None:
        return (
            "Only one arm has traffic. Set the stage to route with less than 100 % to keep a control "
            "group and measure the effect."
        )
    sure = [words for what, key in _FIGURES if (words := _sentence(what, _figure(found, key)))]
    if not sure:
        return "No significant difference yet: what was measured may be chance. More calls narrow it."
    longer = any(each is not None and each["better"] is False for each in (found["p50"], found["p99"]))
    if longer and found["success"]["better"]:
        sure.append("Failed calls are counted too, and may have been quick.")
    return " ".join(sure)


def _sentence(what: str, figure: Comparison | None) -> str:
    if figure is None or figure["better"] is None:
        return ""
    if what == "Success":
        size = fmt.points(abs(figure["difference"])).removeprefix("+")
        return f"Routed calls succeed {size} {'more' if figure['better'] else 'less'} often."
    size = fmt.duration(abs(figure["difference"]))
    return f"Their {what} is {size} {'shorter' if figure['better'] else 'longer'}."


def _figure(found: Effect, key: str) -> Comparison | None:
    return {"success": found["success"], "p50": found["p50"], "p99": found["p99"]}[key]


def _differences(found: Effect) -> Component:
    """A row for each figure: the difference, its interval around zero, and whether it is significant."""
    rows = [_difference(what, _figure(found, key)) for what, key in _FIGURES]
    head = html.Div(
        ["Routed minus direct", html.Span(f"{found['confidence'] * 100:g} % intervals")],
        className="list-head",
    )
    return html.Div([head, html.Ul(rows, className="differences")])


def _difference(what: str, figure: Comparison | None) -> Component:
    if figure is None:
        return html.Li([html.Strong(what), html.Span("too few calls to say", className="weak")])
    unit = fmt.points if what == "Success" else signed
    look = {True: "ok", False: "bad", None: "idle"}[figure["better"]]
    told = {True: "better", False: "worse", None: "not significant"}[figure["better"]]
    words = f"{unit(figure['low'])} to {unit(figure['high'])}"
    return html.Li(
        [
            html.Strong(what),
            html.Span(unit(figure["difference"]), className="figure"),
            html.Span(
                interval(figure, look),
                className="interval",
                title=words,
                role="img",
                **parts.label(f"{words}: {told}"),
            ),
            html.Span(words, className="weak small ends"),
            parts.chip(told, look),
        ]
    )


def interval(figure: Comparison, look: str) -> list[Component]:
    """Zero in the middle, a bar from end to end, a mark at the difference."""
    reach = max(abs(figure["low"]), abs(figure["high"]), 1e-12) * 1.15

    def at(value: float) -> float:
        return 50 + 50 * value / reach

    low, high = at(figure["low"]), at(figure["high"])
    return [
        html.Span(className="zero"),
        html.Span(
            className=f"reach {look}", style={"left": f"{low:.1f}%", "width": f"{max(high - low, 0.5):.1f}%"}
        ),
        html.Span(className=f"mark {look}", style={"left": f"{at(figure['difference']):.1f}%"}),
    ]


def signed(ms: float) -> str:
    """A difference of durations: ``+12 ms``, ``−3 ms``."""
    return f"{'−' if ms < 0 else '+'}{fmt.duration(abs(ms))}"


def advice(stage: StageView | None) -> Component:
    """What the mesh would have done, in stage advise."""
    if stage is None or stage["stage"] != "advise":
        return parts.empty(
            "Shown in stage advise",
            "There the mesh lays out the observed requests as it would have routed them.",
            class_name="done-already" if stage and stage["stage"] == "route" else "",
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
                html.Td(say(one), className="num"),
                html.Td(say(other), className="num"),
            ]
        )
        for what, say, one, other in formats
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


def guard(stage: StageView) -> Component:
    """Whether harm is undone by itself."""
    if not stage["guard"]:
        return html.P(
            [
                "Guard off: the stage stays whatever it does. Turn it on with ",
                parts.code("guard: true"),
                " for this service in mesh.yaml.",
            ],
            className="weak",
        )
    if stage["stage"] != "route":
        words = "Guard on: in stage route it turns back to advise when routed calls fare worse."
    elif 0 < stage["percent"] < 100:
        words = (
            "Guard on and watching: the stage goes back to advise when routed calls succeed "
            "significantly less often or take significantly longer."
        )
    else:
        words = "Guard on, but it has nothing to compare with: leave a control group (1 to 99 %)."
    return html.P([parts.chip("guard", "ok"), html.Span(f" {words}")])


def history(stage: StageView | None, zone: int, now_us: int) -> Component:
    """Return the table of who changed the stage, when, and from what to what."""
    if stage is None or not stage["history"]:
        return parts.empty("Never changed", "Every change of the stage is listed here, with who made it.")
    why = any(_why(each["reason"]) for each in stage["history"])
    rows = [_change(each, why, zone, now_us) for each in stage["history"]]
    return parts.table(("When", "Change", "Who", *(("Why",) if why else ())), rows, "Changes of the stage")


def _change(each: Decision, why: bool, zone: int, now_us: int) -> Component:
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
