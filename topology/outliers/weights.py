"""A weight for each endpoint by its latency, slow to move and still when nothing matters.

Every reporter compares an endpoint with the median of the endpoints it uses itself, so that
distance and a reporter's own slowness cancel out; the weighted median over the reporters is
the endpoint's relative latency. The weight aims at its inverse square root: sidecars already
choose by latency, and a gentle exponent keeps the loop through their choice stable.

Two limits keep a fast wrong answer from being taken for capacity. An endpoint is never faster than some
calls to its peers are too: what is beyond their own distribution is not their work done better. And one
that sheds load (429, 503 with Retry-After) beyond what its peers do gets less by that share, and nothing
for its speed.

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
from topology.evidence.reporter_view import ReporterView

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


@dataclass(frozen=True, slots=True)
class Standing:
    """An endpoint beside its peers: its latency for each reporter, and the share of ``calls`` that it sheds
    beyond what they do."""

    latency: Sequence[Relative] = ()
    shed: float = 0.0
    calls: float = 0.0


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
        self, service: ServiceId, standings: Mapping[str, Standing], elapsed: float
    ) -> dict[str, tuple[float, float]]:
        """Move one service's weights on by ``elapsed`` seconds; (before, after) of those that changed.

        An endpoint without data drifts back to neutral.
        """
        changed = {}
        for endpoint, standing in standings.items():
            held = self._held.setdefault((service, endpoint), _Weight())
            before = held.published
            _follow(held, aim(standing), elapsed)
            if held.published != before:
                changed[endpoint] = (before, held.published)
        return changed

    def forget(self, service: ServiceId, endpoint: str) -> None:
        """Return the endpoint of an address to the neutral weight: another process answers there now."""
        self._held.pop((service, endpoint), None)

    def move(self, service: ServiceId, before: str, after: str) -> None:
        """Carry over the weight of a process that is at another address now."""
        held = self._held.pop((service, before), None)
        if held is not None:
            self._held[service, after] = held

    def retain(self, service: ServiceId, endpoints: Sequence[str]) -> None:
        """Forget endpoints of a service that exist no more."""
        kept = set(endpoints)
        for key in [key for key in self._held if key[0] == service and key[1] not in kept]:
            del self._held[key]


def standings(records: Mapping[str, Record], endpoints: Sequence[str], now: float) -> dict[str, Standing]:
    """Return where each endpoint stands beside its peers."""
    seen: dict[str, dict[str, ReporterView]] = {}
    calls, shed = dict.fromkeys(endpoints, 0.0), dict.fromkeys(endpoints, 0.0)
    for endpoint in endpoints:
        record = records.get(endpoint)
        for name, view in record.reporters.items() if record else ():
            if now - view.at >= _STALE:
                continue
            calls[endpoint] += view.calls
            shed[endpoint] += view.shed
            if view.weight > 0:
                seen.setdefault(name, {})[endpoint] = view
    latency = _latencies(seen, endpoints)
    shares = {each: shed[each] / calls[each] for each in endpoints if calls[each]}
    # Shed by all alike is the service's own limit, or its callers' doing: the median is what is usual.
    usual = _middle(sorted(shares.values())) if any(shares.values()) else 0.0
    return {
        each: Standing(latency[each], max(0.0, shares.get(each, 0.0) - usual), calls[each])
        for each in endpoints
    }


def _latencies(
    seen: Mapping[str, Mapping[str, ReporterView]], endpoints: Sequence[str]
) -> dict[str, list[Relative]]:
    """Return by endpoint its latency for each reporter, relative to the others that reporter uses."""
    relative: dict[str, list[Relative]] = {endpoint: [] for endpoint in endpoints}
    for views in seen.values():
        # A reporter that uses one endpoint has nothing to compare it with.
        if len(views) < 2:
            continue
        # The median, not the mean: one endpoint that hangs would move the mean, and all others look fast.
        middle = _middle(sorted(view.logs / view.weight for view in views.values()))
        # The median again: of several endpoints with fast wrong answers none makes the others' look usual.
        fastest = min(middle, _middle(sorted(view.fastest for view in views.values())))
        for endpoint, view in views.items():
            relative[endpoint].append((max(view.logs / view.weight, fastest) - middle, view.weight))
    return relative


def aim(standing: Standing) -> float:
    """Return the log2 of the weight that an endpoint's standing asks for; 0 (neutral) without data."""
    ratios, wanted = standing.latency, 0.0
    if sum(number for _, number in ratios) >= ENOUGH:
        wanted = -EXPONENT * log2(times_slower(ratios))
    if standing.shed and standing.calls >= ENOUGH:
        wanted = min(wanted, 0.0) + log2(max(LOW, 1.0 - standing.shed))
    return min(log2(HIGH), max(log2(LOW), wanted))


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
