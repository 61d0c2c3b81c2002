import json
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collector.formats.jaeger_json import WARNINGS, convert
from collector.otlp.body import MalformedError
from collector.otlp.stored_values import text
from collector.otlp.values import Refusals

START = 1_700_000_000_000_000


def one(**fields: Any) -> Span:
    item = {"traceID": "ab", "spanID": "cd", "startTime": START, "duration": 10, **fields}
    refused = Refusals()
    request = convert([{"traceID": "ab", "spans": [item], "processes": {}}], refused)
    if refused.count:
        raise MalformedError(refused.message)
    [resource] = request.resource_spans
    return resource.scope_spans[0].spans[0]


def tag(key: str, value: Any, kind: str = "string") -> dict[str, Any]:
    return {"key": key, "type": kind, "value": value}


def labels(pairs: Any) -> dict[str, Any]:
    return {pair.key: (pair.value.WhichOneof("value"), text(pair.value)) for pair in pairs}


TRACE: Final = {
    "traceID": "0102030405060708090a0b0c0d0e0f10",
    "spans": [
        {
            "traceID": "0102030405060708090a0b0c0d0e0f10",
            "spanID": "00000000000000a1",
            "flags": 1,
            "operationName": "GET /",
            "references": [],
            "startTime": START,
            "duration": 1500,
            "tags": [
                tag("span.kind", "server"),
                tag("http.status_code", 200, "int64"),
                tag("otel.scope.name", "lib"),
                tag("otel.library.version", "2"),
            ],
            "logs": [
                {"timestamp": START + 5, "fields": [tag("event", "retry"), tag("n", 2, "int64")]},
                {"timestamp": START + 6, "fields": [tag("message", "hello")]},
            ],
            "processID": "p1",
            "warnings": None,
        },
        {
            "traceID": "0102030405060708090a0b0c0d0e0f10",
            "spanID": "a2",
            "operationName": "query",
            "references": [
                {"refType": "CHILD_OF", "traceID": "0102030405060708090a0b0c0d0e0f10", "spanID": "a1"}
            ],
            "startTime": START + 100,
            "duration": 20,
            "processID": "p2",
        },
    ],
    "processes": {
        "p1": {"serviceName": "front", "tags": [tag("host", "h1")]},
        "p2": {"serviceName": "db"},
    },
}


def test_each_process_is_a_resource() -> None:
    first, second = convert([TRACE], Refusals()).resource_spans
    assert labels(first.resource.attributes) == {
        "host": ("string_value", "h1"),
        "service.name": ("string_value", "front"),
    }
    assert labels(second.resource.attributes)["service.name"] == ("string_value", "db")


def test_spans_with_scope_parent_times_tags_and_logs() -> None:
    first, second = convert([TRACE], Refusals()).resource_spans
    scope = first.scope_spans[0]
    assert (scope.scope.name, scope.scope.version) == ("lib", "2")
    root, child = scope.spans[0], second.scope_spans[0].spans[0]
    assert root.trace_id == bytes(range(1, 17))
    assert root.span_id == child.parent_span_id == b"\0" * 7 + b"\xa1"
    assert (root.name, root.kind) == ("GET /", Span.SPAN_KIND_SERVER)
    times = (root.start_time_unix_nano, root.end_time_unix_nano)
    assert times == (START * 1000, (START + 1500) * 1000)
    assert labels(root.attributes) == {"http.status_code": ("int_value", "200")}
    assert [(event.name, event.time_unix_nano, labels(event.attributes)) for event in root.events] == [
        ("retry", (START + 5) * 1000, {"n": ("int_value", "2")}),
        ("", (START + 6) * 1000, {"message": ("string_value", "hello")}),
    ]


@pytest.mark.parametrize(
    ("value", "kind", "kept"),
    [
        ("x", "string", ("string_value", "x")),
        (True, "bool", ("bool_value", "true")),
        ("false", "bool", ("bool_value", "false")),
        (7, "int64", ("int_value", "7")),
        ("9007199254740993", "int64", ("int_value", "9007199254740993")),
        (1 << 70, "int64", ("string_value", str(1 << 70))),
        (1.5, "float64", ("double_value", "1.5")),
        ("aGk=", "binary", ("bytes_value", "aGk=")),
        ("many", "int64", ("string_value", "many")),
        ("half \ud83d", "string", ("string_value", "half \ufffd")),
        (None, "string", ("string_value", "")),
    ],
)
def test_tags_keep_their_type(value: Any, kind: str, kept: tuple[str, str]) -> None:
    assert labels(one(tags=[tag("k", value, kind)]).attributes)["k"] == kept


