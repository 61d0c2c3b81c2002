"""Heads back to bytes."""

import pytest

from proxy.http.headers import RequestHead
from proxy.http.http1.encoder import origin_form, request_bytes, status_line


def head(target: bytes, host: bytes | None = b"shop", method: bytes = b"GET") -> RequestHead:
    made = RequestHead()
    made.method, made.target, made.host, made.fields = method, target, host, [(b"X-A", b"1")]
    return made


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/a?b=http://c", (b"/a?b=http://c", b"shop")),
        (b"http://other:81/a?b", (b"/a?b", b"other:81")),
        (b"HTTP://other", (b"/", b"other")),
        (b"http://other?q=/1", (b"/?q=/1", b"other")),
        (b"*", (b"*", b"shop")),
        (b"https://other/", (b"https://other/", b"shop")),
    ],
)
def test_an_absolute_target_overrules_host(target: bytes, expected: tuple[bytes, bytes]) -> None:
    assert origin_form(head(target)) == expected


def test_a_request_is_framed_as_it_came() -> None:
    request = head(b"/")
    plain = request_bytes(request, b"/", b"shop", b"t: 1\r\n")
    assert plain == b"GET / HTTP/1.1\r\nhost: shop\r\nX-A: 1\r\nt: 1\r\n\r\n"
    request.length = 0
    assert b"\r\ncontent-length: 0\r\n" in request_bytes(request, b"/", b"shop", b"")
    request.length, request.chunked = -1, True
    assert b"\r\ntransfer-encoding: chunked\r\n" in request_bytes(request, b"/", b"shop", b"")
    request.upgrade = b"websocket"
    assert b"\r\nconnection: upgrade\r\nupgrade: websocket\r\n" in request_bytes(request, b"/", b"a", b"")


def test_a_status_line_keeps_the_phrase() -> None:
    assert status_line(299, b"Odd One") == status_line(299, b"Odd One") == b"HTTP/1.1 299 Odd One\r\n"


@pytest.mark.parametrize("phrase", [b"a\0b", b"a\rb", b"a\nb", b"\x7f"])
def test_a_phrase_with_control_characters_is_left_out(phrase: bytes) -> None:
    assert status_line(200, phrase) == b"HTTP/1.1 200 \r\n"
