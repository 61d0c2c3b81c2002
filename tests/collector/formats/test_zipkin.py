from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from collector.formats.zipkin import convert, from_protobuf
from collector.formats.zipkin_pb2 import Annotation, Endpoint, ListOfSpans, Span
from collector.otlp.body import MalformedError
from collector.otlp.stored_values import text

START = 1_700_000_000_000_000
ARRIVED = 1_800_000_000_000_000_000


def one(**fields: Any) -> Span:
    return Span(**{"trace_id": b"t" * 16, "id": b"s" * 8, "timestamp": START, **fields})


def converted(*spans: Span) -> list[OtlpSpan]:
    request = convert(ListOfSpans(spans=spans), ARRIVED)
    scopes = [scope for resource in request.resource_spans for scope in resource.scope_spans]
    return [span for scope in scopes for span in scope.spans]


def labels(pairs: Iterable[KeyValue]) -> dict[str, str]:
    return {pair.key: text(pair.value) for pair in pairs}


def test_a_span_with_everything() -> None:
    request = convert(
        ListOfSpans(
            spans=[
                one(
                    parent_id=b"p" * 8,
                    kind=Span.CLIENT,
                    name="get /x",
                    duration=1500,
                    local_endpoint=Endpoint(service_name="front", ipv4=b"\n\0\0\x01", port=8080),
                    remote_endpoint=Endpoint(service_name="back", ipv6=bytes(15) + b"\x01", port=9000),
                    annotations=[Annotation(timestamp=START + 10, value="ws")],
                    tags={"http.method": "GET"},
                    debug=True,
                )
            ]
        ),
        ARRIVED,
    )
    assert labels(request.resource_spans[0].resource.attributes) == {"service.name": "front"}
    (span,) = request.resource_spans[0].scope_spans[0].spans
    assert (span.trace_id, span.span_id, span.parent_span_id) == (b"t" * 16, b"s" * 8, b"p" * 8)
    assert (span.name, span.kind) == ("get /x", OtlpSpan.SPAN_KIND_CLIENT)
    times = (span.start_time_unix_nano, span.end_time_unix_nano)
    assert times == (START * 1000, (START + 1500) * 1000)
    assert labels(span.attributes) == {
        "http.method": "GET",
        "network.local.address": "10.0.0.1",
        "network.local.port": "8080",
        "peer.service": "back",
        "network.peer.address": "::1",
        "network.peer.port": "9000",
        "zipkin.debug": "true",
    }
    assert [(event.time_unix_nano, event.name) for event in span.events] == [((START + 10) * 1000, "ws")]
    assert span.status.code == Status.STATUS_CODE_UNSET


def test_a_short_trace_id_is_the_lower_half() -> None:
    assert converted(one(trace_id=b"t" * 8))[0].trace_id == bytes(8) + b"t" * 8


def test_a_span_that_names_itself_as_its_parent_is_a_root() -> None:
    assert converted(one(parent_id=b"s" * 8))[0].parent_span_id == b""
    (server,) = converted(one(parent_id=b"s" * 8, shared=True))
    assert (server.span_id == b"s" * 8, server.parent_span_id) == (False, b"s" * 8)


def test_the_servers_half_of_a_shared_call_is_the_child_of_the_clients() -> None:
    front, back = Endpoint(service_name="front"), Endpoint(service_name="back")
    client, beside, server, below, other = converted(
        one(kind=Span.CLIENT, local_endpoint=front),
        one(id=b"c" * 8, parent_id=b"s" * 8, local_endpoint=front),
        one(kind=Span.SERVER, local_endpoint=back, shared=True),
        one(id=b"b" * 8, parent_id=b"s" * 8, local_endpoint=back),
        one(id=b"d" * 8, parent_id=b"s" * 8, local_endpoint=back, trace_id=b"o" * 16),
    )
    assert (client.span_id, client.parent_span_id) == (b"s" * 8, b"")
    assert len(server.span_id) == 8
    assert (server.span_id == client.span_id, server.parent_span_id) == (False, client.span_id)
    assert below.parent_span_id == server.span_id
    assert (beside.parent_span_id, other.parent_span_id) == (b"s" * 8, b"s" * 8)
    # The two halves come from two processes: each request for itself gives the same.
    (alone,) = converted(one(kind=Span.SERVER, local_endpoint=back, parent_id=b"p" * 8, shared=True))
    assert (alone.span_id, alone.parent_span_id) == (server.span_id, client.span_id)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(0, "UNSPECIFIED"), (1, "CLIENT"), (2, "SERVER"), (3, "PRODUCER"), (4, "CONSUMER"), (9, "UNSPECIFIED")],
)
def test_kinds(kind: int, name: str) -> None:
    (span,) = converted(one(kind=kind))
    assert OtlpSpan.SpanKind.Name(span.kind) == f"SPAN_KIND_{name}"


