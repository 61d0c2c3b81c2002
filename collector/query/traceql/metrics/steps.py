"""The intervals of a series, which all values of one query share. Pure."""

from dataclasses import dataclass

from collector.query.params import Window


@dataclass(frozen=True, slots=True)
class Steps:
    """``count`` intervals of ``step`` microseconds after ``origin``, microseconds since the epoch.

    As in Tempo an interval is open at its begin and has its value at its end.
    """

    origin: int
    step: int
    count: int

    @property
    def window(self) -> Window:
        return Window(self.origin, self.origin + self.count * self.step)

    @property
    def seconds(self) -> float:
        """The length of one interval."""
        return self.step / 1e6

    def time_ms(self, index: int) -> int:
        """Milliseconds since the epoch at the end of an interval."""
        return (self.origin + (index + 1) * self.step) // 1000


def over(window: Window, step: int) -> Steps:
    """Intervals that cover a window. They lie on multiples of ``step``, so that a query that is sent again a
    moment later has its values at the same times."""
    first, last = window.start // step, -(-window.end // step)
    return Steps(first * step, step, max(1, last - first))


def instant(window: Window) -> Steps:
    """Return the one interval that is the whole window."""
    return Steps(window.start, max(1, window.end - window.start), 1)
