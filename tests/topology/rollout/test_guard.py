"""A stage is turned back when it does harm, and hardly ever when it does not."""

import random

import pytest

from proxy.contract.decisions.evidence import StageChange
from proxy.contract.decisions.kinds import Figure
from proxy.contract.histogram import Histogram
from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Answer, Arm
from tests.topology.fleet import histogram
from topology.engine import Engine
from topology.model.samples import CallSample, Side, SizeSample
from topology.policy.mesh_yaml import parse
from topology.policy.models import Harm
from topology.rollout.guard import ALPHA, EPOCH, Guard, Verdict, level
from topology.settings import EngineSettings

S = ServiceId("s")

ARMS = (Arm.DIRECT, Arm.ROUTED)


def arm(rng: random.Random, count: int, failing: float, middle: float) -> tuple[Histogram, int]:
    found, errors = Histogram(), 0
    for _ in range(count):
        found.record(middle * rng.lognormvariate(0, 0.5))
        errors += rng.random() < failing
    return found, errors


def watched(
    seed: int, steps: int, failing: tuple[float, float], middle: tuple[float, float], at_once: int = 25
) -> tuple[Verdict | None, int]:
    """A stage that is looked at after every step of so many calls in each arm."""
    rng, guard = random.Random(seed), Guard()
    guard.watch(S, 1.0, 0.0)
    for step in range(steps):
        for number in (0, 1):
            guard.add(S, ARMS[number], *arm(rng, at_once, failing[number], middle[number]), Answer.OK)
        found = guard.verdict(S, Harm(), step * 5.0)
        if found is not None:
            return found, step
    return None, steps


def test_all_looks_together_spend_no_more_than_the_budget() -> None:
    assert sum(len(Figure) * level(look) for look in range(1, 100_000)) <= ALPHA


def test_arms_that_are_alike_are_hardly_ever_turned_back() -> None:
    """Three hundred stages, looked at eighty times each, over several epochs."""
    runs = [watched(seed, 80, (0.03, 0.03), (0.05, 0.05)) for seed in range(300)]
    assert sum(found is not None for found, _ in runs) <= 3


@pytest.mark.parametrize(
    ("failing", "middle", "figure"),
    [((0.01, 0.10), (0.05, 0.05), "success"), ((0.0, 0.0), (0.05, 0.08), "p50")],
)
def test_what_does_harm_is_turned_back_soon(
    failing: tuple[float, float], middle: tuple[float, float], figure: str
) -> None:
    for seed in range(20):
        found, step = watched(seed, 200, failing, middle)
        assert found is not None
        assert step < 60
        assert found.harm.figure == figure
        assert found.harm.low <= found.harm.difference <= found.harm.high


def test_what_is_better_stays() -> None:
    assert all(watched(seed, 60, (0.10, 0.01), (0.08, 0.05))[0] is None for seed in range(20))


def test_what_answers_more_may_take_longer() -> None:
    """Failures are quick: an arm that has many of them looks faster than one that answers."""
    for seed in range(20):
        assert watched(seed, 60, (0.5, 0.0), (0.05, 0.09))[0] is None


def test_a_long_good_time_does_not_hide_a_bad_one() -> None:
    rng, guard = random.Random(1), Guard()
    guard.watch(S, 1.0, 0.0)
    found, now = None, 0.0
    while found is None and now < 20 * EPOCH:
        now += 30
        for number in (0, 1):
            bad = number == 1 and now > 10 * EPOCH
            guard.add(S, ARMS[number], *arm(rng, 100, 0.05 if bad else 0.005, 0.05), Answer.OK)
        found = guard.verdict(S, Harm(), now)
    assert found is not None
    assert 10 * EPOCH < now < 12.5 * EPOCH


def refused(seed: int, shares: tuple[float, float], quick: float = 0.0007) -> Verdict | None:
    """A stage in whose arms these shares of the requests are refused, each at once, others in 40 ms."""
    rng, guard = random.Random(seed), Guard()
    guard.watch(S, 1.0, 0.0)
    for step in range(80):
        for arm_, share in zip(ARMS, shares, strict=True):
            part = sum(rng.random() < share for _ in range(25))
            for count, latency, answer in ((25 - part, 0.04, Answer.OK), (part, quick, Answer.REFUSED)):
                guard.add(S, arm_, arm(rng, count, 0.0, latency)[0], 0, answer)
        found = guard.verdict(S, Harm(), step * 5.0)
        if found is not None:
            return found
    return None


