"""The live parts of the balancing page, drawn from what the API said."""

from collections.abc import Sequence
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.figures import compare, palette
from dashboard.model import Decision, Endpoint, StageView, Stats
from dashboard.pages import parts

_STATE_LOOKS: Final = {"healthy": "ok", "ejected": "bad", "probation": "warn", "draining": "warn",
                       "unready": "warn", "gone": "idle"}
_HEAD: Final = ("Endpoint", "State", "Weight", "Rate", "Success", "p50", "p99", "Open")
_ARM: Final = ("Calls", "Rate", "Success", "p50", "p90", "p99")


def endpoints(found: Sequence[Endpoint], now_us: int) -> Component:
    """One row for each place the service can be reached."""
    if not found:
        return parts.empty("No endpoint is registered",
                           ["Start one with ", parts.code("spanmesh run --service NAME --port PORT -- CMD …"),
                            ", or name it in mesh.yaml under endpoints."])
    heaviest = max(each["weight"] for each in found) or 1.0
    rows = [row for each in sorted(found, key=lambda each: each["address"])
            for row in (_endpoint(each, heaviest), _why(each, now_us)) if row]
    return parts.table(_HEAD, rows, "Endpoints", numeric=(3, 4, 5, 6, 7))


def _endpoint(each: Endpoint, heaviest: float) -> Component:
    about = " · ".join(part for part in (each["instance"], each["version"], each["zone"]) if part)
    share = 100 * each["weight"] / heaviest
    weight = [html.Span(f"{each['weight']:.2f}", className="figure"),
              html.Span(html.Span(className="bar", style={"width": f"{share:.0f}%"}), className="bar-track")]
    return html.Tr([
        html.Td([html.Div(parts.name(each["address"], 48), className="mono"),
                 html.Div(parts.name(about, 60), className="weak small")], className="endpoint"),
        html.Td(parts.chip(each["state"], _STATE_LOOKS.get(each["state"], "idle"))),
        html.Td(html.Div(weight, className="weight")),
        html.Td(fmt.rate(each["rate"]), className="num"),
        html.Td(fmt.percent(each["success"]), className=f"num {palette.health(each['success'])}"),
        html.Td(fmt.duration(each["p50"]), className="num"),
        html.Td(fmt.duration(each["p99"]), className="num"),
        html.Td(str(each["open"]), className="num", title=f"oldest {fmt.duration(each['oldest'])}"),
    ], className="has-why" if _reason(each) else "")


def _reason(each: Endpoint) -> bool:
    return bool(each["reason"] or each["ejected_since"])


def _why(each: Endpoint, now_us: int) -> Component | None:
    """A line of its own under an endpoint the mesh has something to say about."""
    if not _reason(each):
        return None
    words: list[Any] = [html.Bdi(fmt.short(each["reason"], 300))] if each["reason"] else []
    if each["ejected_since"]:
        until = each["ejected_until"]
        back = f", back in {fmt.span(until - now_us)}" if until and until > now_us else ""
        words.append(html.Span(f" Ejected {fmt.age(each['ejected_since'], now_us)}{back}.", className="weak"))
    return html.Tr(html.Td(words, colSpan=len(_HEAD)), className="why")


def effect(stage: StageView | None) -> Component:
    """Both arms side by side, and whether the difference is more than chance."""
    if stage is None:
        return parts.empty("Nothing to compare", "The mesh does not know this service.")
    direct, routed = stage["direct"], stage["routed"]
    if not direct["count"] and not routed["count"]:
        return parts.empty("No calls in the last minute", "The comparison fills as soon as there is traffic.")
    rows = [html.Tr([html.Th(what, scope="row"), *(html.Td(text, className="num") for text in (one, other))])
            for what, one, other in zip(_ARM, _arm(direct), _arm(routed), strict=True)]
    return html.Div([parts.table(("", "Direct", "Routed"), rows, "Both arms", numeric=(1, 2)),
                     html.P(verdict(direct, routed), className="verdict")])


def _arm(stats: Stats) -> tuple[str, ...]:
    return (fmt.count(stats["count"]), fmt.rate(stats["rate"]), fmt.percent(stats["success"]),
            fmt.duration(stats["p50"]), fmt.duration(stats["p90"]), fmt.duration(stats["p99"]))


def verdict(direct: Stats, routed: Stats) -> str:
    """The comparison in one sentence."""
    difference = compare.success(direct, routed)
    if difference is None:
        return ("Only one arm has traffic. Set the stage to route with less than 100 % to keep a control "
                "group and measure the effect.")
    interval = f"95 % interval {fmt.points(difference.low)} to {fmt.points(difference.high)}"
    if not difference.certain:
        return f"No certain difference in success yet ({interval}). More calls narrow it."
    better = "more" if difference.value > 0 else "less"
    size = fmt.points(abs(difference.value)).removeprefix("+")
    return f"Routed calls succeed {size} {better} often ({interval})."


def decisions(found: Sequence[Decision], zone: int, now_us: int) -> Component:
    """What the mesh decided, newest first, with the evidence in words."""
    if not found:
        return parts.empty("Nothing decided yet",
                           "Ejections, returns and stage changes of this service appear here.")
    return html.Ol([_decision(each, zone, now_us) for each in found], className="timeline")


def _decision(each: Decision, zone: int, now_us: int) -> Component:
    facts = fmt.evidence(each["evidence"] or {})
    return html.Li([
        html.Div([
            parts.chip(each["kind"], f"kind-{each['kind']}" if each["kind"].isalpha() else ""),
            parts.name(each["endpoint"], 48) if each["endpoint"] else None,
            html.Time(fmt.age(each["time"], now_us), title=fmt.moment(each["time"], zone), className="weak"),
        ], className="timeline-head"),
        html.P(html.Bdi(fmt.short(each["reason"], 400))),
        html.Dl([html.Div([html.Dt(key), html.Dd(html.Bdi(fmt.short(value, 80)))])
                 for key, value in facts[:12]],
                className="evidence") if facts else None,
    ])
