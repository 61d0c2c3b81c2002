"""A trace as rows of a timeline: what to draw where, as shares of the whole width."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard import format as fmt
from dashboard.figures import palette
from dashboard.trace import Span, Trace


@dataclass(frozen=True, slots=True)
class Row:
    """``left`` and ``width`` are percent of the timeline."""

    span: Span
    depth: int
    left: float
    width: float
    colour: str
    text: str

    @property
    def text_at(self) -> str:
        """Where there is room for the duration: ``after`` the bar, ``before`` it or ``inside``."""
        if self.left + self.width <= 84:
            return "after"
        return "before" if self.left >= 14 else "inside"


def rows(trace: Trace, first: int, many: int) -> list[Row]:
    """``many`` rows from row ``first`` on, in call order."""
    colours = palette.services(trace.services)
    whole = max(trace.duration, 1)
    shown = zip(trace.spans[first:first + many], trace.depths[first:first + many], strict=True)
    return [
        Row(
            span=span,
            depth=depth,
            left=100 * (span.start - trace.start) / whole,
            width=max(100 * span.duration / whole, 0.15),
            colour=colours[span.service],
            text=fmt.duration(span.duration / 1000),
        )
        for span, depth in shown
    ]


def ticks(trace: Trace, many: int = 5) -> Sequence[tuple[float, str]]:
    """(percent, label) of evenly spaced times of the timeline, both ends included."""
    return [
        (100 * i / (many - 1), fmt.duration(trace.duration * i / (many - 1) / 1000) if i else "0")
        for i in range(many)
    ]
