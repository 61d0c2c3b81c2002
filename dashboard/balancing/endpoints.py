"""The endpoints of a service: figures of each now, and when each was out or on probation."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.balancing.states import Piece
from dashboard.components import palette, parts
from proxy.contract.api.graph import Endpoint
from proxy.contract.model import EndpointState

_LOOKS: Final[Mapping[str, str]] = {
    EndpointState.HEALTHY: "ok",
    EndpointState.EJECTED: "bad",
    EndpointState.PROBATION: "warn",
    EndpointState.DRAINING: "warn",
    EndpointState.UNREADY: "warn",
    EndpointState.GONE: "idle",
}
_HEAD: Final = ("Endpoint", "State", "Weight", "Rate", "Success", "p50", "p99", "Open")


def table(found: Sequence[Endpoint], now_us: int) -> Component:
    """Return the table with a row for each endpoint, and one more where the mesh has something to say."""
    if not found:
        return parts.empty(
            "No endpoint is registered",
            [
                "Start one with ",
                parts.code("spanmesh run --service NAME --port PORT -- CMD …"),
                ", or name it in mesh.yaml under endpoints.",
            ],
        )
    # Weights are relative: the bars compare them with the largest, and all may be zero.
    heaviest = max(each["weight"] for each in found) or 1.0
    rows = [
        row
        for each in sorted(found, key=lambda each: each["address"])
        for row in (_endpoint(each, heaviest), _why(each, now_us))
        if row
    ]
    return parts.table(_HEAD, rows, "Endpoints", numeric=(3, 4, 5, 6, 7))


def _endpoint(each: Endpoint, heaviest: float) -> Component:
    about = " · ".join(part for part in (each["instance"], each["version"], each["zone"]) if part)
    share = 100 * each["weight"] / heaviest
    weight = [
        html.Span(f"{each['weight']:.2f}", className="figure"),
        html.Span(html.Span(className="bar", style={"width": f"{share:.0f}%"}), className="bar-track"),
    ]
    return html.Tr(
        [
            html.Td(
                [
                    html.Div(parts.name(each["address"], 48), className="mono"),
                    html.Div(parts.name(about, 60), className="weak small"),
                ],
                className="endpoint",
            ),
            html.Td(parts.chip(each["state"], _LOOKS.get(each["state"], "idle"))),
            html.Td(html.Div(weight, className="weight")),
            html.Td(fmt.rate(each["rate"]), className="num"),
            html.Td(fmt.percent(each["success"]), className=f"num {palette.health(each['success'])}"),
            html.Td(fmt.duration(each["p50"]), className="num"),
            html.Td(fmt.duration(each["p99"]), className="num"),
            html.Td(str(each["open"]), className="num", title=f"oldest {fmt.duration(each['oldest'])}"),
        ],
        className="has-why" if _reason(each) else "",
    )


def _reason(each: Endpoint) -> bool:
    return bool(each["reason"] or each["ejected_since"])


def _why(each: Endpoint, now_us: int) -> Component | None:
    """Return the line under an endpoint that says why it is out or on probation; None for others."""
    if not _reason(each):
        return None
    words: list[Any] = [html.Bdi(fmt.short(each["reason"], 300))] if each["reason"] else []
    if each["ejected_since"]:
        until = each["ejected_until"]
        # Overdue: the engine returns it with its next step, and a negative time would only confuse.
        back = f", back in {fmt.span(until - now_us)}" if until and until > now_us else ""
        words.append(html.Span(f" Ejected {fmt.age(each['ejected_since'], now_us)}{back}.", className="weak"))
    return html.Tr(html.Td(words, colSpan=len(_HEAD)), className="why")


def over_time(
    lanes: Sequence[tuple[str, Sequence[Piece]]], start: int, end: int, zone: fmt.Zone
) -> Component:
    """Draw a strip for each endpoint between two times in microseconds: when it was out or on probation."""
    if not any(pieces for _, pieces in lanes):
        return parts.empty(f"Nothing was ejected in the last {fmt.span(end - start)}")
    rows = [
        html.Li(
            [
                html.Span(parts.name(address, 48), className="mono lane-name"),
                html.Span([_piece(each, start, end, zone) for each in pieces], className="lane"),
            ]
        )
        for address, pieces in lanes
    ]
    at = [start + (end - start) * part // 4 for part in range(5)]
    ruler = html.Li(
        [
            html.Span(className="lane-name"),
            html.Span(
                [
                    html.Span(fmt.clock(us, zone)[:5], style={"left": f"{25 * part}%"})
                    for part, us in enumerate(at)
                ],
                className="lane-ruler",
            ),
        ],
        **parts.HIDDEN,
    )
    key = html.P(
        [
            parts.chip("ejected", "bad"),
            parts.chip("probation", "warn"),
            html.Span(f"full weight elsewhere; last {fmt.span(end - start)}", className="weak small"),
        ],
        className="chips",
    )
    return html.Div([html.Ul([*rows, ruler], className="lanes"), key])


def _piece(each: Piece, start: int, end: int, zone: fmt.Zone) -> Component:
    left = 100 * (each.start - start) / (end - start)
    width = 100 * (each.end - each.start) / (end - start)
    words = (
        f"{each.state} {fmt.clock(each.start, zone)} to {fmt.clock(each.end, zone)}"
        f" ({fmt.span(each.end - each.start)}). {fmt.short(each.reason, 200)}"
    )
    return html.Span(
        className=f"piece {_LOOKS.get(each.state, 'idle')}",
        title=words,
        role="img",
        style={"left": f"{left:.2f}%", "width": f"{width:.2f}%"},
        **parts.label(words),
    )
