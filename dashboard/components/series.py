"""Rate, errors and latency over time, one point per step."""

from collections.abc import Sequence
from typing import Final

from dashboard import format as fmt
from dashboard.components import charts, palette
from proxy.contract.api.graph import Point

HEIGHT: Final = 132  # pixels
LOW: Final = 92
_DOT: Final = 5


def since_first_call(points: Sequence[Point]) -> Sequence[Point]:
    """Return a series without the empty time before the first call, when nothing was measured yet."""
    first = next((at for at, point in enumerate(points) if point["count"]), len(points))
    # One empty point stays, so that the line rises from the start of the traffic.
    return points[max(first - 1, 0) :]


def traffic(points: Sequence[Point], zone: fmt.Zone) -> charts.Figure:
    """Return requests per second as bars, failed ones at the foot."""
    times, clock = charts.time_axis([point["time"] for point in points], zone)
    # ``rate`` is of all calls; the failed ones have the same share of it as of the count.
    failed = [point["rate"] * point["errors"] / max(point["count"], 1) for point in points]
    fine = [max(point["rate"] - bad, 0.0) for point, bad in zip(points, failed, strict=True)]
    bars = [
        {
            "type": "bar",
            "x": times,
            "y": values,
            "name": name,
            "marker": {"color": colour, "line": {"width": 0}},
            "hovertemplate": f"%{{y:{charts.NUMBER}}} rps",
        }
        for name, values, colour in (("failed", failed, palette.BAD), ("fine", fine, palette.ACCENT))
    ]
    return charts.figure(
        bars, HEIGHT, clock, {"ticksuffix": " rps", "tickformat": charts.NUMBER}, barmode="stack", bargap=0.15
    )


def success(points: Sequence[Point], zone: fmt.Zone, height: int = LOW) -> charts.Figure:
    """Return the share of failed requests over time, in percent; gaps where there was no traffic."""
    times, clock = charts.time_axis([point["time"] for point in points], zone)
    failed = [None if point["success"] is None else (1 - point["success"]) * 100 for point in points]
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "marker": {"size": _alone(failed), "line": {"width": 0}},
        "cliponaxis": False,
        "name": "failed",
        "connectgaps": False,
        "x": times,
        "y": failed,
        "line": {"color": palette.BAD, "width": 2},
        "fill": "tozeroy",
        "fillcolor": "rgba(217,72,43,0.14)",
        "hovertemplate": "%{y:.2f} %",
    }
    most = max((value for value in failed if value is not None), default=0.0)
    # At least one percent: a few failures among many calls must not fill the chart.
    axis = {"ticksuffix": " %", "range": [0, max(most * 1.1, 1.0)]}
    return charts.figure([line], height, clock, axis)


def _alone(values: Sequence[float | None]) -> list[int]:
    """Return the size of each marker in pixels: a line needs two neighbours, so a lone value is a dot."""
    around = [None, *values, None]
    return [_DOT if around[at] is None and around[at + 2] is None else 0 for at in range(len(values))]


def latency(points: Sequence[Point], zone: fmt.Zone) -> charts.Figure:
    """Return p50, p90 and p99 over time; gaps where there was no traffic."""
    times, clock = charts.time_axis([point["time"] for point in points], zone)
    lines = (
        ("p99", [point["p99"] for point in points], palette.WARN, "dot"),
        ("p90", [point["p90"] for point in points], "#8c6bc8", "dash"),
        ("p50", [point["p50"] for point in points], palette.ACCENT, "solid"),
    )
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "marker": {"size": _alone(values), "line": {"width": 0}},
            "cliponaxis": False,
            "x": times,
            "y": values,
            "name": name,
            "connectgaps": False,
            "line": {"color": colour, "width": 2, "dash": dash},
            "text": [fmt.duration(value) for value in values],
            "hovertemplate": "%{text}",
        }
        for name, values, colour, dash in lines
    ]
    return charts.figure(
        traces,
        HEIGHT,
        clock,
        {"ticksuffix": " ms", "tickformat": charts.NUMBER},
        showlegend=True,
        # In a margin of its own: within the plot it lies on the lines.
        margin={"l": 8, "r": 12, "t": 24, "b": 8},
        legend={
            "orientation": "h",
            "yref": "container",
            "y": 1,
            "yanchor": "top",
            "x": 1,
            "xanchor": "right",
            "traceorder": "reversed",
        },
    )
