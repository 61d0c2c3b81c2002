"""The whole judgement, report to decision, on simulated fleets."""

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.contract.decisions.evidence import Ejection, FailureComparison
from proxy.contract.model import EndpointState, Node, NodeState
from proxy.contract.service_id import ServiceId
from tests.support.extent import sized
from tests.topology.fleet import Behaviour, Fleet, address, fine, kinds
from topology.model.decisions import Decision

BAD = address(2)


def grounds(made: Decision) -> FailureComparison:
    assert isinstance(made.evidence, Ejection)
    assert isinstance(made.evidence.grounds, FailureComparison)
    return made.evidence.grounds


def failing(*endpoints: int, share: float = 1.0, seed: int = 3) -> Behaviour:
    rng = random.Random(seed)

    def behaviour(reporter: int, endpoint: int, now: float) -> tuple[float, bool] | None:
        return (0.001, True) if endpoint in endpoints and rng.random() < share else (0.02, False)

    return behaviour


def slow(*endpoints: int, factor: float = 10.0) -> Behaviour:
    return lambda reporter, endpoint, now: (0.02 * factor if endpoint in endpoints else 0.02, False)


def stalled(*endpoints: int) -> Behaviour:
    return lambda reporter, endpoint, now: None if endpoint in endpoints else (0.02, False)


@pytest.mark.parametrize(("endpoints", "reporters", "per_report"), [(11, 20, 0.25), (3, 4, 2.0), (2, 1, 5.0)])
def test_an_endpoint_that_fails_everything_is_out_within_a_second(
    endpoints: int, reporters: int, per_report: float
) -> None:
    fleet = Fleet(endpoints, reporters, per_report)
    fleet.run(10)
    bad = endpoints - 1
    made = fleet.run(1.25, failing(bad))
    assert kinds(made, "eject", "hold") == [("eject", address(bad))]
    (decision,) = [each for each in made if each.kind == "eject"]
    assert decision.reason.startswith(f"{address(bad)} failed ")
    found = grounds(decision)
    assert found.errors >= 5
    assert len(found.reporters) >= min(2, reporters)


def test_a_gray_endpoint_that_fails_a_fifth_is_found_from_many_quiet_reporters() -> None:
    fleet = Fleet(11, 20, 0.5)
    fleet.run(20)
    assert set(kinds(fleet.run(8, failing(2, share=0.2)), "eject")) == {("eject", BAD)}


def test_a_slow_endpoint_is_found_by_its_latency() -> None:
    fleet = Fleet(11, 20, 0.5)
    fleet.run(10)
    made = fleet.run(7, slow(2))
    assert kinds(made, "eject") == [("eject", BAD)]
    assert "ms, its peers" in next(each.reason for each in made if each.kind == "eject")


def test_a_stall_of_what_never_answered_is_waited_for_longer() -> None:
    fleet = Fleet(11, 20, 0.5)
    assert kinds(fleet.run(0.75, stalled(2)), "eject") == []
    assert kinds(fleet.run(2, stalled(2)), "eject") == [("eject", BAD)]


def test_what_is_new_and_slow_from_the_start_is_not_ejected_while_it_may_warm_up() -> None:
    fleet = Fleet(5, 10, 2)
    assert kinds(fleet.run(25, slow(2, factor=25)), "eject") == []
    assert set(kinds(fleet.run(15, slow(2, factor=25)), "eject")) == {("eject", BAD)}


def test_what_is_slow_for_a_moment_or_less_than_extremely_is_left_to_weights_and_sidecars() -> None:
    fleet = Fleet(11, 20, 0.5)
    fleet.run(10)
    queue = kinds(fleet.run(4, slow(2)) + fleet.run(30), "eject")
    neighbours = fleet.run(30, slow(2, 3, 4, factor=5.0))
    assert queue + kinds(neighbours, "eject") == []
    assert {address(2), address(3), address(4)} <= {end for _, end in kinds(neighbours, "weight")}


def test_a_stalled_endpoint_is_found_though_it_answers_nothing() -> None:
    fleet = Fleet(11, 20, 0.5)
    fleet.run(10)
    made = fleet.run(1, stalled(2))
    assert kinds(made, "eject") == [("eject", BAD)]
    assert "has answered nothing for" in next(each.reason for each in made if each.kind == "eject")


@pytest.mark.parametrize("fault", [failing, slow, stalled])
def test_when_all_are_bad_none_is_ejected(fault: Callable[..., Behaviour]) -> None:
    fleet = Fleet(6, 5)
    fleet.run(10)
    assert kinds(fleet.run(20, fault(*range(6))), "eject") == []


def test_when_all_fail_the_mesh_says_that_it_holds() -> None:
    fleet = Fleet(6, 5)
    fleet.run(10)
    holds = [each for each in fleet.run(10, failing(*range(6))) if each.kind == "hold"]
    assert len(holds) == 1
    assert "share the cause" in holds[0].reason


