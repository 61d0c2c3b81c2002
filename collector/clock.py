"""The clock of the mesh: epoch seconds that never go back and never leap while the mesh decides.

The machine's clock can be set at any moment: by a person, by NTP, after the machine slept. Ejections,
evidence and the seconds of the graph must not see that: a step back would stop every decision and pile all
calls up in one second, a step ahead would age all that is known in a moment. So the mesh counts on by the
monotonic clock and comes nearer to the machine's by one part in a hundred, which no time limit notices.
"""

import logging
from collections.abc import Callable
from typing import Final

_log = logging.getLogger(__name__)

# Of each second. With more, reports would look late, as their delays are measured against the last minute's.
_NEARER: Final = 0.01
# Seconds; a difference of less is not worth a word, and gone in minutes.
SAID: Final = 1.0
# Seconds. What is set ahead further started without a clock (a board without a battery) or was paused: coming
# nearer would take weeks, and what the mesh remembers is as old as it looks.
LEAP: Final = 2 * 3600.0


class MeshClock:
    """``wall`` gives epoch seconds and may be set; ``monotonic`` gives seconds and may not.

    A single clock in both places is followed as it is.
    """

    def __init__(self, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._read = monotonic()
        self._now = wall()
        self._ahead = 0.0
        self._is_apart = False

    def __call__(self) -> float:
        """Return the mesh's time."""
        wall, read = self._wall(), self._monotonic()
        passed, self._read = max(0.0, read - self._read), read
        self._now += passed
        ahead = wall - self._now
        if ahead > LEAP:
            _log.error(
                "the clock of this machine was set ahead by %.0f s, and the mesh goes with it: what was "
                "known is too old to act on, the graph and evidence begin anew",
                ahead,
            )
            self._now, ahead = wall, 0.0
        else:
            if abs(ahead - self._ahead) >= SAID:
                self._say(ahead)
            nearer = max(-_NEARER * passed, min(ahead, _NEARER * passed))
            self._now += nearer
            ahead -= nearer
        if self._is_apart and abs(ahead) < 0.01:
            _log.warning("the clock of the mesh and that of this machine agree again")
            self._is_apart = False
        self._ahead = ahead
        return self._now

    @property
    def ahead(self) -> float:
        """Seconds by which the machine's clock is ahead of the mesh's, negative if it is behind."""
        self()
        return self._ahead

    def present_us(self) -> tuple[int, int]:
        """Return the later of the mesh's and the machine's time, and the difference, in microseconds.

        For searches: the times of spans are their senders', which may go by either. A difference of less than
        is worth a word counts as none.
        """
        now = self()
        if abs(self._ahead) < SAID:
            return round(now * 1e6), 0
        return round(max(now, now + self._ahead) * 1e6), round(abs(self._ahead) * 1e6)

    def _say(self, ahead: float) -> None:
        step = ahead - self._ahead
        self._is_apart = True
        _log.error(
            "the clock of this machine was set %s by %.1f s: the mesh goes on without the step, is %.1f s %s "
            "it now, and comes nearer by 1 s in %.0f; to take the machine's time over at once, restart the "
            "collector",
            "ahead" if step > 0 else "back",
            abs(step),
            abs(ahead),
            "behind" if ahead > 0 else "ahead of",
            1 / _NEARER,
        )
