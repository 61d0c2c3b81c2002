"""Routes of log records: what they refuse, and with which words."""

from typing import Any

import pytest

from tests.collector.query.logs.test_records import PATH, Log, write
from tests.collector.query.world import ONE, TWO, World


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"trace": "x"}, "trace is 'x': write 1 to 32 hexadecimal digits"),
        ({"span": "aa"}, "trace is missing: add trace=ID"),
        ({"trace": ONE, "span": "0" * 17}, "span is '00000000000000000': write 1 to 16 hexadecimal digits"),
        ({"severity": "loud"}, "severity is 'loud': write one of trace, debug, info"),
        ({"dir": "up"}, "dir is 'up': write desc or asc"),
        ({"limit": "1001"}, "limit is '1001': write a whole number from 1 to 1000"),
        ({"lookback": "soon"}, "lookback is 'soon'"),
        ({"start": "1", "end": "0"}, "start is 1: it must not be after end"),
        ({"cursor": "abc"}, "cursor is 'abc'"),
    ],
)
def test_a_bad_value_is_a_400_that_names_key_value_and_fix(
    world: World, query: dict[str, Any], message: str
) -> None:
    status, text = world.refused(PATH, **query)
    assert (status, message in text) == (400, True), text


def test_spans_need_a_trace_and_a_cursor_its_own_search(world: World) -> None:
    assert world.refused(f"{PATH}/spans") == (
        400,
        "trace is missing: add trace=ID, 1 to 32 hexadecimal digits",
    )
    write(world, Log("one"), Log("two"))
    cursor = world.get(PATH, trace=ONE, limit=1)["next"]
    status, text = world.refused(PATH, trace=TWO, cursor=cursor)
    assert (status, "belongs to another search" in text) == (400, True)
