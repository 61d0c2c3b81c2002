"""Direct against routed: the difference and how sure it is."""

import math
from dataclasses import dataclass
from typing import Final

from dashboard.model import Stats

_Z: Final = 1.959964  # 95 % of the normal distribution


@dataclass(frozen=True, slots=True)
class Difference:
    """``routed`` minus ``direct`` as a share, and the ends of its 95 % confidence interval."""

    value: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def success(direct: Stats, routed: Stats) -> Difference | None:
    """Difference of success shares; None while one arm has no traffic.

    Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, method 10), which holds
    near 100 %, where the usual interval collapses.
    """
    if not direct["count"] or not routed["count"]:
        return None
    p, p_low, p_high = _wilson(routed["count"] - routed["errors"], routed["count"])
    q, q_low, q_high = _wilson(direct["count"] - direct["errors"], direct["count"])
    return Difference(
        p - q,
        p - q - math.hypot(p - p_low, q_high - q),
        p - q + math.hypot(p_high - p, q - q_low),
    )


def _wilson(good: int, count: int) -> tuple[float, float, float]:
    share = good / count
    middle = (share + _Z * _Z / (2 * count)) / (1 + _Z * _Z / count)
    half = _Z / (1 + _Z * _Z / count) * math.sqrt(share * (1 - share) / count + (_Z / (2 * count)) ** 2)
    return share, max(0.0, middle - half), min(1.0, middle + half)
