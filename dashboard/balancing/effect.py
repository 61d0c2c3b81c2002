"""The measured effect of routing: both arms of a service beside each other, with confidence intervals."""

from collections.abc import Callable, Mapping
from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import parts
from proxy.contract.api.decisions import AnswerComparison, Comparison, Effect, SizeComparison, StageView
from proxy.contract.api.graph import Stats
from proxy.contract.decisions.kinds import Figure
from proxy.contract.traffic import Answer

_ARM: Final = ("Calls", "Rate", "Success", "p50", "p90", "p99")
# Quantiles between these are in the table of arms, without an interval.
_FIGURES: Final = (
    ("Success", Figure.SUCCESS),
    ("p50", Figure.P50),
    ("p99", Figure.P99),
)
# Shares of answers, as a column's heading and as the end of a sentence on routed calls.
_ANSWERS: Final[Mapping[str, tuple[str, str]]] = {
    Answer.REDIRECT: ("Redirects (3xx)", "are redirected (3xx)"),
    Answer.REFUSED: ("Refusals (4xx)", "are refused (4xx)"),
    Answer.SHED: ("Too much load (429)", "are turned away for too much load (429)"),
}


def effect(stage: StageView | None) -> Component:
    """Return both arms side by side, and whether their difference is more than chance."""
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
    """Return the comparison in one sentence or two."""
    found = stage["effect"]
    if found is None:
        return (
            "Only one arm has traffic. Set the stage to route with less than 100 % to keep a control "
            "group and measure the effect."
        )
    differing = [words for each in _known_answers(found) if (words := _answer_sentence(each))]
    if found["sizes"] is not None and found["sizes"]["significant"]:
        differing.append(_size_sentence(found["sizes"]))
    sure = differing + [words for what, key in _FIGURES if (words := _sentence(what, _figure(found, key)))]
    if differing:
        sure.append("Latencies of different answers are not compared: faster is no improvement.")
    if not sure:
        return "No significant difference yet: it may be chance. More calls narrow the intervals."
    # A failure is often quick, so an arm with fewer failures may look slower without being so.
    longer = any(each is not None and each["better"] is False for each in (found["p50"], found["p99"]))
    if longer and found["success"]["better"]:
        sure.append("Failed calls are counted too, and may have been quick.")
    return " ".join(sure)


def _sentence(what: str, figure: Comparison | None) -> str:
    if figure is None or figure["better"] is None:
        return ""
    if what == "Success":
        return f"Routed calls succeed {_points(figure)} {'more' if figure['better'] else 'less'} often."
    size = fmt.duration(abs(figure["difference"]))
    return f"Their {what} is {size} {'shorter' if figure['better'] else 'longer'}."


def _answer_sentence(figure: AnswerComparison) -> str:
    if figure["better"] is None:
        return ""
    words = _ANSWERS[figure["answer"]][1]
    return f"Routed calls {words} {_points(figure)} {'less' if figure['better'] else 'more'} often."


def _size_sentence(figure: SizeComparison) -> str:
    than = "more than" if figure["larger"] else "at most"
    bodies = f"have a body of {than} {figure['routed_bytes']:,} bytes"
    if not figure["larger"] and not figure["routed_bytes"]:
        bodies = "have an empty body"
    return f"Routed responses {bodies} {_points(figure)} more often."


def _points(figure: Comparison) -> str:
    """Return the size of a difference of shares, without its sign."""
    return fmt.points(abs(figure["difference"])).removeprefix("+")


def _known_answers(found: Effect) -> list[AnswerComparison]:
    """Return the classes of answers that have words here: a newer collector may compare more."""
    return [each for each in found["answers"] if each["answer"] in _ANSWERS]


def _figure(found: Effect, name: Figure) -> Comparison | None:
    figures = {
        Figure.SUCCESS: found["success"],
        Figure.P50: found["p50"],
        Figure.P99: found["p99"],
    }
    return figures[name]


def _differences(found: Effect) -> Component:
    """Draw a row for each figure: the difference, its interval around zero, and whether it is significant."""
    rows = [
        _difference(what, _figure(found, key), fmt.points if key is Figure.SUCCESS else signed)
        for what, key in _FIGURES
    ]
    rows += [_difference(_ANSWERS[each["answer"]][0], each, fmt.points) for each in _known_answers(found)]
    if found["sizes"] is not None:
        what = "Larger bodies" if found["sizes"]["larger"] else "Smaller bodies"
        rows.append(_difference(what, found["sizes"], fmt.points))
    head = html.Div(
        ["Routed minus direct", html.Span(f"{found['confidence'] * 100:g} % intervals")],
        className="list-head",
    )
    return html.Div([head, html.Ul(rows, className="differences")])


def _difference(what: str, figure: Comparison | None, unit: Callable[[float], str]) -> Component:
    if figure is None:
        return html.Li([html.Strong(what), html.Span("too few calls", className="weak")])
    look = {True: "ok", False: "bad", None: "idle"}[figure["better"]]
    # Significant and neither better nor worse: the arms were answered differently.
    neither = "other answers" if figure["significant"] else "not significant"
    verdict_word = {True: "better", False: "worse", None: neither}[figure["better"]]
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
                **parts.label(f"{words}: {verdict_word}"),
            ),
            html.Span(words, className="weak small ends"),
            parts.chip(verdict_word, look),
        ]
    )


def interval(figure: Comparison, look: str) -> list[Component]:
    """Draw zero in the middle, a bar from end to end of the interval, and a mark at the difference."""
    # 15 % of room at both ends; the tiny number avoids a division by zero for an interval of zero length.
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
    """Return a difference of durations with its sign: ``+12 ms``, ``−3 ms``."""
    return f"{'−' if ms < 0 else '+'}{fmt.duration(abs(ms))}"
