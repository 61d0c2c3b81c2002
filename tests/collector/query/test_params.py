"""Query strings to values: what is taken, and the one line for everything that is not."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from collector.query import params
from collector.query.errors import BadValueError
from collector.query.params import Window
from proxy.contract.api import route
from proxy.contract.api.parameters import Choice, Duration, Whole

NOW = 1_795_248_000_000_000
HOUR = 3_600_000_000
LIMIT = Whole(name="limit", meaning="", low=1, high=1500, default=20)
START, END = route.window("")
SHORTEST = Duration(name="minDuration", meaning="")
LONGEST = Duration(name="maxDuration", meaning="")
KIND = Choice(name="kind", meaning="", choices=("a", "b", "c"), required=True)


# Where a search ends at the latest.
SETTLED = NOW - params.SETTLE_US


def test_absent_and_empty_values_take_the_default() -> None:
    for query in ({}, {"limit": "", "start": "", "end": "", "minDuration": "", "lookback": "", "tags": ""}):
        assert params.read(query, LIMIT) == 20
        assert params.read(query, SHORTEST) is None
        assert params.search_window(query, NOW) == Window(NOW - HOUR, SETTLED)
        assert params.window(query, NOW, 60_000_000) == Window(NOW - 60_000_000, NOW)
        assert params.span_kind(query) == ""
    assert params.tags([], [""]) == ()


def test_lookback_counts_only_without_a_start() -> None:
    assert params.search_window({"lookback": "2h"}, NOW) == Window(NOW - 2 * HOUR, SETTLED)
    assert params.search_window({"lookback": "2h", "end": str(NOW - HOUR)}, NOW).start == NOW - 3 * HOUR
    given_start = {"lookback": "2h", "start": str(NOW - HOUR), "end": str(NOW)}
    assert params.search_window(given_start, NOW) == Window(NOW - HOUR, SETTLED)
    assert params.search_window({"lookback": "custom", "start": "0"}, NOW) == Window(0, SETTLED)


def test_a_search_leaves_out_what_may_still_be_arriving() -> None:
    past = {"start": "0", "end": str(NOW - HOUR)}
    assert params.search_window(past, NOW) == Window(0, NOW - HOUR)
    just_now = {"start": str(NOW - 5), "end": str(NOW)}
    assert params.search_window(just_now, NOW) == Window(NOW - 5, NOW - 5)


def test_dependencies_count_in_milliseconds() -> None:
    assert params.dependency_window({"endTs": "1795248000000", "lookback": "60000"}, 0) == Window(
        NOW - 60_000_000, NOW
    )
    assert params.dependency_window({}, NOW) == Window(NOW - 24 * HOUR, NOW)
    assert params.dependency_window({"endTs": "5", "lookback": "10"}, NOW) == Window(0, 5_000)


def test_tags_of_both_forms_are_joined_in_order_of_key() -> None:
    found = params.tags(["url:http://a:80/b", "zone:eu"], ['{"error":true,"http.code":500}', '{"a":"x:y"}'])
    assert found == (
        ("a", "x:y"),
        ("error", "true"),
        ("http.code", "500"),
        ("url", "http://a:80/b"),
        ("zone", "eu"),
    )


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("0AF7651916CD43DD8448EB211C80319C", "0af7651916cd43dd8448eb211c80319c"),
        ("a3ce929d0e0e4736", "0000000000000000a3ce929d0e0e4736"),
        ("1", "00000000000000000000000000000001"),
    ],
)
def test_trace_ids(text: str, stored: str) -> None:
    assert params.trace_id(text) == stored


def test_steps() -> None:
    hour = Window(NOW - HOUR, NOW)
    assert params.step({}, hour) == 60
    assert params.step({}, Window(NOW - 1, NOW)) == 1
    assert params.step({"step": "5"}, hour) == 5


BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: params.read({"start": "abc"}, START), "start is 'abc': write microseconds"),
    (lambda: params.read({"start": "1.5"}, START), "start is '1.5'"),
    (lambda: params.read({"start": "-1"}, START), "start is '-1'"),
    (lambda: params.read({"start": "9" * 25}, START), "write microseconds"),
    (lambda: params.read({"end": "1795248000"}, END), "looks like seconds"),
    (lambda: params.read({"end": "1795248000000"}, END), "looks like milliseconds"),
    (lambda: params.read({"end": "1795248000000000000"}, END), "write microseconds"),
    (lambda: params.window({"start": str(NOW + 1)}, NOW, 1), "1795248000000001: it must not be after"),
    (lambda: params.read({"minDuration": "5"}, SHORTEST), "minDuration is '5': write a number"),
    (lambda: params.read({"minDuration": "-5ms"}, SHORTEST), "minDuration is '-5ms'"),
    (lambda: params.read({"minDuration": "5ms "}, SHORTEST), "minDuration is '5ms '"),
    (lambda: params.read({"maxDuration": "999999999d"}, LONGEST), "below 146 years"),
    (lambda: params.search_window({"lookback": "yesterday"}, NOW), "lookback is 'yesterday'"),
    (lambda: params.dependency_window({"lookback": "1h"}, NOW), "lookback is '1h': write a whole number"),
    (lambda: params.dependency_window({"endTs": str(NOW)}, NOW), "endTs is"),
    (lambda: params.read({"limit": "0"}, LIMIT), "limit is '0': write a whole number from 1"),
    (lambda: params.read({"limit": "1501"}, LIMIT), "from 1 to 1500"),
    (lambda: params.read({"limit": "many"}, LIMIT), "limit is 'many'"),
    (lambda: params.read({"limit": "٣"}, LIMIT), "limit is"),
    (lambda: params.read({}, KIND), "kind is '': write one of a, b, c"),
    (lambda: params.step({"step": "0"}, Window(0, HOUR)), "step is '0'"),
    (lambda: params.step({"step": "1"}, Window(0, 24 * HOUR)), "step is 1: write 44 or more"),
    (lambda: params.tags(["error"], []), "tag is 'error': write tag=key:value"),
    (lambda: params.tags([":x"], []), "tag is ':x'"),
    (lambda: params.tags([], ["{"]), "tags is '{': write a JSON object"),
    (lambda: params.tags([], ['["a"]']), "write a JSON object"),
    (lambda: params.tags([], ['{"a":null}']), "write a JSON object"),
    (lambda: params.tags([], ['{"a":{"b":1}}']), "write a JSON object"),
    (lambda: params.tags([], ['{"a":"\\ud800"}']), "write a JSON object"),
    (lambda: params.tags([], ["[" * 100_000]), "write a JSON object"),
    (lambda: params.trace_id(""), "traceID is ''"),
    (lambda: params.trace_id("xyz"), "traceID is 'xyz': write 1 to 32 hexadecimal digits"),
    (lambda: params.trace_id("0" * 32), "not all zero"),
    (lambda: params.trace_id("a" * 33), "write 1 to 32"),
    (lambda: params.span_kind({"spanKind": "sever"}), "spanKind is 'sever': write one of client, server"),
]


@pytest.mark.parametrize(("parse", "message"), BAD, ids=[message for _, message in BAD])
def test_a_bad_value_names_key_value_and_fix(parse: Callable[[], Any], message: str) -> None:
    with pytest.raises(BadValueError, match=re.escape(message)) as caught:
        parse()
    assert len(str(caught.value)) < 300
    assert caught.value.status == 400
