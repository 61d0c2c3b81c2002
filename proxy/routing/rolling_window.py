"""Counts over the last ten seconds: of all events, and of those that were marked. Pure.

Kept by whole seconds, so the window is nine to ten seconds long. Times are seconds and do not
run backwards.
"""

from typing import Final

SECONDS: Final = 10


class RollingWindow:
    """``total`` events in the window and ``marked`` of them; exact after ``expire``."""

    __slots__ = ("_marks", "_second", "_totals", "marked", "total")

    def __init__(self) -> None:
        self._second = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.total = self.marked = 0
        self._totals = [0] * SECONDS
        self._marks = [0] * SECONDS

    def expire(self, now: float) -> None:
        """Forget events that are too old at ``now``."""
        second = int(now)
        gone = second - self._second
        if gone <= 0:
            return
        if gone >= SECONDS:
            self.clear()
        else:
            for each in range(self._second + 1, second + 1):
                slot = each % SECONDS
                self.total -= self._totals[slot]
                self.marked -= self._marks[slot]
                self._totals[slot] = self._marks[slot] = 0
        self._second = second

    def add(self, now: float) -> None:
        """Count one event, not marked."""
        # The window moves once a second at most; nearly every call takes the short way.
        if int(now) != self._second:
            self.expire(now)
        self._totals[self._second % SECONDS] += 1
        self.total += 1

    def mark(self, now: float) -> None:
        """Count one mark; ``add`` counts its event, if it has one."""
        self.expire(now)
        self._marks[self._second % SECONDS] += 1
        self.marked += 1
