"""Responses: any split gives the same events, and what may follow on the connection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import Reason, RefusedError
from proxy.http.http1.requests import MessageLimits
from proxy.http.http1.responses import ResponseParser
from proxy.http.messages import Fields, ResponseHead
from tests.proxy.http.http1.test_requests import Requests, cut

LIMITS = MessageLimits()


class Responses(Requests):
    def on_interim(self, head: ResponseHead) -> None:
        self.events.append(("interim", head.status))

    def on_switch(self, head: ResponseHead) -> None:
        self.events.append(("switch", head.status, head.upgrade))

    def on_response(self, head: ResponseHead) -> None:
        self.events.append(("head", head.status, head.phrase, tuple(head.fields), head.length))

    def on_response_data(self, data: bytes) -> None:
        self.on_request_data(data)

    def on_response_end(self, trailers: Fields) -> None:
        self.on_request_end(trailers)


def response(
    pieces: list[bytes], *, head_only: bool = False, limits: MessageLimits = LIMITS
) -> tuple[Responses, ResponseParser]:
    sink = Responses()
    parser = ResponseParser(limits)
    parser.begin(sink, head_only)
    for piece in pieces:
        parser.feed(piece)
    return sink, parser


RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx-t: 1\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
    b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx",
]


@given(st.sampled_from(RESPONSES), st.lists(st.integers(0, 200), max_size=8))
def test_any_split_of_a_response_gives_the_same_events(data: bytes, points: list[int]) -> None:
    sink, parser = response([data])
    assert sink.events[-1][0] == "end"
    assert parser.reusable
    split, _ = response(cut(data, points))
    assert split.events == sink.events


def test_a_response_to_head_ends_with_its_head_and_the_parser_goes_on() -> None:
    sink, parser = response([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"], head_only=True)
    assert [event[0] for event in sink.events] == ["head", "end"]
    assert parser.reusable
    parser.begin(again := Responses(), False)
    parser.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
    assert [event[0] for event in again.events] == ["head", "data", "end"]


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx junk",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
    ],
)
def test_a_connection_that_said_more_or_will_close_is_not_reusable(text: bytes) -> None:
    sink, parser = response([text])
    assert sink.events[-1][0] == "end"
    assert not parser.reusable


def test_the_end_of_the_connection_ends_only_a_response_that_has_no_length() -> None:
    sink, parser = response([b"HTTP/1.1 200 OK\r\n\r\nabc"])
    assert parser.until_close
    assert parser.finish()
    assert sink.events[-1][0] == "end"
    _, parser = response([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
    assert not parser.finish()


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_a_response_that_cannot_be_trusted_is_malformed(text: bytes) -> None:
    with pytest.raises(RefusedError, match="upstream-malformed"):
        response([text])


def test_bytes_after_a_switch_are_kept_for_the_new_protocol() -> None:
    switch = b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"
    sink, parser = response([switch + b"\x81\x02hi"])
    assert sink.events == [("switch", 101, b"websocket")]
    assert (parser.switched, parser.surplus) == (True, b"\x81\x02hi")


SMALL = MessageLimits(header_bytes=1024, headers=8)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
LONG, MANY = b"x-a: " + b"y" * 2000 + b"\r\n", b"a: b\r\n" * 9


ENDLESS_CHUNKS = [
    CHUNKED + b"1;" + b"x" * 100_000,
    CHUNKED + b"1;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\na\r\n" * 2000,
]
LARGE = [
    OK + LONG + b"\r\n",
    OK + MANY + b"content-length: 0\r\n\r\n",
    OK + b"x-a: 1\r\n" * 500_000,
    b"HTTP/1.1 200 " + b"O" * 3_000_000,
    b"HTTP/1.1 103 Early Hints\r\n" + LONG + b"\r\n" + OK,
    b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100 + OK + LONG + b"content-length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n" + LONG + b"\r\n",
    CHUNKED + b"0\r\n" + LONG + b"\r\n",
    CHUNKED + b"0\r\n" + MANY + b"\r\n",
    CHUNKED + b"0\r\n" + b"x-a: 1\r\n" * 500_000,
    *ENDLESS_CHUNKS,
]


@pytest.mark.parametrize("data", LARGE, ids=range(len(LARGE)))
@pytest.mark.parametrize("size", [1 << 20, 4096, 100])
def test_what_is_beside_a_body_is_bounded_however_it_comes(data: bytes, size: int) -> None:
    if size > len(data) and data in ENDLESS_CHUNKS:
        return  # of one read, which is bounded itself, the extensions are not seen
    parser = ResponseParser(SMALL)
    parser.begin(Responses(), False)
    starts = iter(range(0, len(data), size))
    with pytest.raises(RefusedError) as caught:  # noqa: PT012
        for start in starts:
            parser.feed(data[start : start + size])
    assert caught.value.reason is Reason.RESPONSE_HEADERS_TOO_LARGE
    if len(data) > 1 << 20:
        assert next(starts, None) is not None, "noticed before all of it is in memory"


def test_within_the_bounds_nothing_is_refused_and_a_body_has_none() -> None:
    hints = b"HTTP/1.1 102 Processing\r\n\r\n" * 5000
    chunks = b"1\r\na\r\n" * 5000 + b"2000\r\n" + b"x" * 0x2000 + b"\r\n0\r\n" + b"x-t: 1\r\n" * 8 + b"\r\n"
    head = OK + b"x-a: " + b"y" * 900 + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    for size in (1 << 20, 4096, 10):
        data = hints + head + chunks
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        sink, parser = response(pieces, limits=SMALL)
        assert sink.events[-1][0] == "end"
        assert parser.reusable
