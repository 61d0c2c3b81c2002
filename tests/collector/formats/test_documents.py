import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.formats.documents import batches, convert, shift, spans
from collector.otlp.body import MalformedError
from collector.otlp.values import Refusals
from tests.collector.made import NOW, span, trace_request

OTLP_SPAN = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "otlp"}
OTLP = {"resourceSpans": [{"scopeSpans": [{"spans": [OTLP_SPAN]}]}]}
JAEGER_SPAN = {"traceID": "ab", "spanID": "cd", "operationName": "jaeger"}
JAEGER = {"traceID": "ab", "spans": [JAEGER_SPAN], "processes": {}}
ZIPKIN = {"traceId": "ab", "id": "cd", "name": "zipkin"}


def names(document: Any) -> list[str]:
    return [each.name for each in spans(convert(document, NOW, Refusals()))]


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (OTLP, ["otlp"]),
        ({"resource_spans": []}, []),
        ({"data": [JAEGER, JAEGER], "total": 0, "errors": None}, ["jaeger", "jaeger"]),
        (JAEGER, ["jaeger"]),
        ([JAEGER], ["jaeger"]),
        (ZIPKIN, ["zipkin"]),
        ([ZIPKIN, ZIPKIN], ["zipkin", "zipkin"]),
        ([[ZIPKIN], [], [ZIPKIN]], ["zipkin", "zipkin"]),
        ([OTLP, JAEGER], ["otlp", "jaeger"]),
        ([], []),
        ({"resourceMetrics": []}, []),
        ({"resourceLogs": []}, []),
    ],
)
def test_kinds_of_files(document: Any, found: list[str]) -> None:
    assert names(document) == found


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (7, "expected an object or a list, got a number"),
        ({"b": 1, "a": 2}, "the keys a, b is no trace: expected OTLP"),
        ({"resourceSpans": 3}, "resourceSpans"),
    ],
)
def test_what_is_no_trace(document: Any, complaint: str) -> None:
    with pytest.raises(MalformedError, match=complaint):
        convert(document, NOW, Refusals())


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ([[ZIPKIN], [{"traceId": "xy", "id": "1"}]], r"\[0\]: traceId: 'xy' is not hexadecimal"),
        (
            {"resourceSpans": [*OTLP["resourceSpans"], {"scopeSpans": [{"spans": [{"traceId": "q"}]}]}]},
            "traceId is 'q'",
        ),
        (
            {"data": [JAEGER, {"spans": [{"traceID": "ab"}]}]},
            r"\[1\].spans\[0\]: spanID: expected",
        ),
        ({"data": [JAEGER, 7]}, r"\[1\]: trace: expected an object"),
    ],
)
def test_a_bad_span_does_not_cost_the_others(document: Any, complaint: str) -> None:
    refused = Refusals()
    assert len(list(spans(convert(document, NOW, refused)))) == 1
    assert refused.reasons == {"unreadable": 1}
    assert re.search(complaint, refused.message)


def test_lists_in_lists_without_end() -> None:
    with pytest.raises(MalformedError, match="nested too deeply"):
        convert(json.loads("[" * 900 + "]" * 900), NOW, Refusals())


def test_all_times_move_together() -> None:
    one = span(start_time_unix_nano=1000, end_time_unix_nano=3000)
    one.events.add(time_unix_nano=2000)
    one.events.add()
    request = trace_request([one, span(start_time_unix_nano=0, end_time_unix_nano=0)])
    shift(request, 500)
    moved, without = spans(request)
    assert (moved.start_time_unix_nano, moved.end_time_unix_nano) == (1500, 3500)
    assert [event.time_unix_nano for event in moved.events] == [2500, 0]
    assert (without.start_time_unix_nano, without.end_time_unix_nano) == (0, 0)
    shift(request, -10_000)
    assert next(spans(request)).start_time_unix_nano == 1


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.lists(st.integers(0, 400), max_size=6), max_size=5), st.integers(1, 5), st.integers(200, 2000)
)
def test_batches_hold_the_same_spans_in_bounds(sizes: list[list[int]], most: int, most_bytes: int) -> None:
    given_requests = [
        trace_request([span(name="x" * size) for size in group], service=f"s{number}")
        for number, group in enumerate(sizes)
    ]
    made = list(batches(given_requests, most, most_bytes))
    assert flat(made) == flat(given_requests)
    for batch in made:
        count = len(list(spans(batch)))
        assert 1 <= count <= most
        assert count == 1 or batch.ByteSize() <= most_bytes


def flat(requests: list[ExportTraceServiceRequest]) -> list[bytes]:
    """Every span with its resource and scope, encoded."""
    return [
        b"|".join(part.SerializeToString() for part in (resource.resource, scope.scope, one))
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for one in scope.spans
    ]
