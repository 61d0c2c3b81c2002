"""Settings that all Plotly charts share: margins, axes with units, no furniture.

Colours of text and lines come from the stylesheet.
"""

from collections.abc import Sequence
from typing import Any, Final

from dashboard import format as fmt

Figure = dict[str, Any]

# Passed to every dcc.Graph: no toolbar, no zoom by wheel, resize with the page.
CONFIG: Final[Any] = {"displayModeBar": False, "responsive": True, "scrollZoom": False, "showTips": False}
# A time axis in hours and minutes, in seconds where ticks are less than a minute apart.
CLOCK: Final[Figure] = {
    "type": "date",
    "tickformat": "%H:%M",
    "hoverformat": "%H:%M:%S",
    "tickformatstops": [{"dtickrange": [None, 59_999], "value": "%H:%M:%S"}],
}
# Numbers on an axis with a unit, by d3-format. Its prefixes would read like other units: "600m rps" is 0.6.
NUMBER: Final = ",.3~r"
# A point's time in microseconds since the epoch to an x value, and the axis.
TimeAxis = tuple[list[str], Figure]
_FONT: Final = {"family": "inherit", "size": 11}


def time_axis(times: Sequence[int], zone: fmt.Zone) -> TimeAxis:
    """Return x values of times in microseconds, in order, and their axis.

    An axis knows no zones, and local time may repeat an hour: all points are at the offset of the last, and
    where the first one's is another the axis says which.
    """
    if not times:
        return [], CLOCK
    first, last = fmt.offset(times[0], zone), fmt.offset(times[-1], zone)
    minutes = fmt.offset_minutes(times[-1], zone)
    values = [fmt.axis(each, minutes) for each in times]
    if first == last:
        return values, CLOCK
    return values, {**CLOCK, "tickformat": f"%H:%M {last}", "hoverformat": f"%H:%M:%S {last}"}


def figure(
    traces: Sequence[Figure], height: int, x: Figure | None = None, y: Figure | None = None, **layout: Any
) -> Figure:
    """Return a chart of ``height`` pixels; ``x`` and ``y`` add to the axes, ``layout`` to the layout."""
    # fixedrange: charts refresh with each beat, which would undo a zoom at once.
    axis = {"showline": False, "zeroline": False, "automargin": True, "fixedrange": True}
    return {
        "data": list(traces),
        "layout": {
            "height": height,
            "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": _FONT,
            "hovermode": "x unified",
            "showlegend": False,
            "xaxis": {**axis, "showgrid": False, "nticks": 5, "ticklabelstandoff": 4, **(x or {})},
            "yaxis": {**axis, "rangemode": "tozero", "nticks": 4, "ticklabelstandoff": 4, **(y or {})},
            **layout,
        },
    }
