"""Routes over stored traces: what they refuse, and with which words."""

from typing import Any

import pytest

from tests.collector.query.world import World


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "selection is '': write one of errors, slow, q"),
        ({"selection": "fast"}, "selection is 'fast'"),
        ({"selection": "q"}, "q is missing: write which traces are selected"),
        ({"selection": "q", "q": "{ status = }"}, "q, column"),
        ({"selection": "q", "q": '{ name =~ "(" }'}, "this is no regular expression"),
        ({"selection": "slow", "min_duration": "5"}, "min_duration is '5'"),
        ({"selection": "slow", "min_duration": "5s", "max_duration": "1s"}, "min_duration is '5s'"),
        ({"selection": "errors", "q": "{"}, "q, column 2"),
        ({"selection": "slow", "sample": "5"}, "sample is '5': write a whole number from 10 to 5000"),
    ],
)
def test_a_bad_value_for_attributes_is_a_400_that_names_key_value_and_fix(
    world: World, query: dict[str, Any], message: str
) -> None:
    status, told = world.refused("/api/mesh/search/different", **query)
    assert (status, message in told) == (400, True)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"service": "a"}, "service or operation is missing"),
        ({"service": "a", "operation": "b", "limit": "9999"}, "limit is '9999': write a whole number from 1"),
        ({"service": "a", "operation": "b", "start": "now"}, "start is 'now'"),
    ],
)
def test_a_bad_value_for_aggregate_is_a_400_that_names_key_value_and_fix(
    world: World, query: dict[str, Any], message: str
) -> None:
    status, told = world.refused("/api/mesh/aggregate", **query)
    assert (status, message in told) == (400, True)
