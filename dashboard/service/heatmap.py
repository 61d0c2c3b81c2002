"""Latency over time as a heatmap: the number of calls of each moment by duration."""

import math
from collections.abc import Sequence
from typing import Final

from dashboard import format as fmt
from dashboard.components import charts
from proxy.contract.api.graph import Heatmap, Point

HEIGHT: Final = 236  # pixels
ROWS: Final = 40
# One hue, from the canvas to full: readable with any colour vision, on light and on dark.
_SCALE: Final = [[0.0, "rgba(63,115,224,0.06)"], [0.5, "rgba(63,115,224,0.55)"], [1.0, "rgba(38,82,190,1)"]]


def latency(points: Sequence[Point], heatmap: Heatmap, zone: fmt.Zone) -> charts.Figure:
    """Return a heatmap: time to the right, latency upwards on a logarithmic axis, calls as strength of
    colour.

    Strength goes with the logarithm: the few slow calls are what one looks for.
    """
    buckets, counts = thin(heatmap, ROWS)
    times, clock = charts.time_axis([point["time"] for point in points], zone)
    rows = range(len(buckets))
    words = [f"{fmt.duration(low)} to {fmt.duration(high)}" for low, high in buckets]
    columns = [[column[row] for column in counts] for row in rows]
    cells = {
        "type": "heatmap",
        "x": times,
        "y": list(rows),
        # None leaves a cell without colour: no calls are something else than few.
        "z": [[math.log1p(count) if count else None for count in row] for row in columns],
        "text": [[f"{words[row]}<br>{count} calls" for count in columns[row]] for row in rows],
        "hovertemplate": f"%{{x|{clock['hoverformat']}}}<br>%{{text}}<extra></extra>",
        "colorscale": _SCALE,
        "showscale": False,
        "zmin": 0,
        "hoverongaps": False,
    }
    every = max(1, math.ceil(len(buckets) / 6))
    ticks = {
        # At the lower edge of a row, as the text is the lower bound of its bucket.
        "tickvals": [row - 0.5 for row in rows[::every]],
        "ticktext": [fmt.duration(buckets[row][0]) for row in rows[::every]],
        "rangemode": "normal",
        "showgrid": False,
    }
    return charts.figure([cells], HEIGHT, clock, ticks, hovermode="closest")


def thin(heatmap: Heatmap, most: int) -> tuple[list[tuple[float, float]], list[list[int]]]:
    """Return (low, high) of each bucket and the counts by time; neighbours are merged to at most ``most``."""
    buckets = heatmap["buckets"]
    each = max(1, math.ceil(len(buckets) / most))
    parts = [range(at, min(at + each, len(buckets))) for at in range(0, len(buckets), each)]
    return (
        [(buckets[part[0]]["low"], buckets[part[-1]]["high"]) for part in parts],
        [[sum(column[at] for at in part) for part in parts] for column in heatmap["counts"]],
    )
