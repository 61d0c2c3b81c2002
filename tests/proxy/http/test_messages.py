"""Heads: which requests may be sent twice."""

import pytest

from proxy.http.http1.fields import read_request
from proxy.http.messages import IDEMPOTENT, SAFE, RequestHead


def head(method: bytes, *fields: tuple[bytes, bytes]) -> RequestHead:
    made = RequestHead()
    made.method = method
    read_request(made, [(b"host", b"a"), *fields])
    return made


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (head(b"GET"), True),
        (head(b"HEAD"), True),
        (head(b"GET", (b"content-length", b"0")), True),
        (head(b"GET", (b"content-length", b"1")), False),
        (head(b"GET", (b"transfer-encoding", b"chunked")), False),
        (head(b"GET", (b"connection", b"upgrade"), (b"upgrade", b"websocket")), False),
        (head(b"POST"), False),
        (head(b"PUT"), False),
        (head(b"DELETE"), False),
    ],
)
def test_only_what_is_safe_and_has_no_body_is_sent_twice(asked: RequestHead, answer: bool) -> None:
    assert asked.repeatable is answer


def test_what_is_safe_is_idempotent_and_a_post_is_neither() -> None:
    assert SAFE < IDEMPOTENT
    assert not {b"POST", b"PATCH", b"CONNECT"} & IDEMPOTENT
