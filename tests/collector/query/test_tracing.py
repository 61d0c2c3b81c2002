"""Jaeger's routes: what a bad request is told, at the door of every route."""

from typing import Any

import pytest

from tests.collector.query.world import NOW_US, World

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
    reply = world.get("/api/traces", service="a", lookback="custom", limit="", maxDuration="", minDuration="",
                      prettyPrint="true", start=NOW_US - 5, end=NOW_US, view="traces", tags="{}")
    assert reply == {"data": [], "total": 0, "limit": 100, "offset": 0, "errors": None}
