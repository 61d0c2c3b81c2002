"""Query strings of searches: what is refused, and with which words."""

from typing import Any

import pytest

from tests.collector.query.world import World


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"order": "size"}, "order is 'size': write one of start, duration, spans, errors, services, root"),
        ({"dir": "up"}, "dir is 'up': write desc or asc"),
        ({"limit": "0"}, "limit is '0': write a whole number from 1 to 1000"),
        ({"errors": "yes"}, "errors is 'yes': write true or false"),
        ({"min_duration": "5"}, "min_duration is '5': write a number with a unit"),
        ({"min_duration": "2s", "max_duration": "1s"}, "it must not be above max_duration"),
        ({"start": "1", "end": "0"}, "it must not be after end"),
        ({"cursor": "no"}, "cursor is 'no': send the cursor of the reply before unchanged"),
        ({"cursor": "WzEsMl0"}, "send the cursor of the reply before unchanged"),
        ({"cursor": "x" * 5000}, "send the cursor of the reply before unchanged"),
    ],
)
def test_a_bad_value_is_a_400_that_names_key_value_and_fix(
    world: World, query: dict[str, Any], message: str
) -> None:
    status, told = world.refused("/api/mesh/search", **query)
    assert status == 400
    assert message in told
