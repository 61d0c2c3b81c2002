"""What is forwarded of a head, and what belongs to one hop."""

import pytest

from proxy.errors import RefusedError
from proxy.http.http1.fields import read_request, read_response, trailers
from proxy.http.messages import Field, RequestHead, ResponseHead
from proxy.telemetry.trace_context import parse_traceparent


def request(*fields: Field) -> RequestHead:
    head = RequestHead()
    read_request(head, [(b"Host", b"a"), *fields])
    return head


def test_end_to_end_fields_keep_order_case_and_bytes() -> None:
    fields = [(b"Accept", b"*/*"), (b"x-B", b" odd  "), (b"Accept", b"text/html"), (b"Cookie", b"a=\xff")]
    assert request(*fields).fields == fields


def test_fields_of_one_hop_and_those_connection_names_are_left_out() -> None:
    head = request(
        (b"Connection", b"close, X-Secret"),
        (b"x-secret", b"1"),
        (b"Keep-Alive", b"timeout=5"),
        (b"TE", b"trailers"),
        (b"Proxy-Connection", b"keep-alive"),
        (b"Upgrade", b"h2c"),
        (b"X", b"1"),
    )
    assert head.fields == [(b"X", b"1")]
    assert head.upgrade == b""


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (b"trailers", True),
        (b" Trailers ", True),
        (b"deflate;q=0.5, trailers", True),
        (b"gzip,\ttrailers", True),
        (b"gzip", False),
        (b"", False),
        (b"trailersx", False),
    ],
)
def test_who_takes_trailers_is_known_and_te_itself_is_of_the_hop(value: bytes, wanted: bool) -> None:
    for connection in (b"TE", b"te, close", b"close"):  # senders forget the option that is due
        head = request((b"Te", value), (b"Connection", connection), (b"X", b"1"))
        assert (head.trailers, head.fields) == (wanted, [(b"X", b"1")])
    assert request((b"TE", b"gzip"), (b"TE", value)).trailers is wanted
    old = RequestHead()
    old.version = b"1.0"
    read_request(old, [(b"TE", value)])
    assert not old.trailers


def test_what_is_ours_is_taken_out_and_kept_apart() -> None:
    head = request(
        (b"X-SpanMesh-Caller", b"web"),
        (b"TraceParent", b"00-a"),
        (b"tracestate", b"a=1"),
        (b"tracestate", b"b=2"),
        (b"B3", b"0"),
        (b"baggage", b"k=v"),
    )
    assert (head.caller, head.traceparent, head.tracestate) == (b"web", b"00-a", b"a=1,b=2")
    assert head.b3 == {b"b3": b"0"}
    assert head.fields == [(b"baggage", b"k=v")]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_several_traceparents_are_as_good_as_none(count: int) -> None:
    value = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert parse_traceparent(request(*[(b"traceparent", value)] * count).traceparent) is None


def test_of_several_b3_fields_the_first_counts() -> None:
    assert request((b"b3", b"1"), (b"B3", b"0")).b3 == {b"b3": b"1"}


def test_an_upgrade_needs_its_connection_option() -> None:
    assert request((b"Upgrade", b"websocket")).upgrade == b""
    assert request((b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")).upgrade == b"websocket"


@pytest.mark.parametrize("value", [b"-1", b"+1", b"1,1", b"", b"1 1", b"\xb2", b"0x1"])
def test_a_length_that_is_not_one_number_is_refused(value: bytes) -> None:
    with pytest.raises(RefusedError):
        request((b"Content-Length", value))


def test_a_response_keeps_its_length_and_loses_what_is_of_the_hop() -> None:
    head = ResponseHead()
    hop = [(b"Connection", b"x-hop"), (b"X-Hop", b"1")]
    read_response(head, [(b"Content-Length", b"5 "), *hop, (b"Server", b"s")])
    assert head.length == 5
    assert head.fields == [(b"Content-Length", b"5"), (b"Server", b"s")]


def test_trailers_cannot_reframe_a_message() -> None:
    assert trailers([(b"x-sum", b"1"), (b"Content-Length", b"9"), (b"Host", b"evil")]) == [(b"x-sum", b"1")]
