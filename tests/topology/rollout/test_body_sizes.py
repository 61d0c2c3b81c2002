"""Sizes of responses: empty and short ones are seen whatever their share, chance and trifles are not."""

import random
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.histogram import Histogram
from tests.topology.fleet import histogram
from topology.rollout.body_sizes import sizes

Z = 1.96


def drawn(
    rng: random.Random, count: int, bad: float = 0.0, bad_size: int = 0, scale: float = 1.0
) -> Histogram:
    """Bodies of a heavy tail, of which a share has another size."""
    return histogram(
        *(
            bad_size if rng.random() < bad else int(scale * 900 * rng.lognormvariate(0, 1.5))
            for _ in range(count)
        )
    )


def test_without_sizes_of_both_arms_nothing_is_compared() -> None:
    some = histogram(1, 2)
    for direct, routed in ((None, some), (some, None), (Histogram(), some), (some, Histogram())):
        assert sizes(direct, routed, Z) is None


@pytest.mark.parametrize(
    ("direct", "routed", "larger", "words"),
    [
        ((300, 0), (0, 0), False, "100.00 % of the responses to routed requests have an empty body, 50.00 %"),
        (
            (1000, 1000),
            (1000, 16),
            False,
            "50.00 % of the responses to routed requests have a body of at most 16",
        ),
        (
            (1000, 0),
            (1000, 1000),
            True,
            "100.00 % of the responses to routed requests have a body of more than 0",
        ),
        (
            (64, 64),
            (64, 4096),
            True,
            "50.00 % of the responses to routed requests have a body of more than 79",
        ),
    ],
)
def test_empty_short_and_long_bodies_in_part_of_an_arm(
    direct: tuple[int, int], routed: tuple[int, int], larger: bool, words: str
) -> None:
    found = sizes(histogram(*direct * 500), histogram(*routed * 500), Z)
    assert found is not None
    assert (found.difference, found.larger, found.significant) == (0.5, larger, True)
    assert found.words.startswith(words)


@pytest.mark.parametrize(("bad", "size"), [((0.33, 0.60), 0), ((0.0, 0.1), 0), ((0.33, 0.6), 11)])
def test_a_part_that_moves_no_median_is_seen(bad: tuple[float, float], size: int) -> None:
    rng = random.Random(3)
    found = sizes(drawn(rng, 1000, bad[0], size), drawn(rng, 1000, bad[1], size), Z)
    assert found is not None
    assert (found.significant, found.larger, found.routed_bytes >= size) == (True, False, True)
    assert found.difference == pytest.approx(bad[1] - bad[0], abs=0.06)


def test_what_differs_by_less_than_a_fifth_is_alike() -> None:
    for one, other in ((1000, 1180), (1180, 1000), (10, 11)):
        found = sizes(histogram(*[one] * 5000), histogram(*[other] * 5000), Z)
        assert found is not None
        assert (found.difference, found.significant) == (0.0, False)
    rng = random.Random(4)
    found = sizes(drawn(rng, 20_000), drawn(rng, 20_000, scale=1.1), Z)
    assert found is not None
    assert not found.significant


@given(
    st.lists(st.integers(0, 10**9), min_size=1), st.lists(st.integers(0, 10**9), min_size=1), st.floats(0, 6)
)
def test_the_interval_holds_a_difference_of_true_shares(one: list[int], other: list[int], z: float) -> None:
    found = sizes(histogram(*one), histogram(*other), z)
    assert found is not None
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert found.difference >= 0
    for share, values, limit in (
        (found.before, one, found.direct_bytes),
        (found.after, other, found.routed_bytes),
    ):
        # A bound is rounded down to bytes, and the greatest values of its bucket may be one beyond.
        within = [sum((value > edge) is found.larger for value in values) for edge in (limit, limit + 1)]
        assert min(within) <= round(share * len(values)) <= max(within)


def test_chance_is_called_a_difference_no_more_often_than_allowed() -> None:
    """Four hundred comparisons of arms that are alike, at a level of a tenth, of values few and far apart."""
    rng, z = random.Random(5), NormalDist().inv_cdf(0.9)
    values = (0, 0, 120, 450, 2000, 90_000)
    wrong = 0
    for _ in range(400):
        direct, routed = (histogram(*rng.choices(values, k=count)) for count in (300, 120))
        found = sizes(direct, routed, z)
        wrong += found is not None and found.significant
    assert wrong <= 40