@pytest.mark.parametrize("bad", [5, 6, 10])
def test_most_of_eleven_are_ejected_while_the_others_bear_it(bad: int) -> None:
    fleet = Fleet(11, 20, 0.5)
    fleet.run(20)
    fleet.run(4, failing(*range(bad)))
    assert fleet.ejected() == {address(number) for number in range(bad)}


def test_an_ordinary_rate_of_failures_ejects_nobody() -> None:
    fleet = Fleet(8, 10, 3.0)
    made = fleet.run(60, failing(*range(8), share=0.05))
    assert kinds(made, "eject") == []


def test_slightly_worse_than_its_peers_is_not_bad() -> None:
    fleet = Fleet(8, 10, 5.0)
    assert kinds(fleet.run(60, failing(2, share=0.04)), "eject") == []  # above the floor
    assert kinds(fleet.run(30, slow(2, factor=2.0)), "eject") == []


def test_it_returns_on_probation_and_then_at_full_weight() -> None:
    fleet = Fleet(5, 5)
    fleet.run(10)
    fleet.run(2, failing(2))
    made = fleet.run(30)
    assert kinds(made, "eject", "probation", "return") == [("probation", BAD), ("return", BAD)]
    assert all(view.state is EndpointState.HEALTHY and view.weight == 1.0 for view in fleet.view())


def test_probation_starts_at_a_tenth_and_rises() -> None:
    fleet = Fleet(5, 5)
    fleet.run(10)
    fleet.run(2, failing(2))
    weights: list[float] = []
    while not weights or fleet.view()[2].state is EndpointState.PROBATION:
        fleet.run(0.25)
        if fleet.view()[2].state is EndpointState.PROBATION:
            weights.append(fleet.view()[2].weight)
        elif weights:
            break
    assert weights[0] == 0.1
    assert weights == sorted(weights)
    assert weights[-1] >= 0.8


def test_ejections_back_off_while_it_stays_bad() -> None:
    fleet = Fleet(5, 5)
    fleet.run(10)
    times = [each.time for each in fleet.run(60, failing(2)) if each.kind == "eject"]
    gaps = [round(after - before) for before, after in pairwise(times)]
    assert gaps == [5, 10, 20]


def test_old_failures_do_not_keep_out_an_endpoint_that_got_no_calls_lately() -> None:
    """Turning routing on in the middle of an ejection stops the calls that kept it going."""
    fleet = Fleet(5, 5)
    fleet.run(10)
    made = fleet.run(9, failing(2))  # ejected for 5 s, and again for 10 s while still called
    assert len(kinds(made, "eject")) == 2
    fleet.endpoints = 2  # nobody calls the third and those after it any more
    assert kinds(fleet.run(8), "eject", "probation") == [("probation", BAD)]


def test_a_new_instance_at_the_same_address_starts_clean() -> None:
    fleet = Fleet(5, 5)
    fleet.run(10)
    fleet.run(2, failing(2))
    assert fleet.ejected() == {BAD}
    fleet.engine.disconnect("b2", fleet.now)
    fleet.engine.connect("b2-again", Node(ServiceId("b"), "other", BAD), "10.0.0.1", fleet.now)
    fleet.run(0.25)
    assert fleet.ejected() == set()


def test_an_ejected_instance_that_was_started_again_is_tried_before_it_is_trusted() -> None:
    fleet = Fleet(5, 5)
    fleet.run(10)
    fleet.run(2, failing(2))
    assert fleet.ejected() == {BAD}
    fleet.engine.connect("b2", Node(ServiceId("b"), "b2", BAD, generation="1"), "10.0.0.1", fleet.now)
    # Known to be another start only from the second generation on: the first may be a sidecar's upgrade.
    fleet.engine.tick(fleet.now)
    assert fleet.ejected() == {BAD}
    fleet.engine.connect("b2", Node(ServiceId("b"), "b2", BAD, generation="2"), "10.0.0.1", fleet.now)
    made = fleet.run(0.25)
    assert ("probation", BAD) in kinds(made, "probation")
    assert any("is another process than before" in each.reason for each in made)
    assert fleet.run(11)[-1].kind == "return"


def test_an_ejection_follows_its_process_to_another_address() -> None:
    fleet = Fleet(5, 5)
    fleet.engine.connect("b2", Node(ServiceId("b"), "b2", BAD, generation="1"), "10.0.0.1", fleet.now)
    fleet.run(10)
    fleet.run(2, failing(2))
    assert fleet.ejected() == {BAD}
    moved = Node(ServiceId("b"), "b2", "10.9.9.9:80", generation="1")
    fleet.engine.connect("b2", moved, "10.0.0.1", fleet.now)
    fleet.engine.tick(fleet.now)
    assert fleet.ejected() == {"10.9.9.9:80"}


