"""Who is chosen where an endpoint answers at once and not what its peers do."""

import heapq
import random

import pytest

from proxy.contract.model import Endpoint
from proxy.contract.traffic import Answer
from proxy.routing.balancer import Balancer
from proxy.routing.breaker import State
from proxy.routing.candidate import Candidate
from tests.proxy.routing.test_balancer import two


def played(
    count: int, quick: dict[int, Answer], rate: float = 100.0, seconds: float = 30.0, part: float = 1.0
) -> tuple[list[int], Balancer]:
    """Requests at each endpoint of ``count``; some answer a part of theirs in 0.7 ms, others in 40 ms."""
    rng = random.Random(count)
    balancer = Balancer(rng.random)
    balancer.update([Endpoint(f"10.0.0.{number}:80") for number in range(count)])
    numbers = {candidate: number for number, candidate in enumerate(balancer.candidates.values())}
    served = [0] * count
    under_way: list[tuple[float, int, Candidate, float, Answer]] = []
    now = 0.0
    for request in range(int(rate * seconds)):
        now += rng.expovariate(rate)
        while under_way and under_way[0][0] <= now:
            end, key, candidate, latency, answer = heapq.heappop(under_way)
            candidate.end(key)
            balancer.observe(candidate, latency, answer is Answer.FAILED, end, answer)
        chosen = balancer.pick(now)
        assert chosen is not None
        number = numbers[chosen]
        served[number] += 1
        odd = number in quick and rng.random() < part
        latency, answer = (0.0007, quick[number]) if odd else (rng.gauss(0.04, 0.002), Answer.OK)
        chosen.begin(request, now)
        heapq.heappush(under_way, (now + latency, request, chosen, latency, answer))
    return served, balancer


@pytest.mark.parametrize("count", [3, 5, 11])
@pytest.mark.parametrize("rate", [20.0, 400.0])
def test_quick_answers_that_no_status_tells_get_no_more_than_twice_their_share(
    count: int, rate: float
) -> None:
    for quick in (range(1), range(max(1, 2 * (count - 1) // 5))):
        served, _ = played(count, dict.fromkeys(quick, Answer.OK), rate)
        assert max(served) <= 1.05 * 2 * sum(served) / count  # it is a draw
        assert min(served) > 0.25 * sum(served) / count


@pytest.mark.parametrize("count", [3, 11])
@pytest.mark.parametrize("answer", [Answer.REFUSED, Answer.REDIRECT])
def test_quick_answers_that_no_peer_gives_soon_get_next_to_nothing(count: int, answer: Answer) -> None:
    served, balancer = played(count, {0: answer})
    assert served[0] < 20
    assert balancer.news(30.0)


def test_quick_answers_that_all_give_alike_are_nobodys_fault() -> None:
    served, balancer = played(3, dict.fromkeys(range(3), Answer.REFUSED), part=0.4)
    assert min(served) > 0.8 * max(served)
    assert all(candidate.breaker.state is State.CLOSED for candidate in balancer.candidates.values())
    alike, _ = played(3, dict.fromkeys(range(3), Answer.REDIRECT))
    assert min(alike) > 0.8 * max(alike)


def test_one_that_sheds_half_of_its_load_gets_less_than_its_share_and_is_not_cut_off() -> None:
    served, balancer = played(3, {0: Answer.SHED}, part=0.5)
    assert 10 < served[0] < 0.5 * sum(served) / 3
    assert balancer.candidates["10.0.0.0:80"].breaker.state is State.CLOSED


def test_where_all_shed_load_all_get_some() -> None:
    served, _ = played(3, dict.fromkeys(range(3), Answer.SHED))
    assert min(served) > 0.5 * max(served)


@pytest.mark.parametrize(("retry_after", "spared"), [(0.0, 1.0), (4.0, 4.0), (1e9, 30.0)])
def test_an_endpoint_is_spared_for_as_long_as_it_asks_within_bounds(
    retry_after: float, spared: float
) -> None:
    balancer, a, b = two()
    for candidate in (a, b):
        balancer.observe(candidate, 0.04, False, 0.0, Answer.OK)
    balancer.observe(a, 0.001, False, 1.0, Answer.SHED, retry_after)
    assert a.latency(1.0) == pytest.approx(spared)
    assert {balancer.pick(1.1) for _ in range(20)} == {b}
    assert a.latency(1.1 + spared) < 0.1
    assert a in {balancer.pick(1.1 + spared) for _ in range(20)}
