"""The latency histogram: the number of calls by duration."""

import math
from collections.abc import Sequence
from typing import Final

from dashboard import format as fmt
from dashboard.components import charts, palette
from proxy.contract.api.graph import Bucket

HEIGHT: Final = 124
BARS: Final = 36


def latency(buckets: Sequence[Bucket]) -> charts.Figure:
    """Return bars over a logarithmic axis, neighbours merged so that at most ``BARS`` are drawn."""
    merged = merge(buckets, BARS)
    bars = {
        "type": "bar",
        "x": list(range(len(merged))),
        "y": [bucket["count"] for bucket in merged],
        "text": [f"{fmt.duration(bucket['low'])} to {fmt.duration(bucket['high'])}" for bucket in merged],
        "textposition": "none",
        "marker": {"color": palette.ACCENT, "line": {"width": 0}},
        "hovertemplate": "%{text}<br>%{y} calls<extra></extra>",
    }
    every = max(1, math.ceil(len(merged) / 4))
    at = list(range(0, len(merged), every))
    ticks = {
        "tickvals": [place - 0.5 for place in at],
        "ticktext": [fmt.duration(merged[place]["low"]) for place in at],
    }
    return charts.figure(
        [bars], HEIGHT, ticks, {"tickformat": charts.NUMBER}, bargap=0.06, hovermode="closest"
    )


def merge(buckets: Sequence[Bucket], most: int) -> list[Bucket]:
    """Merge equally many neighbours into each bar, fill gaps between them and keep counts.

    Exponential buckets grow by one factor, so equally many of them are equally wide on the axis.
    """
    ordered = [bucket for bucket in sorted(buckets, key=lambda b: b["low"]) if bucket["high"] > bucket["low"]]
    positive = [bucket for bucket in ordered if bucket["low"] > 0]
    if not positive:
        return list(ordered)
    low, high = positive[0]["low"], positive[-1]["high"]
    # The finest bucket decides: windows may mix histograms of different scales.
    narrow = min(math.log(bucket["high"] / bucket["low"]) for bucket in positive)
    bars = max(1, min(most, round(math.log(high / low) / narrow)))
    factor = (high / low) ** (1 / bars)
    merged = [Bucket(low=low * factor**i, high=low * factor ** (i + 1), count=0) for i in range(bars)]
    for bucket in ordered:
        # The geometric mean, which is the middle on a logarithmic axis. Zeros go into the first bar.
        middle = math.sqrt(bucket["low"] * bucket["high"]) if bucket["low"] > 0 else low
        place = int(math.log(middle / low) / math.log(factor)) if middle > low else 0
        merged[min(place, bars - 1)]["count"] += bucket["count"]
    return merged
