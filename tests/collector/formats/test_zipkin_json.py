import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.formats.zipkin_json import from_json
from collector.formats.zipkin_pb2 import Span
from collector.otlp.body import MalformedError
from collector.otlp.values import Refusals


def one(**fields: object) -> Span:
    item = {"traceId": "ab" * 16, "id": "cd" * 8, **fields}
    refused = Refusals()
    spans = from_json(json.dumps([item]).encode(), refused).spans
    if refused.count:
        raise MalformedError(refused.message)
    [span] = spans
    return span


def test_every_field() -> None:
    span = one(
        parentId="ef" * 8,
        kind="CLIENT",
        name="get /x",
        timestamp=1_700_000_000_000_000,
        duration=1500,
        localEndpoint={"serviceName": "front", "ipv4": "10.0.0.1", "port": 8080},
        remoteEndpoint={"serviceName": "back", "ipv6": "2001:db8::1", "port": 9000},
        annotations=[{"timestamp": 1_700_000_000_000_100, "value": "ws"}],
        tags={"http.method": "GET"},
        debug=True,
        shared=True,
        notInTheModel={"x": 1},
    )
    assert (span.trace_id.hex(), span.id.hex(), span.parent_id.hex()) == ("ab" * 16, "cd" * 8, "ef" * 8)
    assert (span.kind, span.name, span.timestamp, span.duration) == (
        Span.CLIENT,
        "get /x",
        1_700_000_000_000_000,
        1500,
    )
    local, remote = span.local_endpoint, span.remote_endpoint
    assert (local.service_name, local.ipv4, local.ipv6, local.port) == ("front", b"\n\0\0\x01", b"", 8080)
    assert (remote.service_name, remote.ipv6[:4], remote.port) == ("back", b"\x20\x01\x0d\xb8", 9000)
    assert [(note.timestamp, note.value) for note in span.annotations] == [(1_700_000_000_000_100, "ws")]
    assert (dict(span.tags), span.debug, span.shared) == ({"http.method": "GET"}, True, True)


def test_short_ids_are_padded() -> None:
    span = one(traceId="1", id="F2", parentId="3")
    assert (span.trace_id.hex(), span.id.hex(), span.parent_id.hex()) == (
        "0000000000000001",
        "00000000000000f2",
        "0000000000000003",
    )
    assert one(traceId="1" * 17).trace_id.hex() == "0" * 15 + "1" * 17


def test_what_reporters_get_wrong_without_harm() -> None:
    span = one(
        timestamp="1700000000000000",
        duration=12.7,
        parentId=None,
        kind=None,
        tags={"n": 1, "b": True, "x": None},
        localEndpoint={"ipv4": "not an address", "port": 99999},
        remoteEndpoint=None,
        annotations=None,
    )
    assert (span.timestamp, span.duration) == (1_700_000_000_000_000, 12)
    assert dict(span.tags) == {"n": "1", "b": "true", "x": ""}
    assert (span.local_endpoint.ipv4, span.local_endpoint.port) == (b"", 0)
    assert one(timestamp=-5, duration=1e30).duration == (1 << 64) - 1
    assert one(name="half \ud83d of a pair").name == "half \ufffd of a pair"


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"traceId": None}, r"\[0\]: traceId: expected hexadecimal text, got nothing"),
        ({"id": "xyz"}, r"\[0\]: id: 'xyz' is not hexadecimal"),
        ({"parentId": 7}, r"parentId: expected hexadecimal text, got a number"),
        ({"kind": "BOSS"}, "kind: 'BOSS' is not CLIENT, SERVER, PRODUCER, CONSUMER"),
        ({"timestamp": "soon"}, "timestamp: 'soon' is not a whole number"),
        ({"duration": True}, "duration: 'True' is not"),
        ({"tags": {"a": {"b": 1}}}, "tags.a: expected text, got an object"),
        ({"tags": [1]}, "tags: expected an object, got a list"),
        ({"annotations": {"value": "x"}}, "annotations: expected a list, got an object"),
        ({"annotations": ["x"]}, "annotations: expected an object, got text"),
        ({"localEndpoint": "front"}, "localEndpoint: expected an object, got text"),
        ({"name": ["x"]}, "name: expected text, got a list"),
    ],
)
def test_what_cannot_be_read_is_named(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(MalformedError, match=complaint):
        one(**fields)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\xfd", b"[" * 100_000, b'{"traceId":"1"}', b"null"])
def test_no_list_of_spans(body: bytes) -> None:
    with pytest.raises(MalformedError, match=r"Zipkin spans|expected an object"):
        from_json(body, Refusals())


def test_a_bad_span_does_not_cost_the_others() -> None:
    refused = Refusals()
    good = {"traceId": "1", "id": "2", "name": "a\ud83d"}
    body = json.dumps([good, 1, {**good, "traceId": "x"}, {**good, "timestamp": 1.5e400}, good]).encode(
        "utf-8-sig"
    )
    spans = from_json(body, refused).spans
    assert [span.name for span in spans] == ["a\ufffd"] * 2
    assert refused.reasons == {"unreadable": 3}
    assert refused.message.startswith("[1]: span: expected an object")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
FIELDS = st.sampled_from(
    [
        "traceId",
        "id",
        "parentId",
        "kind",
        "name",
        "timestamp",
        "duration",
        "localEndpoint",
        "remoteEndpoint",
        "annotations",
        "tags",
        "debug",
        "shared",
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(FIELDS, JSON, max_size=6))
def test_any_json_is_read_or_refused(fields: dict[str, object]) -> None:
    complaint = "[0]: "
    try:
        one(**fields)
    except MalformedError as error:
        complaint = str(error)
    assert complaint.startswith("[0]: ")