@pytest.mark.parametrize(
    ("tags", "code", "message", "left"),
    [
        ([tag("error", True, "bool")], Status.STATUS_CODE_ERROR, "", {}),
        ([tag("error", "true")], Status.STATUS_CODE_ERROR, "", {}),
        ([tag("error", False, "bool")], Status.STATUS_CODE_UNSET, "", {"error": ("bool_value", "false")}),
        (
            [tag("otel.status_code", "ERROR"), tag("otel.status_description", "boom")],
            Status.STATUS_CODE_ERROR,
            "boom",
            {},
        ),
        ([tag("otel.status_code", "OK")], Status.STATUS_CODE_OK, "", {}),
    ],
)
def test_status(tags: list[Any], code: int, message: str, left: dict[str, Any]) -> None:
    span = one(tags=tags)
    assert (span.status.code, span.status.message, labels(span.attributes)) == (code, message, left)


def test_references() -> None:
    def reference(kind: str, span: str, trace: str = "ab") -> dict[str, str]:
        return {"refType": kind, "traceID": trace, "spanID": span}

    span = one(
        references=[
            reference("FOLLOWS_FROM", "1"),
            reference("CHILD_OF", "2", "ef"),
            reference("CHILD_OF", "3"),
        ]
    )
    assert span.parent_span_id == b"\0" * 7 + b"\x03"
    assert [(link.trace_id[-1], link.span_id[-1], labels(link.attributes)) for link in span.links] == [
        (0xAB, 1, {"opentracing.ref_type": ("string_value", "follows_from")}),
        (0xEF, 2, {"opentracing.ref_type": ("string_value", "child_of")}),
    ]
    assert one(references=[reference("FOLLOWS_FROM", "1")]).parent_span_id[-1] == 1
    assert one(parentSpanID="7").parent_span_id[-1] == 7
    assert one(references=[reference("CHILD_OF", "2", "ef")]).parent_span_id == b""


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"spanID": "xyz"}, r"\[0\].spans\[0\]: spanID: 'xyz' is not hexadecimal"),
        ({"traceID": 3}, "traceID: expected hexadecimal text, got a number"),
        ({"startTime": "now"}, "startTime: 'now' is not a whole number"),
        ({"tags": {"a": 1}}, "tags: expected a list, got an object"),
        ({"tags": [tag("k", {"a": 1})]}, "tags.k: expected text, got an object"),
        ({"logs": [3]}, "logs: expected an object, got a number"),
        ({"references": [{"spanID": ""}]}, "references.spanID: expected hexadecimal text"),
    ],
)
def test_what_cannot_be_read_is_named(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(MalformedError, match=complaint):
        one(**fields)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["key", "type", "value", "fields", "spanID", "traceID", "refType"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)
FIELDS = st.sampled_from(
    [
        "traceID",
        "spanID",
        "operationName",
        "references",
        "startTime",
        "duration",
        "tags",
        "logs",
        "processID",
        "process",
        "parentSpanID",
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(FIELDS, JSON, max_size=6))
def test_any_json_is_read_or_refused(fields: dict[str, Any]) -> None:
    complaint = "[0].spans[0]: "
    try:
        one(**json.loads(json.dumps(fields)))
    except MalformedError as error:
        complaint = str(error)
    assert complaint.startswith("[0].spans[0]: ")


def test_warnings_flags_and_a_missing_kind_stay() -> None:
    span = one(warnings=["clock skew", "late"], flags=3)
    assert labels(span.attributes) == {WARNINGS: ("array_value", '["clock skew","late"]')}
    assert (span.flags, span.kind) == (3, Span.SPAN_KIND_UNSPECIFIED)


def test_a_span_that_cannot_be_read_leaves_nothing_behind() -> None:
    refused = Refusals()
    good = {"traceID": "ab", "spanID": "cd", "startTime": START, "processID": "p1"}
    spans = [
        {**good, "tags": [tag("otel.scope.name", "x")], "logs": [3]},
        good,
        {**good, "spanID": "q"},
        good,
    ]
    request = convert([{"spans": spans, "processes": {"p1": {"serviceName": "a"}}}, 5], refused)
    [resource] = request.resource_spans
    assert [len(scope.spans) for scope in resource.scope_spans] == [2]
    assert refused.reasons == {"unreadable": 3}
