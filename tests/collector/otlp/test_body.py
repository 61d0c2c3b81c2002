"""Bytes to a message, or a complaint."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.otlp import metrics, traces
from collector.otlp.body import MalformedError, from_json, from_protobuf
from collector.otlp.samples import sidecar_samples
from collector.otlp.values import Limits, Refusals
from tests.collector.made import client_metrics, span, trace_request

GOOD_SPANS = trace_request([span(), span()]).SerializeToString()
GOOD_POINTS = client_metrics([0.1, 0.2], open_requests=1).SerializeToString()


def damaged(good: bytes) -> st.SearchStrategy[bytes]:
    """Cut short, or with bytes changed."""
    cut = st.integers(0, len(good)).map(lambda end: good[:end])

    def changed(edits: list[tuple[int, int]]) -> bytes:
        body = bytearray(good)
        for place, value in edits:
            body[place] = value
        return bytes(body)

    edits = st.tuples(st.integers(0, len(good) - 1), st.integers(0, 255))
    return cut | st.lists(edits, max_size=5).map(changed) | st.binary(max_size=200)


@given(damaged(GOOD_SPANS))
def test_damaged_spans_are_a_complaint_or_spans(body: bytes) -> None:
    try:
        spans = traces.examine(body, Limits())
    except MalformedError:
        return
    kept = from_protobuf(ExportTraceServiceRequest, spans.body)
    scopes = [scope for resource in kept.resource_spans for scope in resource.scope_spans]
    assert sum(len(scope.spans) for scope in scopes) == spans.count
    assert traces.examine(spans.body, Limits()).refused.count == 0


@given(damaged(GOOD_POINTS))
def test_damaged_points_are_a_complaint_or_columns(body: bytes) -> None:
    try:
        request = from_protobuf(ExportMetricsServiceRequest, body)
    except MalformedError:
        return
    sidecar_samples(request)
    metrics.prune(request, len(body), Limits())
    for columns in metrics.convert(request).values():
        assert len({len(values) for values in columns.values()}) == 1


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_damaged_json_is_a_complaint_or_a_message(body: bytes) -> None:
    with suppress(MalformedError):
        from_json(ExportTraceServiceRequest, body)


def test_the_complaint_names_the_message() -> None:
    with pytest.raises(
        MalformedError, match=r"not a protobuf ExportTraceServiceRequest: Wire format was corrupt$"
    ):
        from_protobuf(ExportTraceServiceRequest, b"broken")
    with pytest.raises(MalformedError, match="not a JSON ExportMetricsServiceRequest"):
        from_json(ExportMetricsServiceRequest, b"{")


def test_json_nested_past_the_interpreter_is_a_complaint() -> None:
    with pytest.raises(MalformedError):
        from_json(ExportTraceServiceRequest, b"[" * 100_000)


def test_a_bad_point_or_record_does_not_cost_the_others() -> None:
    metrics, logs = ExportMetricsServiceRequest(), ExportLogsServiceRequest()
    for name in ("good", "BROKEN", "good"):
        metrics.resource_metrics.add().scope_metrics.add().metrics.add(name=name)
        logs.resource_logs.add().scope_logs.add().log_records.add(severity_text=name)
    for request in (metrics, logs):
        refused = Refusals()
        # A length that points behind the end of its item.
        body = request.SerializeToString().replace(b"\x06BROKEN", b"\x07BROKEN")
        read = from_protobuf(type(request), body, refused)
        assert len(str(read).split("good")) == 3
        assert "BROKEN" not in str(read)
        assert refused.reasons == {"unreadable": 1}
