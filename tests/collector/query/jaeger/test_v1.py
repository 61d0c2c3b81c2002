"""Jaeger's routes: what a bad request is told, at the door of every route."""

import json
from typing import Any

import pytest

from tests.collector.query.world import NOW_US, ONE, SHORT, TWO, Calls, Span, World

BAD = [
    ("/api/traces", {"start": "yesterday"}, "start is 'yesterday': write microseconds since the epoch"),
    ("/api/traces", {"end": "1795248000"}, "end is '1795248000': this looks like seconds"),
    ("/api/traces", {"start": NOW_US, "end": NOW_US - 1}, "it must not be after end"),
    ("/api/traces", {"lookback": "soon"}, "lookback is 'soon'"),
    ("/api/traces", {"limit": "-1"}, "limit is '-1': write a whole number from 1 to 1500"),
    ("/api/traces", {"minDuration": "5"}, "minDuration is '5': write a number with a unit"),
    ("/api/traces", {"maxDuration": "fast"}, "maxDuration is 'fast'"),
    ("/api/traces", {"minDuration": "2s", "maxDuration": "1s"}, "it must not be above maxDuration"),
    ("/api/traces", {"tags": "error=true"}, "tags is 'error=true': write a JSON object of texts"),
    ("/api/traces", {"tag": "error"}, "tag is 'error': write tag=key:value"),
    ("/api/traces", {"raw": "si"}, "raw is 'si': write true or false"),
    (f"/api/traces/{ONE}", {"raw": "si"}, "raw is 'si': write true or false"),
    (f"/api/traces/{ONE}", {"start": "now"}, "start is 'now'"),
    ("/api/traces", {"order": "size"}, "order is 'size': write one of"),
    ("/api/traces", {"traceID": "zz"}, "traceID is 'zz': write 1 to 32 hexadecimal digits"),
    ("/api/traces/not-hex", {}, "traceID is 'not-hex': write 1 to 32 hexadecimal digits"),
    ("/api/traces/00000000", {}, "not all zero"),
    ("/api/operations", {"service": "a", "spanKind": "up"}, "spanKind is 'up': write one of client"),
    ("/api/operations", {}, "service is missing"),
    ("/api/dependencies", {"endTs": "now"}, "endTs is 'now': write a whole number"),
    ("/api/dependencies", {"lookback": "1h"}, "lookback is '1h': write a whole number"),
    ("/api/dependencies", {"lookback": "-5"}, "lookback is '-5'"),
]


@pytest.mark.parametrize(("path", "query", "message"), BAD, ids=[f"{path} {query}" for path, query, _ in BAD])
def test_a_bad_value_is_a_400_that_names_key_value_and_fix(
    world: World, path: str, query: dict[str, Any], message: str
) -> None:
    status, told = world.refused(path, **query)
    assert status == 400
    assert message in told


def test_what_jaegers_clients_send_beside_is_ignored(world: World) -> None:
    reply = world.get(
        "/api/traces",
        service="a",
        lookback="custom",
        limit="",
        maxDuration="",
        minDuration="",
        prettyPrint="true",
        start=NOW_US - 5,
        end=NOW_US,
        view="traces",
        tags="{}",
    )
    assert reply == {"data": [], "total": 0, "limit": 100, "offset": 0, "errors": None}


def test_ids_that_are_not_stored_are_told_beside_those_that_are(world: World) -> None:
    world.spans(Span(ONE))
    asked = [("traceID", trace_id) for trace_id in (ONE, TWO, SHORT[16:])]
    status, text = world.ask("GET", "/api/traces", asked)
    reply = json.loads(text)
    assert (status, [trace["traceID"] for trace in reply["data"]]) == (200, [ONE])
    assert [(each["traceID"], "is not stored" in each["msg"]) for each in reply["errors"]] == [
        (TWO, True),
        (SHORT[16:], True),
    ]


def test_raw_traces_come_without_warnings(world: World) -> None:
    world.spans(Span(ONE, parent="b" * 16))
    for path in (f"/api/traces/{ONE}", "/api/traces"):
        [trace] = world.get(path)["data"]
        assert trace["spans"][0]["warnings"] == [f"the parent span {'b' * 16} is not stored"]
        [trace] = world.get(path, raw="true")["data"]
        assert trace["spans"][0]["warnings"] is None


def test_replies_are_indented_on_request(world: World) -> None:
    _, plain = world.ask("GET", "/api/services", {"prettyPrint": "false"})
    _, pretty = world.ask("GET", "/api/services", {"prettyPrint": "true"})
    assert "\n" not in plain
    assert '\n    "data": []' in pretty
    assert json.loads(pretty) == json.loads(plain)


def test_dependencies_of_one_service(world: World) -> None:
    world.calls(Calls("a", "b", 100), Calls("b", "c", 100), Calls("c", "d", 100))
    found = world.get("/api/dependencies", service="b")["data"]
    assert [(link["parent"], link["child"]) for link in found] == [("a", "b"), ("b", "c")]
