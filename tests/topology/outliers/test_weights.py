"""Weights: where they aim, when they move, and that the loop through real load is stable."""

from itertools import pairwise, product
from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.contract.decisions.evidence import WeightChange
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Answer, Arm
from tests.support.extent import sized
from tests.topology.closed_loop import ClosedLoop, Endpoint
from tests.topology.fleet import Fleet, address, histogram
from topology.model.decisions import Decision
from topology.model.samples import CallSample, Side
from topology.outliers.weights import HIGH, LOW, STEP, Standing, Weights, aim, times_slower

S = ServiceId("s")


@pytest.mark.parametrize(
    ("heard", "weight"),
    [
        ([], 1.0),
        ([(2.0, 5.0)], 1.0),  # too few calls to say anything
        ([(2.0, 50.0)], 0.5),  # four times slower
        ([(-2.0, 50.0)], 2.0),
        ([(20.0, 50.0)], LOW),
        ([(-20.0, 50.0)], HIGH),
        ([(0.0, 50.0), (0.0, 50.0), (10.0, 1e9)], 1.0),  # one loud reporter among three
    ],
)
def test_the_aim(heard: list[tuple[float, float]], weight: float) -> None:
    assert 2 ** aim(Standing(heard)) == pytest.approx(weight)


@pytest.mark.parametrize(
    ("ratio", "shed", "weight"),
    [(0.0, 0.5, 0.5), (-2.0, 0.5, 0.5), (2.0, 0.5, 0.25), (0.0, 1.0, LOW), (-2.0, 0.01, 0.99)],
)
def test_what_sheds_load_gets_less_by_that_share_and_nothing_for_its_speed(
    ratio: float, shed: float, weight: float
) -> None:
    standing = Standing([(ratio, 50.0)], shed, 50.0)
    assert 2 ** aim(standing) == pytest.approx(weight)
    assert aim(Standing([(ratio, 5.0)], shed, 5.0)) == 0.0  # too few calls to say anything


def shedding(fleet: Fleet, seconds: float, shares: list[float]) -> list[Decision]:
    """Every reporter calls every endpoint ten times in half a second; a share of the answers is 429."""
    made: list[Decision] = []
    for _ in range(round(seconds * 2)):
        fleet.now += 0.5
        for reporter, (endpoint, share) in product(range(fleet.reporters), enumerate(shares)):
            shed, where = round(10 * share), address(endpoint)
            for count, latency, answer in ((shed, 0.001, Answer.SHED), (10 - shed, 0.04, Answer.OK)):
                taken, who = histogram(*[latency] * count), f"a{reporter}"
                sample = CallSample(Side.CLIENT, "a", "b", who, taken, 0, where, Arm.ROUTED, answer=answer)
                fleet.engine.calls([sample], fleet.now)
        made += [each for each in fleet.engine.tick(fleet.now).decisions if each.kind != "register"]
    return made


def test_the_weight_of_what_sheds_half_of_its_load_halves_and_the_decision_says_why() -> None:
    fleet = Fleet(3, 2)
    made = shedding(fleet, 60, [0.5, 0.0, 0.0])
    assert [view.weight for view in fleet.view()] == [pytest.approx(0.5, abs=0.1), 1.0, 1.0]
    assert {each.kind for each in made} == {"weight"}
    assert "turns away 50 % more of its requests for too much load" in made[-1].reason
    assert isinstance(made[-1].evidence, WeightChange)
    assert made[-1].evidence.shed == pytest.approx(0.5)


def test_load_that_all_shed_alike_moves_no_weight() -> None:
    assert shedding(Fleet(3, 2), 60, [0.5, 0.5, 0.5]) == []


@given(st.lists(st.tuples(st.floats(-30, 30), st.floats(0, 1e9)), max_size=8))
def test_the_aim_is_always_within_bounds(heard: list[tuple[float, float]]) -> None:
    assert log2(LOW) <= aim(Standing(heard)) <= log2(HIGH)
    assert times_slower(heard) > 0


def test_a_slow_endpoint_gets_less_and_a_recovered_one_its_share_back() -> None:
    fleet = Fleet(4, 4, 2.0)
    fleet.run(20)
    assert [view.weight for view in fleet.view()] == [1.0] * 4
    made = fleet.run(60, lambda r, e, t: (0.06 if e == 1 else 0.02, False))
    assert fleet.view()[1].weight == pytest.approx(3**-0.5, abs=0.15)
    assert [view.weight for view in fleet.view()][2:] == [1.0, 1.0]
    moved = [each for each in made if each.kind == "weight"]
    assert moved
    assert len(moved) <= 4
    assert "times its peers' latency" in moved[-1].reason
    fleet.run(90)
    assert [view.weight for view in fleet.view()] == [1.0] * 4


