"""Found traces as points: when they began and how long they took."""

from collections.abc import Sequence
from typing import Final

from dashboard import format as fmt
from dashboard.figures import charts, palette
from dashboard.trace import Trace

HEIGHT: Final = 220


def durations(traces: Sequence[Trace], zone: int) -> charts.Figure:
    """Fine traces as discs, failed ones as larger diamonds; ``customdata`` is the trace id."""
    groups = (
        ("fine", [trace for trace in traces if not trace.errors], palette.ACCENT, "circle"),
        ("failed", [trace for trace in traces if trace.errors], palette.BAD, "diamond"),
    )
    points = [
        {
            "type": "scatter", "mode": "markers", "name": name,
            "x": [fmt.axis(trace.start, zone) for trace in group],
            "y": [max(trace.duration, 1) / 1000 for trace in group],
            "customdata": [trace.id for trace in group],
            "text": [_label(trace) for trace in group],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {
                "color": colour, "symbol": symbol, "opacity": 0.78, "line": {"width": 0},
                "size": [min(20.0, 7 + len(trace.spans) ** 0.5) for trace in group],
            },
        }
        for name, group, colour, symbol in groups if group
    ]  # fmt: skip
    return charts.figure(
        points, HEIGHT, {"type": "date", "nticks": 8, "hoverformat": "%H:%M:%S"},
        {"ticksuffix": " ms", "tickformat": ".3~s"},
        hovermode="closest", showlegend=len(points) > 1,
        legend={"orientation": "h", "y": 1.14, "x": 1, "xanchor": "right"},
    )


def _label(trace: Trace) -> str:
    root = fmt.plain(fmt.short(f"{trace.root.service}: {trace.root.operation}", 60))
    return (f"<b>{root}</b><br>{fmt.duration(trace.duration / 1000)} · {len(trace.spans)} spans"
            f" · {trace.errors} errors<br>click to open")
