"""Turns a stage back by itself when what the mesh routes is significantly worse.

Looking again and again at one comparison finds a difference sooner or later where there is none.
So every look spends a part of one budget: the n-th look at a stage is made at the level
``ALPHA * 6 / (pi^2 n^2)``, shared by three figures; these add up to ``ALPHA`` over all looks there
will ever be (a union bound, whatever their dependence), and that is how likely it is, at most,
that a stage whose arms are alike is ever turned back. Looks are made when the smaller arm has
grown by half. Counts begin again every ``EPOCH``, so that a long good time does not hide a bad
one. What holds for independent requests holds approximately for requests that come in bursts:
a difference must therefore also matter (``Harm``).
"""

from dataclasses import dataclass, field
from math import pi
from statistics import NormalDist
from typing import Final

from proxy.contract.decisions.evidence import ArmComparison
from proxy.contract.decisions.kinds import Figure
from proxy.contract.histogram import Histogram
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm
from topology.graph.window import Cell
from topology.model import Change
from topology.policy.models import Harm
from topology.rollout.effect import effect

ALPHA: Final = 0.01
EPOCH: Final = 600.0  # seconds
_FIRST: Final = 50  # requests of the smaller arm at the first look
_GROWTH: Final = 1.5
_NORMAL: Final = NormalDist()


@dataclass(slots=True)
class _Watch:
    """One stage since it was set."""

    since: float
    begun: float
    arms: dict[str, Cell] = field(default_factory=dict)
    looks: int = 0
    due: float = _FIRST


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a stage is turned back."""

    reason: str
    harm: ArmComparison


class Guard:
    """Watches the stages it is told of."""

    def __init__(self) -> None:
        self._watched: dict[ServiceId, _Watch] = {}

    def watch(self, service: ServiceId, since: float, now: float) -> None:
        """Compare the arms of a service from now on; ``since`` tells one setting from the next."""
        held = self._watched.get(service)
        if held is None or held.since != since:
            self._watched[service] = _Watch(since, now)

    def retain(self, services: set[ServiceId]) -> None:
        """Forget all others."""
        for name in self._watched.keys() - services:
            del self._watched[name]

    def add(self, service: ServiceId, arm: str, histogram: Histogram, errors: int) -> None:
        """Count calls of one arm."""
        held = self._watched.get(service)
        if held is not None and arm:
            held.arms.setdefault(arm, Cell()).add(histogram, errors)

    def verdict(self, service: ServiceId, harm: Harm, now: float) -> Verdict | None:
        """Look at a stage if a look is due; why it must be turned back, if so much harm is done."""
        held = self._watched.get(service)
        if held is None:
            return None
        direct, routed = (held.arms.get(arm) or Cell() for arm in (Arm.DIRECT, Arm.ROUTED))
        fewer = min(direct.histogram.count, routed.histogram.count)
        found = None
        if fewer >= held.due:
            held.looks += 1
            held.due = fewer * _GROWTH
            found = _worse(direct, routed, harm, held.looks)
        if now - held.begun >= EPOCH:
            held.arms, held.begun, held.due = {}, now, _FIRST
        return found


def level(look: int) -> float:
    """The share of false alarms that the n-th look may add, for each of the three figures."""
    return ALPHA * 6 / (pi * look) ** 2 / 3


def _worse(direct: Cell, routed: Cell, harm: Harm, look: int) -> Verdict | None:
    z = _NORMAL.inv_cdf(1 - level(look))
    found = effect(direct, routed, z)
    if found is None:
        return None
    success = found.success
    if success.high < 0 and success.difference <= -harm.success:
        reason = (
            f"{100 * success.after:.2f} % of the routed requests succeed, "
            f"{100 * success.before:.2f} % of the others"
        )
        return Verdict(reason, _comparison(Figure.SUCCESS, success, direct, routed, look))
    if success.low > 0:
        return None  # failures are often quick: what answers more of the requests may take longer
    for figure, change in ((Figure.P50, found.p50), (Figure.P99, found.p99)):
        if change is not None and change.low > 0 and change.after >= harm.slower * change.before:
            reason = (
                f"{figure} of the routed requests is {1000 * change.after:.1f} ms, "
                f"{1000 * change.before:.1f} ms of the others"
            )
            return Verdict(reason, _comparison(figure, change, direct, routed, look))
    return None


def _comparison(figure: Figure, change: Change, direct: Cell, routed: Cell, look: int) -> ArmComparison:
    return ArmComparison(
        figure,
        change.before,
        change.after,
        change.difference,
        change.low,
        change.high,
        look,
        level(look),
        direct.histogram.count,
        routed.histogram.count,
    )
