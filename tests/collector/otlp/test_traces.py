"""Which spans of a request are kept, and what the graph hears of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collector.otlp.body import MalformedError
from collector.otlp.traces import SpanBatch, examine
from collector.otlp.values import Limits
from proxy.contract import attributes as names
from tests.collector.made import NOW, label, span, trace_request
from topology.spans.span_roles import GRAPH_ATTRIBUTES, SERVER_ATTRIBUTES


def examined(request: ExportTraceServiceRequest, limits: Limits | None = None) -> SpanBatch:
    return examine(request.SerializeToString(), limits or Limits())


def kept(spans: SpanBatch) -> list[Span]:
    request = ExportTraceServiceRequest.FromString(spans.body)
    return [one for part in request.resource_spans for scope in part.scope_spans for one in scope.spans]


def test_a_good_request_stays_as_it_came() -> None:
    one = span(trace_state="a=b")
    label(one.attributes, {"n": 3, "s": "x", "d": 0.5, "b": True})
    one.events.add(time_unix_nano=NOW + 1, name="exception")
    one.links.add(trace_id=bytes(16), span_id=bytes(8))
    body = trace_request([one, span()]).SerializeToString()
    spans = examine(body, Limits())
    assert (spans.body, spans.count, spans.refused.count) == (body, 2, 0)


def test_facts_carry_what_the_graph_needs() -> None:
    call = span(kind=Span.SPAN_KIND_CLIENT, parent_span_id=b"12345678")
    call.status.code = Status.STATUS_CODE_ERROR
    label(
        call.attributes,
        {
            "db.system": "redis",
            "peer.service": "cache",
            "user": "u",
            "server.port": 6379,
            "network.protocol.name": "http",
            "network.peer.address": "10.0.0.1",
            "url.scheme": "https",
            "url.full": "https://a/b",
            "tls.established": True,
        },
    )
    step = span(kind=Span.SPAN_KIND_INTERNAL)
    label(step.attributes, {"db.system": "redis"})
    spans = examined(trace_request([call, step], scope=names.SCOPE))
    fact, inner = spans.facts
    assert (inner.kind, dict(inner.attributes)) == (Span.SPAN_KIND_INTERNAL, {})
    assert (fact.trace_id, fact.span_id, fact.parent_id) == (call.trace_id, call.span_id, b"12345678")
    assert (fact.service, fact.kind, fact.duration, fact.failed) == ("shop", 3, 0.005, True)
    assert fact.from_sidecar
    assert fact.attributes == {
        "db.system": "redis",
        "peer.service": "cache",
        "server.port": "6379",
        "network.peer.address": "10.0.0.1",
        "url.scheme": "https",
        "url.full": "https://a",
        "tls.established": "true",
    }


@pytest.mark.parametrize(
    ("kind", "labels", "kept"),
    [
        (Span.SPAN_KIND_CLIENT, {"http.url": "http://u:p@api:80/a?t=s"}, {"http.url": "http://u:p@api:80"}),
        (Span.SPAN_KIND_CLIENT, {"url.full": "https://api/a", "url.path": "/a"}, {"url.full": "https://api"}),
        (
            Span.SPAN_KIND_CLIENT,
            {"http.url": "http://api/a", "net.peer.name": "api", "http.target": "/a", "db.statement": "x"},
            {"net.peer.name": "api"},
        ),
        (
            Span.SPAN_KIND_SERVER,
            {"http.url": "http://web/a", "server.address": "web"},
            {"server.address": "web"},
        ),
        (Span.SPAN_KIND_SERVER, {"peer.service": "app", "net.peer.ip": "10.0.0.1"}, {"peer.service": "app"}),
        (Span.SPAN_KIND_UNSPECIFIED, {"peer.service": "api", "http.url": "x"}, {"peer.service": "api"}),
    ],
)
def test_facts_have_no_attributes_that_differ_from_call_to_call(
    kind: Span.SpanKind.ValueType, labels: dict[str, str], kept: dict[str, str]
) -> None:
    call = span(kind=kind)
    label(call.attributes, {**labels})
    assert examined(trace_request([call])).facts[0].attributes == kept


def test_facts_have_every_attribute_that_edges_are_made_of() -> None:
    labels = dict.fromkeys(sorted(GRAPH_ATTRIBUTES), "x")
    client, server = span(kind=Span.SPAN_KIND_CLIENT), span(kind=Span.SPAN_KIND_SERVER)
    for one in (client, server):
        label(one.attributes, {**labels, "user.id": "u", "http.target": "/a", "db.statement": "SELECT 1"})
    facts = examined(trace_request([client, server])).facts
    assert facts[0].attributes == labels
    assert set(facts[1].attributes) >= SERVER_ATTRIBUTES


def test_the_origin_of_a_url_of_any_length() -> None:
    calls = [span(kind=Span.SPAN_KIND_CLIENT) for _ in range(300)]
    for size, call in enumerate(calls):
        label(call.attributes, {"http.url": "https://api:8443/" + "p" * size})
    facts = examined(trace_request(calls)).facts
    assert {fact.attributes["http.url"] for fact in facts} == {"https://api:8443"}


def test_a_consumer_without_a_parent_has_the_first_of_its_links() -> None:
    consumer, child, server = (
        span(kind=kind, parent_span_id=parent)
        for kind, parent in (
            (Span.SPAN_KIND_CONSUMER, b""),
            (Span.SPAN_KIND_CONSUMER, b"12345678"),
            (Span.SPAN_KIND_SERVER, b""),
        )
    )
    for one in (consumer, child, server):
        one.links.add(trace_id=b"t" * 16, span_id=b"s" * 8)
        one.links.add(trace_id=b"u" * 16, span_id=b"s" * 8)
    facts = examined(trace_request([consumer, child, server])).facts
    assert [fact.link for fact in facts] == [b"t" * 16 + b"s" * 8, b"", b""]


def test_bad_spans_are_counted_and_the_good_ones_kept() -> None:
    bad = [
        span(b"short"),
        span(bytes(16)),
        span(span_id=b""),
        span(parent_span_id=b"1"),
        span(start_time_unix_nano=0),
        span(start_time_unix_nano=1),
        span(start_time_unix_nano=(1 << 64) - 1),
    ]
    good = span(trace_state="kept=whole")
    label(good.attributes, {"a": "b"})
    spans = examined(trace_request([*bad[:3], good, *bad[3:]]), Limits(oldest=10))
    assert kept(spans) == [good]
    assert (spans.count, [fact.span_id for fact in spans.facts]) == (1, [good.span_id])
    assert dict(spans.refused.reasons) == {
        "trace_id": 2,
        "span_id": 1,
        "parent_span_id": 1,
        "time_missing": 1,
        "time_past": 1,
        "time_future": 1,
    }
    assert spans.refused.message == "trace_id must be 16 bytes, got 5"


def test_a_bad_resource_costs_only_its_own_spans() -> None:
    request = trace_request([span(), span()])
    label(request.resource_spans[0].resource.attributes, {"big": "x" * 100})
    good = span()
    request.MergeFrom(trace_request([good], service="other"))
    spans = examined(request, Limits(length=50))
    assert kept(spans) == [good]
    assert dict(spans.refused.reasons) == {"attribute_length": 2}


def too_long() -> Span:
    one = span()
    label(one.attributes, {"big": "x" * 101})
    return one


def too_many() -> Span:
    one = span()
    label(one.attributes, {str(number): "" for number in range(6)})
    return one


def long_name() -> Span:
    return span(name="n" * 101)


def many_events() -> Span:
    one = span()
    for _ in range(4):
        one.events.add()
    return one


def many_links() -> Span:
    one = span()
    for _ in range(4):
        one.links.add()
    return one


def crowded_event() -> Span:
    one = span()
    label(one.events.add().attributes, {str(number): "" for number in range(6)})
    return one


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (too_long, "attribute_length"),
        (too_many, "attribute_count"),
        (long_name, "name_length"),
        (many_events, "event_count"),
        (many_links, "link_count"),
        (crowded_event, "attribute_count"),
    ],
)
def test_a_span_past_a_limit_is_left_out_alone(make: object, reason: str) -> None:
    assert callable(make)
    good = span()
    spans = examined(trace_request([make(), good]), Limits(attributes=5, length=100, items=3))
    assert kept(spans) == [good]
    assert dict(spans.refused.reasons) == {reason: 1}


def test_ten_thousand_attributes_and_a_megabyte_more_than_the_limit_are_left_out() -> None:
    many, long, good = span(), span(), span()
    label(many.attributes, {f"k{number}": number for number in range(10_000)})
    label(long.attributes, {"big": "x" * (2 << 20)})
    spans = examined(trace_request([many, good, long]))
    assert kept(spans) == [good]
    assert dict(spans.refused.reasons) == {"attribute_count": 1, "attribute_length": 1}


def test_lists_and_maps_become_text_however_deep() -> None:
    one = span()
    value = one.attributes.add(key="deep").value
    for _ in range(10):
        value = value.array_value.values.add()
    value.string_value = "ü"
    inside = one.events.add().attributes.add(key="map").value.kvlist_value.values.add(key="k")
    inside.value.int_value = 1
    request = trace_request([one])
    request.resource_spans[0].resource.attributes.add(key="args").value.array_value.values.add(
        bool_value=True
    )
    spans = examined(request)
    (found,) = kept(spans)
    assert found.attributes[0].value.string_value == "[" * 10 + '"ü"' + "]" * 10
    assert found.events[0].attributes[0].value.string_value == '{"k":1}'
    resource = ExportTraceServiceRequest.FromString(spans.body).resource_spans[0].resource
    assert resource.attributes[1].value.string_value == "[true]"


def with_broken_text(request: ExportTraceServiceRequest, marker: str) -> bytes:
    """The request with the first letter of ``marker`` made invalid UTF-8."""
    body = request.SerializeToString()
    assert marker.encode() in body
    return body.replace(marker.encode(), b"\xff" + marker.encode()[1:])


def test_text_that_is_no_utf8_costs_no_span() -> None:
    good, bad = span(), span(name="BROKEN")
    spans = examine(with_broken_text(trace_request([good, bad]), "BROKEN"), Limits())
    bad.name = "\ufffdROKEN"
    assert kept(spans) == [good, bad]
    assert not spans.refused.count


def test_a_span_nested_too_deeply_is_left_out_alone() -> None:
    good, deep = span(), span()
    value = deep.attributes.add(key="k").value
    for _ in range(33):  # each map takes three of protobuf's hundred levels
        value = value.kvlist_value.values.add(key="x").value
    spans = examine(trace_request([good, deep]).SerializeToString(), Limits())
    assert kept(spans) == [good]
    assert dict(spans.refused.reasons) == {"unreadable": 1}


def test_a_resource_whose_text_is_no_utf8_costs_no_span() -> None:
    spans = examine(with_broken_text(trace_request([span(), span()], service="BROKEN"), "BROKEN"), Limits())
    assert spans.count == 2
    assert {fact.service.name for fact in spans.facts} == {"\ufffdROKEN"}


@pytest.mark.parametrize("body", [b"broken", b"\x0a\xff", trace_request([span()]).SerializeToString()[:-3]])
def test_what_is_no_request_is_a_complaint(body: bytes) -> None:
    with pytest.raises(MalformedError, match="not a protobuf ExportTraceServiceRequest"):
        examine(body, Limits())


def test_a_clock_set_back_gives_the_graph_no_negative_duration() -> None:
    assert examined(trace_request([span(end_time_unix_nano=NOW - 1)])).facts[0].duration == 0


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=10), st.integers(0, (1 << 64) - 1))))
def test_whatever_ids_and_times_each_span_is_either_kept_or_refused(
    given_spans: list[tuple[bytes, bytes, int]],
) -> None:
    request = trace_request(
        [span(trace, span_id=own, start_time_unix_nano=start) for trace, own, start in given_spans]
    )
    spans = examined(request, Limits(oldest=5, newest=1 << 62))
    assert spans.count == len(kept(spans)) == len(spans.facts)
    assert spans.count + spans.refused.count == len(given_spans)
    assert all(5 <= one.start_time_unix_nano <= 1 << 62 for one in kept(spans))
