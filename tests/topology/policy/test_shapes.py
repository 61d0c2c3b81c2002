"""The shape of the value under a key, by location."""

import pytest

from topology.policy import shapes
from topology.policy.models import Harm, Policy, RetryPolicy, ServicePolicy
from topology.policy.notation import Address, Choice, Duration, Whole


def test_concepts_lie_within_each_other() -> None:
    assert shapes.at(()).concept is Policy
    assert shapes.at(("services", "b")).concept is ServicePolicy
    assert shapes.at(("services", "b", "retries")).concept is RetryPolicy
    assert shapes.at(("services", "b", "guard")).concept is Harm


def test_values_have_a_notation_and_collections_items() -> None:
    split, endpoints = shapes.at(("services", "b", "split")), shapes.at(("services", "b", "endpoints"))
    assert (split.named, endpoints.named) == (True, False)
    assert isinstance(shapes.at(("services", "b", "split", "v1")).notation, Whole)
    assert isinstance(shapes.at(("services", "b", "endpoints", 0)).notation, Address)
    assert isinstance(shapes.at(("services", "b", "retries", "on", 0)).notation, Choice)
    assert isinstance(shapes.at(("services", "b", "timeout")).notation, Duration)


@pytest.mark.parametrize("location", [("colour",), ("services", "b", "stage", "x")])
def test_nothing_is_where_no_key_is(location: tuple[str, ...]) -> None:
    with pytest.raises(KeyError):
        shapes.at(location)
