"""Traces as points by begin and duration, and what can be done with a box drawn around some."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import charts, links, palette
from dashboard.search.search_url import TraceQuery
from proxy.contract.api.search import TraceLine

HEIGHT: Final = 220


def durations(traces: Sequence[TraceLine], zone: fmt.Zone) -> charts.Figure:
    """Return successful traces as discs, failed ones as diamonds; ``customdata`` is the trace id, y
    milliseconds.
    """
    groups = (
        ("fine", [trace for trace in traces if not trace["errors"]], palette.ACCENT, "circle"),
        ("failed", [trace for trace in traces if trace["errors"]], palette.BAD, "diamond"),
    )
    points = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": [fmt.axis(trace["start"], zone) for trace in group],
            # One microsecond at least, so that a trace of no duration is still a point.
            "y": [max(trace["duration"], 0.001) for trace in group],
            "customdata": [trace["traceId"] for trace in group],
            "text": [_label(trace) for trace in group],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {
                "color": colour,
                "symbol": symbol,
                "opacity": 0.78,
                "line": {"width": 0},
                # The root, as the eye compares areas and not diameters.
                "size": [min(20.0, 7 + trace["spans"] ** 0.5) for trace in group],
            },
        }
        for name, group, colour, symbol in groups
        if group
    ]
    return charts.figure(
        points,
        HEIGHT,
        {"type": "date", "nticks": 8, "hoverformat": "%H:%M:%S"},
        {"ticksuffix": " ms", "tickformat": charts.NUMBER},
        hovermode="closest",
        dragmode="select",
        selectdirection="any",
        showlegend=len(points) > 1,
        legend={"orientation": "h", "y": 1.14, "x": 1, "xanchor": "right", "itemclick": False},
    )


def _label(trace: TraceLine) -> str:
    root = fmt.plain(fmt.short(f"{trace['rootService']}: {trace['rootOperation']}", 60))
    return (
        f"<b>{root}</b><br>{fmt.duration(trace['duration'])} · {trace['spans']} spans"
        f" · {trace['errors']} errors<br>click to open"
    )


def box_actions(box: dict[str, Any] | None, query: TraceQuery, zone: fmt.Zone) -> list[Component]:
    """Return the actions on a box drawn in the scatter plot; nothing without one."""
    area = (box or {}).get("range") or {}
    if len(area.get("x", ())) != 2 or len(area.get("y", ())) != 2:
        return []
    start, end = sorted(_us(text, zone) for text in area["x"])
    low, high = sorted(max(0, round(float(ms) * 1000)) for ms in area["y"])
    # A click without a drag is a box without an area.
    if start == end or not high:
        return []
    at = {"start": str(start), "end": str(end)}
    compare = query.first_page(view="different", selection="slow", low=f"{low}us", high=f"{high}us", **at)
    words = (
        f"{fmt.clock(start, zone)} to {fmt.clock(end, zone)}, {fmt.duration(low / 1000)} to "
        f"{fmt.duration(high / 1000)}"
    )
    return [
        html.Span(words),
        dcc.Link("Compare the box with the rest", href=links.traces(compare.search()), className="button"),
        dcc.Link("Only this time", href=links.traces(query.first_page(**at).search()), className="button"),
    ]


def _us(text: str, zone: fmt.Zone) -> int:
    """Return the microseconds of a chart's x value."""
    local = datetime.fromisoformat(text).replace(tzinfo=fmt.time_zone(zone))
    return (local - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