def test_small_differences_move_nothing() -> None:
    fleet = Fleet(4, 4, 2.0)
    fleet.run(60, lambda r, e, t: (0.02 * (1 + 0.1 * e), False))
    assert all(view.weight == 1.0 for view in fleet.view())


def test_without_data_a_weight_drifts_back_to_neutral() -> None:
    weights = Weights()
    for _ in range(60):
        weights.step(S, {"a": Standing([(4.0, 50.0)])}, 1.0)
    assert weights.weight(S, "a") < 0.5
    for _ in range(120):
        weights.step(S, {"a": Standing()}, 1.0)
    assert weights.weight(S, "a") == 1.0
    weights.retain(S, [])
    assert weights.weight(S, "a") == 1.0


@settings(max_examples=sized(60, 20))
@given(
    speeds=st.lists(st.floats(0.5, 2.0), min_size=2, max_size=8),
    load=st.floats(0.3, 0.9),
    delay=st.integers(0, 4),
)
def test_the_loop_settles_on_queues_with_stale_data(speeds: list[float], load: float, delay: int) -> None:
    """Each endpoint is an M/M/1 queue whose load follows its weight; latency is seen late.

    After two minutes the weights may still be looking for the last step, but not swing: few
    changes, none of them large, and never a sum that overloads a queue that equal shares keep.
    """
    weights = Weights()
    names = [str(number) for number in range(len(speeds))]
    seen: list[dict[str, float]] = []
    rate = load * min(speeds) * len(speeds)  # equal shares overload nobody
    changes: list[tuple[int, float, float]] = []
    for second in range(360):
        shares = [weights.weight(S, name) for name in names]
        seen.append(
            {
                name: 1 / max(0.02, speed - rate * share / sum(shares))
                for name, speed, share in zip(names, speeds, shares, strict=True)
            }
        )
        stale = seen[max(0, second - delay)]
        ordered = sorted(stale.values())
        middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
        relative = {name: Standing([(log2(latency / middle), 50.0)]) for name, latency in stale.items()}
        for before, after in weights.step(S, relative, 1.0).values():
            changes.append((second, before, after))
            assert LOW <= after <= HIGH
            assert round(after / STEP, 6) == round(after / STEP)
    late = [change for change in changes if change[0] >= 120]
    assert len(late) <= 12 * len(names)  # in four minutes
    assert all(abs(after - before) <= 0.5 for _, before, after in late)
    worst = max(seen[-1].values())
    assert worst <= 1.5 * max(seen[0].values())


@settings(max_examples=sized(5, 1))
@given(
    speeds=st.lists(st.floats(0.5, 2.0), min_size=4, max_size=8),
    load=st.floats(0.3, 0.8),
    delay=st.floats(0.25, 4.0),
    seed=st.integers(0, 1000),
)
def test_fifty_sidecars_with_stale_data_do_not_swing(
    speeds: list[float], load: float, delay: float, seed: int
) -> None:
    """The whole loop: real choice, real engine, queues; what is measured comes late and acts late.

    After a minute hardly anything moves, no weight goes back and forth, and the slow tail is no
    worse than without weights.
    """
    rate = 250.0
    work = load * 4 * sum(speeds) / rate

    def played(weighted: bool) -> ClosedLoop:
        loop = ClosedLoop(
            [Endpoint(speed, 4) for speed in speeds], 50, rate, work, delay, seed, weighted=weighted
        )
        loop.run(sized(150, 90))
        return loop

    def tail(loop: ClosedLoop) -> float:
        late = sorted(sample.p99 for sample in loop.samples[60:])
        return late[len(late) // 2]

    ours = played(True)
    late = [change for change in ours.changes if change[0] >= 1060.0]
    assert len(late) <= len(speeds)
    for name in {name for _, name, _, _ in late}:
        moves = [after > before for _, which, before, after in late if which == name]
        assert sum(one != other for one, other in pairwise(moves)) <= 1
    assert tail(ours) <= 1.25 * tail(played(False))


def test_when_an_endpoint_turns_slow_and_recovers_its_weight_follows_once_each_way() -> None:
    loop = ClosedLoop([Endpoint(slots=8) for _ in range(6)], 50, 250.0, delay=2.0)
    loop.run(40)
    assert loop.changes == []
    loop.endpoints[0].speed = 0.25
    loop.run(60)
    low = loop.samples[-1].weights
    assert low[0] <= 0.7
    assert low[1:] == (1.0,) * 5
    loop.endpoints[0].speed = 1.0
    loop.run(100)
    assert loop.samples[-1].weights == (1.0,) * 6
    moves = [after > before for _, _, before, after in loop.changes]
    assert sum(one != other for one, other in pairwise(moves)) == 1
