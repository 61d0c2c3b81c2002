"""Traces as points by begin and duration. Dragging draws a box around some."""

from collections.abc import Sequence
from typing import Final

from dashboard import format as fmt
from dashboard.components import charts, palette
from proxy.contract.api.search import TraceLine

HEIGHT: Final = 220


def durations(traces: Sequence[TraceLine], zone: int) -> charts.Figure:
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
            "y": [max(trace["duration"], 0.001) for trace in group],
            "customdata": [trace["traceId"] for trace in group],
            "text": [_label(trace) for trace in group],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {
                "color": colour,
                "symbol": symbol,
                "opacity": 0.78,
                "line": {"width": 0},
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
        {"ticksuffix": " ms", "tickformat": ".3~s"},
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
