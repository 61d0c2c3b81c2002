import json
from collections.abc import Iterator
from typing import Any

import pytest

from dashboard.api.client import Client
from dashboard.trace import trace_cache
from dashboard.trace.trace_cache import FileError, TraceCache
from tests.dashboard.made import span
from tests.support.fake_traces import TraceApi

JAEGER: dict[str, Any] = {"traceID": "t", "spans": [span("a"), span("b", "a")], "processes": {}}


@pytest.fixture
def api() -> Iterator[TraceApi]:
    fake = TraceApi(spans=10)
    with fake:
        yield fake


def test_a_trace_is_asked_for_once_while_it_is_looked_at(api: TraceApi) -> None:
    kept = TraceCache(Client(api.url))
    trace_id = api.traces()[0]["traceID"]
    first = kept.fetch(trace_id)
    assert kept.get(trace_id) is first
    assert len([path for path in api.asked if path.startswith("/api/traces/")]) == 1
    assert kept.fetch(trace_id) is not first
    assert kept.get("0" * 32) is None


def test_what_was_not_asked_for_longest_goes_first(api: TraceApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_cache, "SPANS_MAX", 14)
    kept = TraceCache(Client(api.url))
    one, two, three = (each["traceID"] for each in api.traces()[:3])  # of 6, 7 and 8 spans
    first = kept.get(one)
    kept.get(two)
    assert kept.get(one) is first
    kept.get(three)
    assert kept.get(one) is first
    asked = len(api.asked)
    kept.get(two)
    assert len(api.asked) == asked + 1


@pytest.mark.parametrize("document", [JAEGER, [JAEGER], {"data": [JAEGER]}])
def test_jaegers_files_are_read_in_every_shape_and_held(api: TraceApi, document: Any) -> None:
    kept = TraceCache(Client(api.url))
    (found,) = kept.upload(json.dumps(document).encode())
    assert found.id.startswith(trace_cache.FROM_FILE)
    assert [one.id for one in found.spans] == ["a", "b"]
    assert kept.get(found.id) is found
    assert kept.fetch(found.id) is found
    assert api.asked == []


@pytest.mark.parametrize("wrapped", [False, True])
def test_otlp_is_read_by_the_collector(api: TraceApi, wrapped: bool) -> None:
    document: dict[str, Any] = {"resourceSpans": [{"scopeSpans": []}]}
    body = json.dumps({"result": document} if wrapped else document).encode()
    (found,) = TraceCache(Client(api.url)).upload(body)
    assert api.asked == ["/api/transform"]
    assert len(found.spans) > 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"{}",
        b"7",
        b'{"data": []}',
        b'{"data": [{"spans": [{}]}]}',
        b'{"data": [{"traceID": "t", "spans": [{"spanID": "1", "startTime": "x", "duration": 1}]}]}',
        b"[7]",
        b"[" * 200_000,
    ],
)
def test_what_is_no_trace_is_said(api: TraceApi, body: bytes) -> None:
    with pytest.raises(FileError):
        TraceCache(Client(api.url)).upload(body)


def test_a_file_that_was_dropped_is_not_asked_of_the_collector(api: TraceApi) -> None:
    assert TraceCache(Client(api.url)).get(f"{trace_cache.FROM_FILE}00000000-t") is None
    assert api.asked == []
