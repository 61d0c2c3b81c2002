"""Messages to bytes: framing, what is left out, and that parsing gives the messages back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.http.http1.encoder import RequestEncoder, ResponseEncoder, closing_response, status_line
from proxy.http.http1.requests import MessageLimits, RequestParser
from proxy.http.http1.responses import ResponseParser
from proxy.http.messages import Field, RequestHead, ResponseHead
from tests.proxy.http.http1.test_requests import Requests, cut
from tests.proxy.http.http1.test_responses import Responses

_name = st.text("abcdefghijklmnop-", min_size=1, max_size=8).map(lambda text: ("x" + text).encode())
_value = st.text("abc XYZ=;,/0189", max_size=20).map(lambda text: text.strip().encode())
_fields = st.lists(st.tuples(_name, _value), max_size=5)
_data = st.lists(st.binary(max_size=60), max_size=5)
_points = st.lists(st.integers(0, 5000), max_size=12)


def taken(encoder: RequestEncoder | ResponseEncoder) -> bytes:
    """What a connection would write now."""
    data = b"".join(encoder.pieces)
    encoder.pieces.clear()
    return data


def request_head(method: bytes = b"GET", fields: list[Field] | None = None) -> RequestHead:
    head = RequestHead()
    head.method, head.path, head.authority, head.fields = method, b"/", b"shop", fields or []
    return head


def response_head(status: int, fields: list[Field] | None = None, phrase: bytes = b"OK") -> ResponseHead:
    head = ResponseHead()
    head.status, head.phrase, head.fields = status, phrase, fields or []
    return head


def encoded(head: RequestHead, *added: Field) -> bytes:
    encoder = RequestEncoder()
    encoder.head(head, [*head.fields, *added], whole=True)
    return taken(encoder)


def answered(request: RequestHead, response: ResponseHead, data: bytes = b"", keep: bool = True) -> bytes:
    encoder = ResponseEncoder()
    encoder.head(request, response, keep=keep)
    encoder.data(data)
    encoder.end(())
    return taken(encoder)


def test_a_request_is_framed_as_it_came() -> None:
    request = request_head(fields=[(b"X-A", b"1")])
    assert encoded(request, (b"t", b"1")) == b"GET / HTTP/1.1\r\nhost: shop\r\nX-A: 1\r\nt: 1\r\n\r\n"
    request.length = 0
    assert b"\r\ncontent-length: 0\r\n" in encoded(request)
    request.length, request.unsized = -1, True
    assert b"\r\ntransfer-encoding: chunked\r\n" in encoded(request)
    request.upgrade = b"websocket"
    assert b"\r\nconnection: upgrade\r\nupgrade: websocket\r\n" in encoded(request)
    request.trailers = True
    both = b"\r\nconnection: upgrade, te\r\nupgrade: websocket\r\nte: trailers\r\n"
    assert both in encoded(request)
    request.upgrade = b""
    assert b"\r\nte: trailers\r\nconnection: te\r\n" in encoded(request)


@given(_fields, st.sampled_from(["none", "length", "unsized"]), _data, _fields, _points)
def test_requests_are_parsed_back_wherever_their_bytes_are_cut(
    fields: list[Field], framing: str, data: list[bytes], trailers: list[Field], points: list[int]
) -> None:
    head, body = request_head(b"POST", fields), b"".join(data)
    if framing == "length":
        head.length = len(body)
    head.unsized = framing == "unsized"
    encoder, sink = RequestEncoder(), Requests()
    if framing == "none":
        body, data, trailers = b"", [], []
    whole = not data and not trailers
    encoder.head(head, [*fields, (b"x-added", b"1")], whole=whole)
    for piece in data:
        encoder.data(piece)
    if not whole:
        encoder.end(trailers)
    parser = RequestParser(sink, MessageLimits())
    for piece in cut(taken(encoder) * 2, points):
        parser.feed(piece)
    kept = trailers if framing == "unsized" else []
    one = [
        ("head", b"POST", b"/", (*fields, (b"x-added", b"1")), head.length, head.unsized),
        *([("data", body)] if body else []),
        ("end", kept),
    ]
    assert sink.events == one * 2
    assert taken(encoder) == b""


@given(
    st.sampled_from([b"GET", b"HEAD"]),
    st.sampled_from([200, 204, 304, 404, 503]),
    _fields,
    st.booleans(),
    _data,
    _fields,
    _points,
)
def test_responses_are_parsed_back_wherever_their_bytes_are_cut(
    method: bytes,
    status: int,
    fields: list[Field],
    sized: bool,
    data: list[bytes],
    trailers: list[Field],
    points: list[int],
) -> None:
    bodiless = method == b"HEAD" or status in (204, 304)
    if bodiless:
        data = []
    body = b"".join(data)
    head = response_head(status, fields)
    if sized:
        head.length = len(body)
        head.fields = [*fields, (b"content-length", b"%d" % len(body))]
    encoder, sink, parser = ResponseEncoder(), Responses(), ResponseParser(MessageLimits())
    request = request_head(method)
    encoder.interim(request, response_head(103, phrase=b"Early Hints"))
    encoder.head(request, head, keep=True)
    for piece in data:
        encoder.data(piece)
    encoder.end(trailers)
    assert encoder.keep
    parser.begin(sink, method == b"HEAD")
    for piece in cut(taken(encoder), points):
        parser.feed(piece)
    assert sink.events == [
        ("interim", 103),
        ("head", status, b"OK", tuple(head.fields), head.length),
        *([("data", body)] if body else []),
        ("end", [] if sized or bodiless else trailers),
    ]
    # llhttp takes a HEAD's response without a length for one that the end of the connection ends.
    assert parser.reusable or (method == b"HEAD" and not sized)


def test_an_http_1_0_client_gets_no_chunks_and_no_interim_response() -> None:
    request = request_head()
    request.version = b"1.0"
    encoder = ResponseEncoder()
    encoder.interim(request, response_head(103))
    encoder.head(request, response_head(200), keep=True)
    encoder.data(b"body")
    encoder.end([(b"x", b"1")])
    assert taken(encoder) == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nbody"
    assert (encoder.keep, encoder.until_close) == (False, True)
    sized = response_head(200, [(b"content-length", b"4")])
    sized.length = 4
    assert b"\r\nconnection: keep-alive\r\n" in answered(request, sized, b"body")
    assert b"\r\nconnection: close\r\n" in answered(request, sized, b"body", keep=False)


def test_after_a_switch_bytes_pass_as_they_are() -> None:
    encoder = ResponseEncoder()
    switch = response_head(101, [(b"x", b"1")], b"Switching Protocols")
    switch.upgrade = b"websocket"
    encoder.switch(switch)
    encoder.data(b"\x81\x02hi")
    head = b"HTTP/1.1 101 Switching Protocols\r\nx: 1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    assert taken(encoder) == head + b"\x81\x02hi"
    assert not encoder.keep


def test_only_an_answer_that_requires_an_upgrade_names_its_protocol() -> None:
    for status, field in ((426, b"connection: upgrade\r\nupgrade: websocket\r\n"), (200, b"")):
        response = response_head(status)
        response.upgrade, response.length = b"websocket", 0
        assert answered(request_head(), response) == status_line(status, b"OK") + field + b"\r\n"


def test_a_head_that_was_taken_back_leaves_no_framing_behind() -> None:
    for version in (b"1.1", b"1.0"):
        request = request_head()
        request.version = version
        encoder = ResponseEncoder()
        encoder.head(request, response_head(200), keep=True)
        encoder.pieces.clear()
        sized = response_head(502, [(b"content-length", b"2")], b"Bad Gateway")
        sized.length = 2
        encoder.head(request, sized, keep=False)
        encoder.data(b"no")
        encoder.end(())
        head = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 2\r\nconnection: close\r\n\r\n"
        assert taken(encoder) == head + b"no"
        assert not encoder.until_close


def test_an_answer_to_what_was_not_understood_closes() -> None:
    head = response_head(400, [(b"content-length", b"2")], b"Bad Request")
    head.length = 2
    whole = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno"
    assert closing_response(head, b"no") == whole


def test_a_status_line_keeps_the_phrase() -> None:
    assert status_line(299, b"Odd One") == status_line(299, b"Odd One") == b"HTTP/1.1 299 Odd One\r\n"


@pytest.mark.parametrize("phrase", [b"a\0b", b"a\rb", b"a\nb", b"\x7f"])
def test_a_phrase_with_control_characters_is_left_out(phrase: bytes) -> None:
    assert status_line(200, phrase) == b"HTTP/1.1 200 \r\n"