def test_an_address_that_was_away_has_no_past() -> None:
    fleet = Fleet(5, 5)
    fleet.run(10)
    fleet.run(0.25, stalled(2))

    def open_requests() -> int:
        return sum(each.open for each in fleet.view() if each.address == BAD)

    assert open_requests() > 0
    fleet.engine.connect("b2", Node(ServiceId("b"), "b2", BAD, state=NodeState.DRAINING), "h", fleet.now)
    fleet.engine.disconnect("b2", fleet.now)
    fleet.engine.tick(fleet.now)
    fleet.engine.connect("new", Node(ServiceId("b"), "other", BAD), "10.0.0.1", fleet.now)
    fleet.engine.tick(fleet.now)
    assert open_requests() == 0


def test_endpoints_that_leave_bring_ejected_ones_back_under_the_cap() -> None:
    fleet = Fleet(4, 5)
    fleet.run(10)
    fleet.run(3, failing(0, 1))
    assert len(fleet.ejected()) == 2
    for gone in (2, 3):
        fleet.engine.connect(
            f"b{gone}",
            Node(ServiceId("b"), f"b{gone}", address(gone), state=NodeState.DRAINING),
            "10.0.0.1",
            fleet.now,
        )
    fleet.run(0.25, failing(0, 1))
    assert len(fleet.ejected()) == 1


@pytest.mark.parametrize("fault", ["failing", "slow", "dead"])
def test_one_client_with_a_bad_network_ejects_nobody(fault: str) -> None:
    outcome = {"failing": (0.5, True), "slow": (1.5, False), "dead": None}[fault]
    fleet = Fleet(6, 6, truth=fine)
    made = fleet.run(40, lambda reporter, endpoint, now: outcome if reporter == 0 else (0.02, False))
    assert kinds(made, "eject") == []
    assert all(view.weight == 1.0 for view in fleet.view())


def test_five_failures_of_a_breaker_that_opened_are_enough_for_a_lonely_reporter() -> None:
    """Its own breaker lets little more through; the fleet must come to the same verdict from that."""
    fleet = Fleet(3, 1, 3.5)
    fleet.run(20)
    failures = 0
    fleet.truth = failing(2)

    def behaviour(reporter: int, endpoint: int, now: float) -> tuple[float, bool] | None:
        nonlocal failures
        if endpoint != 2 or failures >= 5:
            return 0.02, False
        failures += 1
        return 0.001, True

    made = fleet.run(1, behaviour)
    for _ in range(3):
        if not kinds(made, "eject"):
            fleet.endpoints = 2  # nothing is sent to the third while the breaker is open
            made += fleet.run(1)
    assert kinds(made, "eject") == [("eject", BAD)]


@settings(max_examples=sized(25, 8))
@given(
    victims=st.sets(st.integers(0, 3), min_size=1, max_size=4),
    lie=st.sampled_from(["fails", "slow", "stalls", "flatters"]),
    honest=st.integers(2, 5),
    volume=st.integers(1, 40),
    seed=st.integers(0, 1000),
)
def test_one_lying_reporter_never_ejects_a_healthy_endpoint(
    victims: set[int], lie: str, honest: int, volume: int, seed: int
) -> None:
    """Reporter 0 makes up what it likes, in any amount; the others tell the truth."""

    def behaviour(reporter: int, endpoint: int, now: float) -> tuple[float, bool] | None:
        if reporter:
            return fine(reporter, endpoint, now)
        if endpoint in victims:
            told = {"fails": (0.02, True), "slow": (9.0, False), "stalls": None, "flatters": (0.02, False)}
            return told[lie]
        return (0.000001, False) if lie == "flatters" else (0.02, False)

    fleet = Fleet(4, honest + 1, seed=seed, truth=fine)
    fleet.run(3)
    for _ in range(10):
        made = fleet.run(1, lambda r, e, t: behaviour(r, e, t) if r else fine(r, e, t))
        for _ in range(volume // 10):
            fleet.report(0, behaviour)
        assert kinds(made, "eject") == []


@pytest.mark.parametrize("lie", [failing(2), slow(2, factor=50), stalled(2)], ids=["fails", "slow", "stalls"])
def test_any_number_of_made_up_reporters_is_one_witness(lie: Behaviour) -> None:
    """Twenty names that one client made up agree on a healthy endpoint; three sidecars know better."""

    def told(reporter: int, endpoint: int, now: float) -> tuple[float, bool] | None:
        return fine(reporter, endpoint, now) if reporter < 3 else lie(reporter, endpoint, now)

    fleet = Fleet(4, 23, truth=fine, streams=3)
    fleet.run(10)
    assert kinds(fleet.run(20, told), "eject") == []
    # With streams of their own they are a fleet, and what twenty sidecars see is so.
    fleet = Fleet(4, 23, truth=fine)
    fleet.run(10)
    assert ("eject", BAD) in kinds(fleet.run(10, told), "eject")


def test_reporters_without_a_stream_find_a_bad_endpoint_with_a_second_opinion() -> None:
    fleet = Fleet(4, 5, streams=0)
    fleet.run(10)
    made = fleet.run(2, failing(2))
    assert kinds(made, "eject") == [("eject", BAD)]
    (decision,) = [each for each in made if each.kind == "eject"]
    assert grounds(decision).confirmed
    assert "1 reporter" in decision.reason
