"""One endpoint's latency and load, by arithmetic."""

import pytest

from proxy.contract.model import Endpoint
from proxy.routing.candidate import DECAY, DEFAULT_LATENCY, Candidate


def test_rest_does_not_make_an_endpoint_look_faster_than_usual() -> None:
    a = Candidate(Endpoint("a:1"))
    a.sample(0.4, 0.0)
    assert a.latency(DECAY, usual=0.02) == pytest.approx(0.4 / 2.718281828)
    assert a.latency(100.0, usual=0.02) == 0.02
    a.sample(0.01, 200.0)
    quick = a.latency(200.0)
    assert a.latency(300.0, usual=2 * quick) == quick


def test_a_peak_counts_at_once_and_decays() -> None:
    a = Candidate(Endpoint("a:1"))
    a.sample(0.01, 0.0)
    a.sample(1.0, 1.0)
    assert a.latency(1.0) == 1.0
    assert a.latency(1.0 + DECAY) == pytest.approx(1.0 / 2.718281828)


def test_of_unexplained_speed_neither_latency_nor_few_open_requests_are_a_merit() -> None:
    quick, usual = Candidate(Endpoint("a:1")), Candidate(Endpoint("b:1"))
    for candidate, latency in ((quick, 0.001), (usual, 0.04)):
        candidate.sample(latency, 0.0)
        candidate.learn(latency, 0.0)
        candidate.pace = 0.04
    assert quick.load(0.0) < usual.load(0.0)
    assert quick.load(0.0, 0.04) == pytest.approx(0.04**2)
    for candidate in (quick, usual):
        candidate.begin("request", 1.0)
    quick.end("request")
    assert quick.load(1.0, 0.04) == pytest.approx(2 * 0.04**2)
    assert quick.load(2.0, 0.04) == pytest.approx(0.04**2)
    # A request that waited to be sent is older than the last one that was.
    assert quick.load(0.9, 0.04) == quick.load(1.0, 0.04)
    quick.begin("another", 0.0)
    assert quick.load(0.0, 1e-9) > 0
    # Three times as fast is a better endpoint, and gets more.
    better = Candidate(Endpoint("c:1"))
    better.sample(0.013, 0.0)
    better.learn(0.013, 0.0)
    assert better.load(0.0, 0.04) < usual.load(0.0, 0.04) / 9


def test_what_is_typical_falls_quickly_and_rises_slowly() -> None:
    a = Candidate(Endpoint("a:1"))
    a.learn(0.1, 0.0)
    assert a.typical == 0.1
    for _ in range(30):
        a.learn(0.05, 0.0)
    assert a.typical == pytest.approx(0.05, rel=0.1)
    for second in range(10):
        a.learn(5.0, float(second))
    assert a.typical < 0.07
    assert a.pace == DEFAULT_LATENCY


def test_an_endpoint_that_wants_to_be_spared_takes_what_is_left_of_that() -> None:
    a = Candidate(Endpoint("a:1"))
    a.sample(0.04, 0.0)
    a.spared = 5.0
    assert a.latency(1.0) == 4.0
    assert a.latency(5.0) < 0.04