def test_fast_wrong_answers_are_harm_and_no_improvement() -> None:
    for seed in range(20):
        found = refused(seed, (0.33, 0.97))
        assert found is not None
        assert found.harm.figure is Figure.REFUSALS
        assert "of the routed requests are answered with a refusal (4xx)" in found.reason


def test_answers_that_both_arms_get_alike_turn_nothing_back() -> None:
    assert sum(refused(seed, (0.3, 0.3)) is not None for seed in range(60)) <= 1


def test_fewer_quick_refusals_make_no_arm_slower() -> None:
    """Two of three endpoints refuse at once, and the mesh avoids them."""
    assert all(refused(seed, (0.67, 0.01)) is None for seed in range(20))


def sized(seed: int, empty: tuple[float, float], harm: Harm, refused: float = 0.0) -> Verdict | None:
    """A stage in whose arms these shares of successes are empty; of the direct requests some are refused."""
    rng, guard = random.Random(seed), Guard()
    guard.watch(S, 1.0, 0.0)
    for step in range(80):
        for number, share in enumerate(empty):
            guard.add(S, ARMS[number], arm(rng, 25, 0.0, 0.04)[0], 0, Answer.OK)
            bodies = [0 if rng.random() < share else int(rng.lognormvariate(7, 1.5)) for _ in range(25)]
            guard.add_sizes(S, ARMS[number], histogram(*bodies))
        guard.add(S, Arm.DIRECT, histogram(*[0.001] * int(25 * refused)), 0, Answer.REFUSED)
        found = guard.verdict(S, harm, step * 5.0)
        if found is not None:
            return found
    return None


def test_empty_answers_are_harm_where_sizes_are_compared() -> None:
    for seed in range(10):
        found = sized(seed, (0.33, 0.6), Harm(sizes=True))
        assert found is not None
        assert found.harm.figure is Figure.SIZES
        assert found.harm.low <= found.harm.difference <= found.harm.high
        assert found.harm.direct_count == found.harm.routed_count >= 50
        assert "of the responses to routed requests have a" in found.reason
        assert sized(seed, (0.33, 0.6), Harm()) is None
        # A smaller difference than the least one of shares does no harm.
        assert sized(seed, (0.0, 1.0), Harm(sizes=True, success=1.0)) is not None
        assert sized(seed, (0.0, 0.5), Harm(sizes=True, success=0.95)) is None


def test_sizes_that_both_arms_have_alike_turn_nothing_back() -> None:
    assert sum(sized(seed, (0.3, 0.3), Harm(sizes=True)) is not None for seed in range(60)) <= 1


def test_an_arm_that_refuses_less_may_answer_with_other_sizes() -> None:
    """Requests that the other arm refuses are of a kind, and their answers of a size."""
    assert all(sized(seed, (0.0, 0.3), Harm(sizes=True), refused=0.5) is None for seed in range(10))


YAML = "services: {b: {stage: route, percent: 50%s}}"


def played(text: str, errors: int) -> Engine:
    engine, now = Engine(parse(text), EngineSettings()), 1000.0
    engine.tick(now)
    for _ in range(20):
        now += 0.5
        for which, bad in ((Arm.DIRECT, 0), (Arm.ROUTED, errors)):
            for part, failed in ((10 - bad, 0), (bad, bad)):
                calls = CallSample(
                    Side.CLIENT, "a", "b", "a1", histogram(*[0.1] * part), failed, "10.0.0.1:80", which
                )
                engine.calls([calls], now)
        engine.tick(now)
    return engine