@pytest.mark.parametrize(
    ("tags", "code", "message", "left"),
    [
        ({}, "UNSET", "", {}),
        ({"error": "true"}, "ERROR", "", {}),
        ({"error": ""}, "ERROR", "", {}),
        ({"error": "no route to host"}, "ERROR", "no route to host", {}),
        ({"error": "false"}, "UNSET", "", {"error": "false"}),
        ({"otel.status_code": "OK"}, "OK", "", {}),
        ({"otel.status_code": "ERROR"}, "ERROR", "", {}),
        ({"otel.status_code": "ERROR", "error": "boom"}, "ERROR", "boom", {}),
    ],
)
def test_status(tags: dict[str, str], code: str, message: str, left: dict[str, str]) -> None:
    (span,) = converted(one(tags=tags))
    assert Status.StatusCode.Name(span.status.code) == f"STATUS_CODE_{code}"
    assert (span.status.message, labels(span.attributes)) == (message, left)


@pytest.mark.parametrize(
    ("value", "name", "attributes"),
    [
        ("ws", "ws", {}),
        (
            '{"retry": {"n": 1, "ok": true, "why": "busy", "s": 0.5, "of": [1]}}',
            "retry",
            {"n": "1", "ok": "true", "why": "busy", "s": "0.5", "of": "[1]"},
        ),
        ('"retry":{"n":1}', "retry", {"n": "1"}),
        ('{"retry": {"big": 99999999999999999999}}', "retry", {"big": "99999999999999999999"}),
        ('{"a": {}, "b": {}}', '{"a": {}, "b": {}}', {}),
        ('{"a": 1}', '{"a": 1}', {}),
        ('{"a": {}', '{"a": {}', {}),
        ('"a", {"b": {}}', '"a", {"b": {}}', {}),
    ],
)
def test_annotations(value: str, name: str, attributes: dict[str, str]) -> None:
    (span,) = converted(one(annotations=[Annotation(timestamp=START, value=value)]))
    assert [(event.name, labels(event.attributes)) for event in span.events] == [(name, attributes)]


def test_a_span_without_a_time() -> None:
    notes = [Annotation(timestamp=START + 7, value="b"), Annotation(timestamp=START + 3, value="a")]
    placed, lost = converted(one(timestamp=0, annotations=[*notes, Annotation(value="c")]), one(timestamp=0))
    first = (START + 3) * 1000
    assert (placed.start_time_unix_nano, placed.end_time_unix_nano) == (first, first)
    assert placed.events[2].time_unix_nano == first
    assert labels(placed.attributes) == {"zipkin.timestamp_missing": "true"}
    assert lost.start_time_unix_nano == ARRIVED


def test_one_resource_for_each_service_and_one_scope_for_each_library() -> None:
    a, b = Endpoint(service_name="a"), Endpoint(service_name="b")
    library = {"otel.scope.name": "lib", "otel.library.version": "2"}
    request = convert(
        ListOfSpans(
            spans=[
                one(local_endpoint=a),
                one(local_endpoint=b),
                one(local_endpoint=a, tags=library),
                one(local_endpoint=a),
                one(),
            ]
        ),
        ARRIVED,
    )
    shape = [
        (
            [pair.value.string_value for pair in resource.resource.attributes],
            [(scope.scope.name, scope.scope.version, len(scope.spans)) for scope in resource.scope_spans],
        )
        for resource in request.resource_spans
    ]
    assert shape == [(["a"], [("", "", 2), ("lib", "2", 1)]), (["b"], [("", "", 1)]), ([], [("", "", 1)])]


@given(
    st.lists(
        st.builds(
            Span,
            trace_id=st.binary(max_size=20),
            id=st.binary(max_size=10),
            parent_id=st.binary(max_size=10),
            timestamp=st.integers(0, (1 << 64) - 1),
            duration=st.integers(0, (1 << 64) - 1),
            kind=st.integers(-9, 9),
            shared=st.booleans(),
            local_endpoint=st.builds(Endpoint, ipv4=st.binary(max_size=5), port=st.integers(-99, 99)),
            annotations=st.lists(st.builds(Annotation, timestamp=st.integers(0, (1 << 64) - 1)), max_size=2),
        ),
        max_size=4,
    )
)
def test_whatever_arrives_is_passed_on(spans: list[Span]) -> None:
    body = ListOfSpans(spans=spans).SerializeToString()
    passed = converted(*from_protobuf(body).spans)
    assert len(passed) == len(spans)
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in passed)


@given(st.binary(max_size=100))
def test_bytes_are_spans_or_malformed(body: bytes) -> None:
    try:
        found = from_protobuf(body)
    except MalformedError:
        return
    assert len(converted(*found.spans)) == len(found.spans)


def test_what_is_no_protobuf() -> None:
    with pytest.raises(MalformedError, match=r"not a protobuf list of Zipkin spans"):
        from_protobuf(b"[{}]")
