"""The sidecar's own answers name their reason and are framed."""

import pytest

from proxy.errors import STATUS, Reason
from proxy.http.refusals import refusal, send_refusal
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
        send_refusal(client, request(method), Reason.OVERLOAD, "busy")
        assert client.flushed == [[("head", 503), *body, ("end", [])]]
