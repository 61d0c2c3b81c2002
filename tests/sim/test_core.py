"""The simulator itself: what it must reproduce, and that it does the same thing twice."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from proxy.routing.balancer import Balancer
from tests.bench.feedback.pickers import LeastRequest, RoundRobin
from tests.bench.feedback.scenarios import ALL
from tests.sim.core import Fleet, Setup, Simulation
from tests.sim.experiments import PUBLISHED, antagonists, published
from tests.sim.play import play
from tests.sim.servers import Antagonised, Delay, Server


def fine(count: int) -> Sequence[Server]:
    return [Delay(0.02, 0.0, random.Random(number)) for number in range(count)]


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name != "ours"])
def test_the_published_experiment_comes_out_as_published(name: str) -> None:
    said = PUBLISHED[name][1]
    got = published(name, seed=1, rate=600.0).success
    assert abs(got - said) <= (1 - said / 100) * 100 * 0.75  # of what was lost, as it was rounded


def test_ours_loses_no_more_than_the_best_published() -> None:
    assert published("ours", 1).success > published("peak EWMA", 1).success


def test_the_same_seed_gives_the_same_run_and_another_one_another() -> None:
    scenario = ALL["gray 20 %"].shortened(3)
    assert play("ours", scenario, 1).outcomes == play("ours", scenario, 1).outcomes
    assert play("ours", scenario, 1).outcomes != play("ours", scenario, 2).outcomes


def test_requests_arrive_at_the_rate_and_spread_evenly() -> None:
    servers = fine(4)
    outcomes = Simulation(Setup(5, 400.0, 20.0, 1), servers, lambda sim, rng: RoundRobin(rng)).run()
    assert len(outcomes) == pytest.approx(8000, rel=0.05)
    assert all(server.served == pytest.approx(2000, rel=0.05) for server in servers)
    assert {server.flight for server in servers} == {0}
    assert all(latency == pytest.approx(0.02) for _, latency, *_ in outcomes)


def test_a_queue_costs_what_theory_says() -> None:
    """One M/M/1 server at 50 %: the time in it is twice the work."""
    servers = [Antagonised(0.01, 1, random.Random(1), contended=1.0)]
    setup = Setup(1, 50.0, 400.0, 1, patience=100.0)
    outcomes = Simulation(setup, servers, lambda sim, rng: LeastRequest(rng)).run()
    mean = sum(latency for _, latency, *_ in outcomes) / len(outcomes)
    assert mean == pytest.approx(0.02, rel=0.1)


def test_who_hangs_is_given_up_on_and_learnt_from() -> None:
    servers = [*fine(3), Delay(0.02, 0.0, random.Random(9), lambda now, client: {"hang": True})]
    setup = Setup(1, 50.0, 20.0, 1, patience=1.0)
    outcomes = Simulation(setup, servers, lambda sim, rng: Balancer(rng)).run()
    given_up = [each for each in outcomes if each[2]]
    assert {each[3] for each in given_up} == {3}
    assert {each[1] for each in given_up} == {1.0}
    assert 0 < len(given_up) < 20


def test_the_mesh_tells_everyone_and_says_nothing_once_dead() -> None:
    scenario = ALL["fast-fail"].shortened(6)
    kinds = [each.kind for each in play("ours", scenario, 1).decisions]
    assert "eject" in kinds
    dead = play("ours", scenario, 1, Fleet(dies=4.0))
    assert "eject" not in [each.kind for each in dead.decisions]
    alone = play("ours-local", scenario, 1)
    assert dead.bad <= alone.bad + 5


def test_lost_and_late_reports_cost_time() -> None:
    scenario = replace(ALL["fast-fail"].shortened(8), clients=40)

    def known(fleet: Fleet) -> float:
        made = play("ours", scenario, 1, fleet).decisions
        # Which of the two comes first is chance.
        return min((each.time for each in made if each.kind in ("eject", "probation")), default=float("inf"))

    assert known(Fleet()) < known(Fleet(delay=1.5))
    assert known(Fleet(loss=1.0)) == float("inf")


def test_neighbours_make_the_even_spread_lose() -> None:
    even = antagonists("round-robin", 1.2, 1, 5.0, size=20)
    ours = antagonists("ours-local", 1.2, 1, 5.0, size=20)
    assert ours[1] < even[1] / 2
