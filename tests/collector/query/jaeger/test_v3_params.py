"""v3's query strings: names old and new, RFC 3339, and the one line for what is wrong."""

import re

import pytest

from collector.query.errors import BadValueError
from collector.query.jaeger import v3_params
from collector.query.params import Window
from collector.query.search.span_conditions import Search
from tests.collector.query.world import NOW_US


def test_nothing_given_is_the_last_hour() -> None:
    assert v3_params.search({}, NOW_US) == Search(Window(NOW_US - 3_600_000_000, NOW_US))
    early = {"query.startTimeMax": "1970-01-01T00:00:05Z"}
    assert v3_params.search(early, NOW_US).window == Window(0, 5_000_000)


def test_everything_given() -> None:
    query = {
        "query.serviceName": "shop",
        "query.operationName": "GET /",
        "query.attributes": '{"error":"true"}',
        "query.searchDepth": "5",
        "query.rawTraces": "true",
        "query.startTimeMin": "2026-11-21T07:00:00.123456789Z",
        "query.startTimeMax": "2026-11-21T09:00:00+01:00",
        "query.durationMin": "1ms",
        "query.durationMax": "1s",
    }
    hour = 3_600_000_000
    start = 1_795_248_000_000_000 // hour * hour  # 2026-11-21T08:00:00Z
    window = Window(start - hour + 123_456, start)
    assert v3_params.search(query, NOW_US) == Search(
        window, "shop", "GET /", (("error", "true"),), 1_000_000, 1_000_000_000, 5
    )


def test_aliases_count_where_todays_names_are_missing() -> None:
    old = {"query.service_name": "a", "query.num_traces": "7", "query.duration_min": "1s"}
    found = v3_params.search(old, NOW_US)
    assert (found.service, found.limit, found.min_duration) == ("a", 7, 10**9)
    assert v3_params.search({**old, "query.serviceName": "b"}, NOW_US).service == "b"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"query.startTimeMin": "yesterday"}, "query.startTimeMin is 'yesterday': write RFC 3339"),
        ({"query.startTimeMin": "2026-11-21T08:00:00"}, "write RFC 3339"),
        ({"query.startTimeMax": "0001-01-01T00:00:00Z"}, "write RFC 3339"),
        ({"query.startTimeMin": "2030-01-01T00:00:00Z"}, "it is after startTimeMax"),
        ({"query.durationMin": "5"}, "query.durationMin is '5': write a number with a unit"),
        ({"query.durationMin": "2s", "query.durationMax": "1s"}, "it is above durationMax"),
        ({"query.searchDepth": "0"}, "query.searchDepth is '0': write a whole number from 1 to 1500"),
        ({"query.attributes": "a=b"}, "query.attributes is 'a=b': write a JSON object"),
    ],
)
def test_a_bad_value_names_key_value_and_fix(query: dict[str, str], message: str) -> None:
    with pytest.raises(BadValueError, match=re.escape(message)):
        v3_params.search(query, NOW_US)
