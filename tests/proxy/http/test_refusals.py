"""The sidecar's own answers name their reason and are framed."""

import pytest

from proxy.errors import STATUS, Reason
from proxy.http.refusals import last_hop, refusal, send_answer
from tests.proxy.http.fakes import FakeClient, request


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.CLIENT_DISCONNECT])
def test_an_answer_names_its_reason_and_its_length(reason: Reason) -> None:
    head, body = refusal(reason, "nothing listens at a:1")
    assert (head.status, head.length) == (STATUS[reason], len(body))
    assert dict(head.fields) == {
        b"x-spanmesh-reason": reason.encode(),
        b"content-type": b"text/plain; charset=utf-8",
        b"content-length": b"%d" % len(body),
    }
    assert body == f"spanmesh: {reason}: nothing listens at a:1\n".encode()


def test_the_phrase_is_that_of_the_status() -> None:
    assert refusal(Reason.CONNECT_REFUSED, "")[0].phrase == b"Service Unavailable"


def test_a_request_is_answered_in_one_flush_and_head_without_a_body() -> None:
    for method, body in ((b"GET", [("data", b"spanmesh: overload: busy\n")]), (b"HEAD", [])):
        client = FakeClient()
        send_answer(client, request(method), *refusal(Reason.OVERLOAD, "busy"))
        assert client.flushed == [[("head", 503), *body, ("end", [])]]


@pytest.mark.parametrize("method", [b"OPTIONS", b"TRACE"])
@pytest.mark.parametrize(
    ("value", "left"),
    [
        (b"1", b"0"),
        (b" 10 ", b"9"),
        (b"007", b"6"),
        (b"9" * 40, b"9" * 17 + b"8"),
        (b"-1", b"-1"),
        (b"x", b"x"),
    ],
)
def test_a_hop_is_counted_where_the_method_limits_them(method: bytes, value: bytes, left: bytes) -> None:
    asked = request(method, fields=[(b"Max-Forwards", value), (b"x", b"1")])
    assert last_hop(asked) is None
    assert asked.fields == [(b"Max-Forwards", left), (b"x", b"1")]
    other = request(b"GET", fields=[(b"max-forwards", b"0")])
    assert last_hop(other) is None
    assert other.fields == [(b"max-forwards", b"0")]


def test_without_hops_left_the_sidecar_answers_itself_and_keeps_credentials() -> None:
    fields = [(b"max-Forwards", b"0"), (b"X", b"1"), (b"Authorization", b"s"), (b"cookie", b"s")]
    answer = last_hop(request(b"OPTIONS", fields=fields))
    assert answer is not None
    assert (answer[0].status, answer[0].fields, answer[1]) == (200, [(b"content-length", b"0")], b"")
    answer = last_hop(request(b"TRACE", fields=fields))
    assert answer is not None
    head, body = answer
    assert body == b"TRACE / HTTP/1.1\r\nhost: 10.0.0.1:80\r\nmax-Forwards: 0\r\nX: 1\r\n\r\n"
    assert dict(head.fields) == {b"content-type": b"message/http", b"content-length": b"%d" % len(body)}
