"""The codec: any split gives the same events, and what must be refused is."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import Reason, RefusedError
from proxy.http.http1.requests import Http1RequestHead, MessageLimits, RequestParser, destination
from proxy.http.messages import Fields


class Requests:
    """Events of requests, adjacent data joined."""

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []

    def on_request(self, head: Http1RequestHead) -> None:
        self.events.append(("head", head.method, head.path, tuple(head.fields), head.length, head.unsized))

    def on_request_data(self, data: bytes) -> None:
        if self.events[-1][0] == "data":
            self.events[-1] = ("data", self.events[-1][1] + data)  # type: ignore[operator]
        else:
            self.events.append(("data", data))

    def on_request_end(self, trailers: Fields) -> None:
        self.events.append(("end", list(trailers)))


DEFAULT = MessageLimits()


def parse(pieces: list[bytes], limits: MessageLimits = DEFAULT) -> list[tuple[object, ...]]:
    sink = Requests()
    parser = RequestParser(sink, limits)
    for piece in pieces:
        parser.feed(piece)
    return sink.events


def refusal(data: bytes, limits: MessageLimits = DEFAULT) -> Reason:
    with pytest.raises(RefusedError) as caught:
        parse([data], limits)
    return caught.value.reason


_token = st.text("abcdefghijklmnop-", min_size=1, max_size=8).map(lambda s: ("x" + s).encode())
_value = st.text("abc XYZ=;,/0189", max_size=20).map(lambda s: s.strip().encode())
_fields = st.lists(st.tuples(_token, _value), max_size=5)
_body = st.binary(max_size=60)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    method = draw(st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"HEAD"]))
    lines = b"".join(n + b": " + v + b"\r\n" for n, v in draw(_fields))
    head = method + b" /p/" + draw(_token) + b"?q=1 HTTP/1.1\r\nHost: a\r\n" + lines
    upgrade = b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n" if draw(st.booleans()) else b""
    kind = draw(st.sampled_from(["none", "length", "chunked"]))
    if kind == "none":
        return head + upgrade + b"\r\n"
    if kind == "length":
        body = draw(_body)
        return head + upgrade + b"Content-Length: %d\r\n\r\n" % len(body) + body
    chunks = draw(st.lists(_body.filter(bool), max_size=4))
    data = b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in chunks)
    trailer = draw(st.sampled_from([b"", b"x-sum: 1\r\n"]))
    return head + upgrade + b"Transfer-Encoding: chunked\r\n\r\n" + data + b"0\r\n" + trailer + b"\r\n"


def cut(data: bytes, points: list[int]) -> list[bytes]:
    edges = [0, *sorted({p % (len(data) + 1) for p in points}), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@given(st.lists(requests(), min_size=1, max_size=3), st.lists(st.integers(0, 5000), max_size=12))
def test_any_split_of_requests_gives_the_same_events(messages: list[bytes], points: list[int]) -> None:
    data = b"".join(messages)
    whole = parse([data])
    assert [event[0] for event in whole].count("end") == len(messages)
    assert parse(cut(data, points)) == whole
    assert parse([data[i : i + 1] for i in range(len(data))]) == whole


@given(requests(), st.integers(0, 5000), st.integers(0, 255))
def test_a_mutated_request_is_parsed_or_refused_and_nothing_else(data: bytes, at: int, byte: int) -> None:
    at %= len(data)
    mutated = data[:at] + bytes([byte]) + data[at + 1 :]
    with suppress(RefusedError):
        parse([mutated])


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\nx\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a:x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n",
        b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://:80/a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://user@a/b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a\\b/c HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_is_ambiguous_is_a_bad_request(text: bytes) -> None:
    assert refusal(text) in (Reason.BAD_REQUEST, Reason.NOT_IMPLEMENTED)


def test_other_refusals_have_their_own_reason() -> None:
    start = b"POST / HTTP/1.1\r\nHost: a\r\n"
    assert refusal(start + b"Transfer-Encoding: gzip, chunked\r\n\r\n") is Reason.NOT_IMPLEMENTED
    assert refusal(b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n") is Reason.NOT_IMPLEMENTED
    assert refusal(start + b"x: 1\r\n" * 200 + b"\r\n") is Reason.HEADERS_TOO_LARGE
    assert refusal(start + b"x: " + b"y" * 70000 + b"\r\n\r\n") is Reason.HEADERS_TOO_LARGE
    assert refusal(b"GET /" + b"y" * 20000 + b" HTTP/1.1\r\nHost: a\r\n\r\n") is Reason.URI_TOO_LONG
    small = MessageLimits(body=3)
    assert refusal(start + b"Content-Length: 4\r\n\r\nabcd", small) is Reason.BODY_TOO_LARGE
    chunked = start + b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"
    assert refusal(chunked, small) is Reason.BODY_TOO_LARGE


@pytest.mark.parametrize(
    "host", [b"", b"a", b"a.b-c_d:80", b"[::1]:80", b"127.0.0.1", b"A:", b"a.", b"[fe80::1%25eth0]:1"]
)
def test_a_host_with_or_without_a_port_is_taken(host: bytes) -> None:
    assert len(parse([b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"])) == 2
    assert len(parse([b"OPTIONS * HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"])) == 2


def test_what_follows_a_connect_is_never_read_as_a_request() -> None:
    sink = Requests()
    parser = RequestParser(sink, MessageLimits())
    parser.feed(b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    assert len(sink.events) == 2
    assert parser.closed


def test_a_head_that_never_ends_is_refused() -> None:
    parser = RequestParser(Requests(), MessageLimits())
    parser.feed(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    for _ in range(60):
        parser.feed(b"y" * 1000)
    with pytest.raises(RefusedError, match="headers-too-large"):
        parser.feed(b"y" * 30000)


def test_what_follows_a_close_is_not_parsed() -> None:
    last = b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    events = parse([last + b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"])
    assert [event[0] for event in events] == ["head", "end"]


def test_many_ignored_upgrades_in_one_read_are_parsed_in_turn() -> None:
    one = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"
    assert [event[0] for event in parse([one * 3000])].count("end") == 3000


def test_bytes_after_an_upgrade_wait_for_the_answer() -> None:
    sink = Requests()
    parser = RequestParser(sink, MessageLimits())
    request = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
    parser.feed(request + b"\x81")
    parser.feed(b"\x02hi")
    assert parser.detach() == b"\x81\x02hi"

    parser = RequestParser(sink := Requests(), MessageLimits())
    parser.feed(request + b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
    assert len(sink.events) == 2
    parser.resume()
    assert sink.events[2][2] == b"/next"


CHUNKED = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "rest",
    [
        b"1;" + b"e" * 3000 + b"\r\nx\r\n",
        b"1;ext=0123456789abcdef0123456789abcdef\r\nx\r\n" * 100,
        b"0\r\n" + b"x: y\r\n" * 500,
        b"0\r\nx: " + b"y" * 3000,
    ],
)
def test_extensions_and_trailers_that_do_not_end_are_refused(rest: bytes) -> None:
    pieces = [CHUNKED, *(rest[at : at + 100] for at in range(0, len(rest), 100))]
    with pytest.raises(RefusedError, match="headers-too-large: keep chunk extensions and trailers"):
        parse(pieces, MessageLimits(header_bytes=1024))


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40))
def test_the_smallest_chunks_are_no_abuse(cuts: list[int]) -> None:
    data = CHUNKED + b"1\r\nx\r\n" * 2000 + b"0\r\nx-sum: 1\r\n\r\n"
    pieces: list[bytes] = []
    while data:
        cut = cuts[len(pieces) % len(cuts)]
        pieces.append(data[:cut])
        data = data[cut:]
    events = parse(pieces, MessageLimits(header_bytes=1024))
    assert events[-2:] == [("data", b"x" * 2000), ("end", [(b"x-sum", b"1")])]


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
    assert destination(b"GET", target, b"shop") == expected


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://other", b"*"),
        (b"HTTP://other:81", b"*"),
        (b"http://other/", b"/"),
        (b"http://other?a", b"/?a"),
        (b"http://other/a", b"/a"),
        (b"*", b"*"),
    ],
)
def test_options_of_an_address_alone_are_those_of_its_server(target: bytes, path: bytes) -> None:
    assert destination(b"OPTIONS", target, b"other")[0] == path


def test_connect_names_an_authority_and_no_path() -> None:
    assert destination(b"CONNECT", b"shop:443", b"other") == (b"/", b"shop:443")
