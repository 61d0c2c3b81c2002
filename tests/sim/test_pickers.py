"""The bench's rivals do what is published of them."""

import random

import pytest

from proxy.contract.model import Endpoint
from proxy.routing.balancer import Picker
from proxy.routing.candidate import Candidate
from tests.bench.feedback.pickers import (
    Arm,
    LeastLoaded,
    LeastRequest,
    LinkerdLike,
    PeakEwma,
    PrequalLike,
    RoundRobin,
)


def made(kind: type[Arm], count: int = 4) -> tuple[Arm, list[Candidate]]:
    arm = kind(random.Random(5).random)
    arm.update([Endpoint(f"{number}:1") for number in range(count)])
    return arm, list(arm.candidates.values())


@pytest.mark.parametrize("kind", [RoundRobin, LeastRequest, LeastLoaded, PeakEwma, LinkerdLike])
def test_each_keeps_to_healthy_endpoints_and_avoids_what_failed(kind: type[Arm]) -> None:
    arm: Picker = kind(random.Random(5).random)
    assert arm.pick(0.0) is None
    arm.update([Endpoint("a:1"), Endpoint("b:1", healthy=False), Endpoint("c:1")])
    a, _, c = arm.candidates.values()
    assert {arm.pick(0.0) for _ in range(20)} == {a, c}
    assert arm.pick(0.0, avoid=[a]) is c
    assert arm.pick(0.0, avoid=[a, c]) is None


def test_least_loaded_takes_the_fewest_open() -> None:
    arm, candidates = made(LeastLoaded)
    for number, candidate in enumerate(candidates[:3]):
        candidate.begin(number, 0.0)
    assert arm.pick(0.0) is candidates[3]


def test_peak_ewma_takes_failures_for_answers_and_the_linkerd_like_does_not() -> None:
    for kind, share in ((PeakEwma, 1.0), (LinkerdLike, 0.0)):
        arm, candidates = made(kind, 2)
        arm.observe(candidates[0], 0.001, True, 10.0)
        arm.observe(candidates[1], 0.1, False, 10.0)
        picked = [arm.pick(10.0) for _ in range(20)]
        assert picked.count(candidates[0]) / 20 == share


def test_the_unified_breaker_opens_and_lets_one_probe_through() -> None:
    arm, candidates = made(LinkerdLike)
    for _ in range(7):
        arm.observe(candidates[0], 0.001, True, 100.0)
    assert candidates[0] not in {arm.pick(100.5) for _ in range(50)}
    picked = [arm.pick(102.0) for _ in range(50)]
    assert picked.count(candidates[0]) == 1
    arm.observe(candidates[0], 0.001, False, 102.0)
    for candidate in candidates[1:]:
        arm.observe(candidate, 30.0, False, 102.0)
    assert candidates[0] in {arm.pick(130.0) for _ in range(50)}


def test_prequal_prefers_the_cold_and_quick_it_heard_of() -> None:
    asked: list[str] = []
    arm = PrequalLike(random.Random(5).random, lambda picker, address: asked.append(address))
    arm.update([Endpoint(f"{number}:1") for number in range(11)])
    assert arm.pick(0.0) is not None
    assert len(asked) == PrequalLike.PROBES
    for flight, latency, address in ((9, 0.001, "0:1"), (1, 0.05, "1:1"), (1, 0.02, "2:1")):
        arm.answered(address, flight, latency, 0.0)
    picked = arm.pick(0.1)
    assert picked is not None
    assert picked.endpoint.address == "2:1"
    arm.observe(arm.candidates["2:1"], 0.001, True, 0.1)
    arm.answered("2:1", 1, 0.001, 0.2)
    arm.answered("1:1", 1, 0.05, 0.2)
    picked = arm.pick(0.2)
    assert picked is not None
    assert picked.endpoint.address == "1:1"
