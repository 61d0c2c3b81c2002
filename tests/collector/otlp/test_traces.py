"""Spans to columns and facts."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collector.otlp.traces import convert
from collector.otlp.values import Limits
from proxy.contract import attributes as names
from tests.collector.made import NOW, label, span, trace_request


def test_a_span_fills_every_column() -> None:
    one = span(bytes(range(16)), parent_span_id=b"12345678", trace_state="a=b", kind=Span.SPAN_KIND_CLIENT)
    label(one.attributes, {"http.request.method": "GET", "n": 3})
    one.status.code = Status.STATUS_CODE_ERROR
    one.status.message = "boom"
    event = one.events.add(time_unix_nano=NOW + 1, name="exception")
    label(event.attributes, {"exception.type": "E"})
    one.links.add(trace_id=bytes(16), span_id=bytes(8), trace_state="x=y")
    request = trace_request([one], service="shop", scope="lib")
    request.resource_spans[0].scope_spans[0].scope.version = "2"

    spans = convert(request, Limits())

    assert {name: values[0] for name, values in spans.columns.items()} == {
        "Timestamp": NOW, "TraceId": bytes(range(16)).hex(), "SpanId": one.span_id.hex(),
        "ParentSpanId": b"12345678".hex(), "TraceState": "a=b", "SpanName": "GET /x", "SpanKind": "Client",
        "ServiceName": "shop", "ResourceAttributes": {"service.name": "shop"}, "ScopeName": "lib",
        "ScopeVersion": "2", "SpanAttributes": {"http.request.method": "GET", "n": "3"},
        "Duration": 5_000_000, "StatusCode": "Error", "StatusMessage": "boom",
        "Events.Timestamp": [NOW + 1], "Events.Name": ["exception"],
        "Events.Attributes": [{"exception.type": "E"}], "Links.TraceId": ["00" * 16],
        "Links.SpanId": ["00" * 8], "Links.TraceState": ["x=y"], "Links.Attributes": [{}],
    }
    assert spans.rows == 1
    assert spans.refused.count == 0


def test_facts_carry_what_the_graph_needs() -> None:
    call = span(kind=Span.SPAN_KIND_CLIENT, parent_span_id=b"12345678")
    label(call.attributes, {"db.system": "redis", "peer.service": "cache", "user": "u", "server.port": 6379})
    internal = span(kind=Span.SPAN_KIND_INTERNAL)
    spans = convert(trace_request([call, internal], scope=names.SCOPE), Limits())
    assert len(spans.facts) == 1
    fact = spans.facts[0]
    assert (fact.trace_id, fact.span_id, fact.parent_id) == (call.trace_id, call.span_id, b"12345678")
    assert (fact.service, fact.kind, fact.duration, fact.failed) == ("shop", 3, 0.005, False)
    assert fact.from_sidecar
    assert fact.attributes == {"db.system": "redis", "peer.service": "cache", "server.port": "6379"}


def test_bad_spans_are_counted_and_the_good_ones_kept() -> None:
    bad = [
        span(b"short"), span(span_id=b""), span(parent_span_id=b"1"), span(start_time_unix_nano=0),
        span(start_time_unix_nano=1), span(start_time_unix_nano=(1 << 64) - 1),
    ]
    good = span()
    spans = convert(trace_request([*bad[:3], good, *bad[3:]]), Limits(oldest=10))
    assert spans.columns["SpanId"] == [good.span_id.hex()]
    assert dict(spans.refused.reasons) == {
        "trace_id": 1, "span_id": 1, "parent_span_id": 1, "time_missing": 1, "time_past": 1,
        "time_future": 1,
    }
    assert spans.refused.message == "trace_id must be 16 bytes, got 5"


def test_a_bad_resource_costs_only_its_own_spans() -> None:
    request = trace_request([span(), span()])
    label(request.resource_spans[0].resource.attributes, {"big": "x" * 100})
    request.MergeFrom(trace_request([span()], service="other"))
    spans = convert(request, Limits(length=50))
    assert spans.columns["ServiceName"] == ["other"]
    assert spans.refused.count == 2


def test_a_clock_set_back_gives_no_negative_duration() -> None:
    spans = convert(trace_request([span(end_time_unix_nano=NOW - 1)]), Limits())
    assert spans.columns["Duration"] == [0]


def test_unknown_enum_values_are_kept_as_unset() -> None:
    odd = span()
    odd.MergeFromString(b"\x30\x63")  # kind = 99
    odd.status.MergeFromString(b"\x18\x63")
    spans = convert(trace_request([odd]), Limits())
    assert spans.columns["SpanKind"] == ["Unspecified"]
    assert spans.columns["StatusCode"] == ["Unset"]


def test_an_empty_request_is_no_rows() -> None:
    spans = convert(trace_request([]), Limits())
    assert spans.rows == 0
    assert all(values == [] for values in spans.columns.values())


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=10), st.integers(0, (1 << 64) - 1))))
def test_whatever_ids_and_times_each_span_is_either_a_row_or_refused(
    given_spans: list[tuple[bytes, bytes, int]],
) -> None:
    request = trace_request(
        [span(trace, span_id=own, start_time_unix_nano=start) for trace, own, start in given_spans]
    )
    spans = convert(request, Limits(oldest=5, newest=1 << 62))
    assert spans.rows + spans.refused.count == len(given_spans)
    assert all(len(values) == spans.rows for values in spans.columns.values())
    assert all(5 <= start <= 1 << 62 for start in spans.columns["Timestamp"])
