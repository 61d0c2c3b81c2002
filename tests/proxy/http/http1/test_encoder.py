"""Heads back to bytes."""

import pytest

from proxy.http.headers import RequestHead
from proxy.http.http1.encoder import request_bytes, status_line


def test_a_request_is_framed_as_it_came() -> None:
    request = RequestHead()
    request.method, request.path, request.authority = b"GET", b"/", b"shop"
    request.fields = [(b"X-A", b"1")]
    plain = request_bytes(request, [(b"t", b"1")])
    assert plain == b"GET / HTTP/1.1\r\nhost: shop\r\nX-A: 1\r\nt: 1\r\n\r\n"
    request.length = 0
    assert b"\r\ncontent-length: 0\r\n" in request_bytes(request, [])
    request.length, request.chunked = -1, True
    assert b"\r\ntransfer-encoding: chunked\r\n" in request_bytes(request, [])
    request.upgrade = b"websocket"
    assert b"\r\nconnection: upgrade\r\nupgrade: websocket\r\n" in request_bytes(request, [])


def test_a_status_line_keeps_the_phrase() -> None:
    assert status_line(299, b"Odd One") == status_line(299, b"Odd One") == b"HTTP/1.1 299 Odd One\r\n"


@pytest.mark.parametrize("phrase", [b"a\0b", b"a\rb", b"a\nb", b"\x7f"])
def test_a_phrase_with_control_characters_is_left_out(phrase: bytes) -> None:
    assert status_line(200, phrase) == b"HTTP/1.1 200 \r\n"