def test_the_engine_turns_back_where_mesh_yaml_asks_for_it_and_says_why() -> None:
    engine = played(YAML % ", guard: true", 3)
    (view,) = [view for view in engine.live.stages(1010.0, 60) if view.service == "b"]
    assert (view.stage, view.percent, view.origin, view.guard) == (Stage.ADVISE, 0, "guard", True)
    made = engine.decisions("b", kind="stage")[0]
    assert made.reason == (
        "b goes from route 50 % to advise, set by the guard: 70.00 % of the routed requests succeed, "
        "100.00 % of the others"
    )
    assert isinstance(made.evidence, StageChange)
    assert made.evidence.harm is not None
    assert made.evidence.harm.figure is Figure.SUCCESS
    assert view.history[0] == made
    assert engine.tick(1010.25).snapshot.services.get(ServiceId("b")) is None  # it has no endpoint here
    engine.set_stage(ServiceId("b"), Stage.ROUTE, 10, 1011.0, by="ann")
    (again,) = [view for view in engine.live.stages(1011.0, 60) if view.service == "b"]
    assert again.percent == 10
    assert isinstance(again.history[0].evidence, StageChange)
    assert again.history[0].evidence.by == "ann"
    assert "set by ann over the api" in again.history[0].reason


def quick_and_empty(text: str, version: str) -> Engine:
    """A mesh whose routed requests mostly get an empty 200 at once, by the sidecars of one version."""
    engine, now = Engine(parse(text), EngineSettings()), 1000.0
    engine.tick(now)
    for _ in range(20):
        now += 0.5
        for which, empty in ((Arm.DIRECT, 3), (Arm.ROUTED, 9)):
            took = histogram(*[0.0007] * empty, *[0.04] * (10 - empty))
            bodies = histogram(*[0] * empty, *[1200] * (10 - empty))
            place = "10.0.0.1:80"
            engine.calls([CallSample(Side.CLIENT, "a", "b", "a1", took, 0, place, which)], now)
            if version == "new":
                engine.sizes([SizeSample("a", "b", place, which, "a1", bodies)], now)
        engine.tick(now)
    return engine


@pytest.mark.parametrize(
    ("guard", "version", "stage"),
    [
        ("guard: {sizes: true}", "new", Stage.ADVISE),
        ("guard: {sizes: true}", "old", Stage.ROUTE),
        ("guard: true", "new", Stage.ROUTE),
        ("timeout: 5s", "new", Stage.ROUTE),
    ],
)
def test_quick_empty_answers_turn_a_stage_back_by_option(guard: str, version: str, stage: Stage) -> None:
    engine = quick_and_empty(YAML % f", {guard}", version)
    (view,) = [view for view in engine.live.stages(1010.0, 60) if view.service == "b"]
    assert view.stage is stage
    assert (view.direct.count, view.routed.count) == (200, 200)
    if stage is Stage.ADVISE:
        assert engine.decisions("b", kind="stage")[0].reason == (
            "b goes from route 50 % to advise, set by the guard: 90.00 % of the responses to routed requests "
            "have an empty body, 30.00 % to the others"
        )
    else:
        assert view.effect is not None
        assert view.effect.sizes is None


def test_the_effect_has_the_sizes_and_then_no_latency_is_comparable() -> None:
    engine = quick_and_empty(YAML % ", guard: {sizes: true, success: 100%}", "new")
    (view,) = [view for view in engine.live.stages(1010.0, 60) if view.service == "b"]
    assert view.effect is not None
    assert view.effect.sizes is not None
    assert (view.effect.sizes.before, view.effect.sizes.after) == (0.3, 0.9)
    assert not view.effect.answered_alike
    stored = [sample for step in (1011.0, 1020.0) for sample in engine.tick(step).edges]
    assert all(sample.count for sample in stored)


@pytest.mark.parametrize(
    ("text", "errors"),
    [("", 5), (", guard: false", 5), (", guard: true", 0), (", guard: {success: 50%}", 3)],
)
def test_without_a_guard_or_without_harm_the_stage_stays(text: str, errors: int) -> None:
    engine = played(YAML % text, errors)
    (view,) = [view for view in engine.live.stages(1010.0, 60) if view.service == "b"]
    assert (view.stage, view.percent) == (Stage.ROUTE, 50)
    assert view.effect is not None
    assert view.effect.success.significant is bool(errors)
