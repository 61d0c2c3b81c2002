"""The guard: turns a stage back automatically when routed calls fare significantly worse.

Looking again and again at one comparison finds a difference sooner or later where there is none.
So every look spends a part of one budget: the n-th look at a stage is made at the level
``ALPHA * 6 / (pi^2 n^2)``, shared by seven figures; these add up to ``ALPHA`` over all looks there
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
from proxy.contract.decisions.kinds import Figure, StageOrigin
from proxy.contract.histogram import Histogram
from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Answer, Arm
from topology.graph.cells import Cell
from topology.model.decisions import Decision
from topology.model.stages import Change
from topology.policy.models import Harm, Policy
from topology.rollout.effect import effect
from topology.rollout.stages import Stages

# The greatest chance of a false rollback in the whole life of a stage that does no harm.
ALPHA: Final = 0.01
EPOCH: Final = 600.0  # seconds
_FIRST: Final = 50  # requests of the smaller arm at the first look
# Growth of the smaller arm until the next look: each look costs a part of the budget, and the difference of
# two looks at nearly the same requests tells nothing new.
_GROWTH: Final = 1.5
_NORMAL: Final = NormalDist()
_FIGURES: Final = {
    Answer.REDIRECT: Figure.REDIRECTS,
    Answer.REFUSED: Figure.REFUSALS,
    Answer.SHED: Figure.SHED,
}


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
    """A reason to turn a stage back, in words and as the comparison it rests on."""

    reason: str
    harm: ArmComparison


class Guard:
    """The comparison of both arms of each guarded service since its stage was set."""

    def __init__(self) -> None:
        self._watched: dict[ServiceId, _Watch] = {}

    def watch(self, service: ServiceId, since: float, now: float) -> None:
        """Compare the arms of a service from now on; ``since`` tells one setting from the next."""
        held = self._watched.get(service)
        # A stage that is set anew, even to the same percentage, begins with no history.
        if held is None or held.since != since:
            self._watched[service] = _Watch(since, now)

    def retain(self, services: set[ServiceId]) -> None:
        """Forget all other services."""
        for name in self._watched.keys() - services:
            del self._watched[name]

    def add(
        self, service: ServiceId, arm: str, histogram: Histogram, errors: int, answer: Answer | None
    ) -> None:
        """Count calls of one arm; the class of their answers is unknown where it is None."""
        held = self._watched.get(service)
        if held is not None and arm:
            held.arms.setdefault(arm, Cell()).add(histogram, errors, answer)

    def add_sizes(self, service: ServiceId, arm: str, histogram: Histogram) -> None:
        """Count the sizes of successful responses of one arm."""
        held = self._watched.get(service)
        if held is not None and arm:
            held.arms.setdefault(arm, Cell()).add_sizes(histogram)

    def verdict(self, service: ServiceId, harm: Harm, now: float) -> Verdict | None:
        """Look at a stage if a look is due; return why it must be turned back if it does this much harm."""
        held = self._watched.get(service)
        if held is None:
            return None
        direct, routed = (held.arms.get(arm) or Cell() for arm in (Arm.DIRECT, Arm.ROUTED))
        # The smaller arm bounds what can be seen: a thousand requests against ten tell as much as ten.
        fewer = min(direct.histogram.count, routed.histogram.count)
        found = None
        if fewer >= held.due:
            held.looks += 1
            held.due = fewer * _GROWTH
            found = _worse(direct, routed, harm, held.looks)
        # After the look, so that the last calls of an epoch still count in it.
        if now - held.begun >= EPOCH:
            # ``looks`` is kept: the budget of false alarms is for the life of the stage, not for an epoch.
            held.arms, held.begun, held.due = {}, now, _FIRST
        return found

    def step(self, policy: Policy, stages: Stages, now: float) -> list[Decision]:
        """Turn back the stages that do harm, where mesh.yaml asks for it; return the decisions made."""
        watched, decisions = set(), []
        for service, entry in policy.services.items():
            setting = stages.of(service)
            # Without a control group there is nothing to compare with.
            if entry.guard is None or setting.stage is not Stage.ROUTE or not 0 < setting.percent < 100:
                continue
            watched.add(service)
            self.watch(service, setting.updated, now)
            verdict = self.verdict(service, entry.guard, now)
            if verdict is not None:
                why, harm = verdict.reason, verdict.harm
                decisions += stages.set(service, Stage.ADVISE, 0, StageOrigin.GUARD, now, why=why, harm=harm)
        self.retain(watched)
        return decisions


def level(look: int) -> float:
    """Return the share of false alarms that the n-th look may add, for each of the figures."""
    # The sum of 1/n^2 is pi^2/6, so that all levels together are ALPHA.
    return ALPHA * 6 / (pi * look) ** 2 / len(Figure)


def _worse(direct: Cell, routed: Cell, harm: Harm, look: int) -> Verdict | None:
    # One-sided: only harm turns a stage back.
    z = _NORMAL.inv_cdf(1 - level(look))
    found = effect(direct, routed, z)
    if found is None:
        return None
    success = found.success
    # Success before latency: requests that fail are worse than requests that wait.
    if success.high < 0 and success.difference <= -harm.success:
        reason = (
            f"{100 * success.after:.2f} % of the routed requests succeed, "
            f"{100 * success.before:.2f} % of the others"
        )
        return Verdict(reason, _comparison(Figure.SUCCESS, success, direct, routed, look))
    for answer, change in found.answers.items():
        if change.low > 0 and change.difference >= harm.success:
            reason = (
                f"{100 * change.after:.2f} % of the routed requests are answered with {answer.words}, "
                f"{100 * change.before:.2f} % of the others"
            )
            return Verdict(reason, _comparison(_FIGURES[answer], change, direct, routed, look))
    # Failures and refusals are often quick: what answers more of the requests may take longer.
    if success.low > 0 or any(change.high < 0 for change in found.answers.values()):
        return None
    sizes = found.sizes if harm.sizes else None
    if sizes is not None and sizes.low > 0 and sizes.difference >= harm.success:
        return Verdict(sizes.words, _comparison(Figure.SIZES, sizes, direct, routed, look))
    for figure, slower in ((Figure.P50, found.p50), (Figure.P99, found.p99)):
        if slower is not None and slower.low > 0 and slower.after >= harm.slower * slower.before:
            reason = (
                f"{figure} of the routed requests is {1000 * slower.after:.1f} ms, "
                f"{1000 * slower.before:.1f} ms of the others"
            )
            return Verdict(reason, _comparison(figure, slower, direct, routed, look))
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
        *(_count(figure, arm) for arm in (direct, routed)),
    )


def _count(figure: Figure, arm: Cell) -> int:
    """Return the number of calls that a figure of an arm is of."""
    if figure is Figure.SIZES:
        return arm.sizes.count if arm.sizes is not None else 0
    return arm.histogram.count
