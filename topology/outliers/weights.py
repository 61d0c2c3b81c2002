"""A weight for each endpoint by its latency, slow to move and still when nothing matters.

Every reporter compares an endpoint with the median of the endpoints it uses itself, so that
distance and a reporter's own slowness cancel out; the weighted median over the reporters is
the endpoint's relative latency. The weight aims at its inverse square root: sidecars already
choose by latency, and a gentle exponent keeps the loop through their choice stable.

Damping: the weight follows its aim with a time constant of ``TIME`` seconds, and each time an
endpoint's published weight turns back, its gain is halved (it recovers slowly), so that stale
measurements cannot make it swing. Published weights are multiples of ``STEP``, move only by
``HYSTERESIS`` or more, and are exactly 1.0 inside the ``NEUTRAL`` band: unequal weights make
Envoy's least-request another algorithm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, exp2, log2
from typing import Final

from proxy.contract.service_id import ServiceId
from topology.evidence.measurements import Record

# With 1 an endpoint twice as slow would get half, and sidecars that avoid it by themselves halve it again.
EXPONENT: Final = 0.5
TIME: Final = 8.0  # seconds
# Coarse on purpose: each change is sent to every sidecar.
STEP: Final = 0.1
LOW: Final = 0.1  # never 0: without calls nothing would show that it is fast again
# More than twice the share would send a fast endpoint into overload before its latency shows it.
HIGH: Final = 2.0
HYSTERESIS: Final = 0.15
# A weight of 0.8 means a latency of 1.5 times the peers': less is left to the sidecars' own choice.
NEUTRAL: Final = (0.8, 1.25)
ENOUGH: Final = 20.0  # timed calls, of an endpoint, before its latency says anything
_RECOVERY: Final = 120.0  # seconds for the gain to grow e-fold
_MOST_CALLS: Final = 50.0  # of one reporter that count: a busy one must not outvote all others
_STALE: Final = 16.0  # seconds after which a reporter's latency no longer counts: twice TIME

Relative = tuple[float, float]
"""log2 of latency over the reporter's median, and how many calls say so."""


@dataclass(slots=True)
class _Weight:
    """The weight of one endpoint, as it moves and as it was published last."""

    log: float = 0.0  # log2 of the damped weight
    published: float = 1.0
    gain: float = 1.0
    direction: int = 0


class Weights:
    """Weights of all services."""

    def __init__(self) -> None:
        self._held: dict[tuple[ServiceId, str], _Weight] = {}

    def weight(self, service: ServiceId, endpoint: str) -> float:
        """Return the published weight; 1.0 is neutral."""
        held = self._held.get((service, endpoint))
        return held.published if held else 1.0

    def step(
        self, service: ServiceId, relative: Mapping[str, Sequence[Relative]], elapsed: float
    ) -> dict[str, tuple[float, float]]:
        """Move one service's weights on by ``elapsed`` seconds; (before, after) of those that changed.

        An endpoint without data drifts back to neutral.
        """
        changed = {}
        for endpoint, ratios in relative.items():
            held = self._held.setdefault((service, endpoint), _Weight())
            before = held.published
            _follow(held, aim(ratios), elapsed)
            if held.published != before:
                changed[endpoint] = (before, held.published)
        return changed

    def forget(self, service: ServiceId, endpoint: str) -> None:
        """Return the endpoint of an address to the neutral weight: another process answers there now."""
        self._held.pop((service, endpoint), None)

    def retain(self, service: ServiceId, endpoints: Sequence[str]) -> None:
        """Forget endpoints of a service that exist no more."""
        kept = set(endpoints)
        for key in [key for key in self._held if key[0] == service and key[1] not in kept]:
            del self._held[key]


def relative_latency(
    records: Mapping[str, Record], endpoints: Sequence[str], now: float
) -> dict[str, list[Relative]]:
    """Return by endpoint its latency for each reporter, relative to the others that reporter uses."""
    seen: dict[str, dict[str, tuple[float, float]]] = {}
    for endpoint in endpoints:
        record = records.get(endpoint)
        for name, view in record.reporters.items() if record else ():
            if view.weight > 0 and now - view.at < _STALE:
                seen.setdefault(name, {})[endpoint] = (view.logs / view.weight, view.weight)
    relative: dict[str, list[Relative]] = {endpoint: [] for endpoint in endpoints}
    for views in seen.values():
        # A reporter that uses one endpoint has nothing to compare it with.
        if len(views) < 2:
            continue
        # The median, not the mean: one endpoint that hangs would move the mean, and all others look fast.
        middle = _middle(sorted(mean for mean, _ in views.values()))
        for endpoint, (mean, number) in views.items():
            relative[endpoint].append((mean - middle, number))
    return relative


def aim(ratios: Sequence[Relative]) -> float:
    """Return the log2 of the weight that a relative latency asks for; 0 (neutral) without data."""
    if sum(number for _, number in ratios) < ENOUGH:
        return 0.0
    return min(log2(HIGH), max(log2(LOW), -EXPONENT * log2(times_slower(ratios))))


def times_slower(ratios: Sequence[Relative]) -> float:
    """Return the multiple of its peers' latency an endpoint takes, by the weighted median; 1 without data."""
    if not ratios:
        return 1.0
    counted = sorted((ratio, min(number, _MOST_CALLS)) for ratio, number in ratios)
    # Weighted median: the first value at which half of all counted calls lie below or at it.
    below = accumulate(count for _, count in counted)
    half = sum(count for _, count in counted) / 2
    return exp2(next(ratio for (ratio, _), sum_ in zip(counted, below, strict=True) if sum_ >= half))


def _follow(held: _Weight, target: float, elapsed: float) -> None:
    # In logarithms, so that going from 1 to 0.5 takes as long as from 1 to 2.
    held.log += (target - held.log) * (1 - exp(-elapsed * held.gain / TIME))
    held.gain = min(1.0, held.gain * exp(elapsed / _RECOVERY))
    exact = min(HIGH, max(LOW, exp2(held.log)))
    wanted = 1.0 if NEUTRAL[0] <= exact <= NEUTRAL[1] else max(LOW, round(round(exact / STEP) * STEP, 2))
    # The floor of 0.3 keeps small weights from moving at each step: 15 % of 0.1 is less than a step.
    if wanted == held.published or abs(exact - held.published) < HYSTERESIS * max(held.published, 0.3):
        return
    direction = 1 if wanted > held.published else -1
    # A turn right after a move is an oscillation: what was measured is older than the last change.
    if held.direction == -direction:
        held.gain = max(1 / 16, held.gain / 2)
    held.direction = direction
    held.published = wanted


def _middle(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
