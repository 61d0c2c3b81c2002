"""A client connection: what is refused never reaches the application, and slow clients do not stay."""

import asyncio

import pytest

from tests.proxy.rig import App, ask, head_fields, pairs, play, serving, until, world

BOTH = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
START = b"POST / HTTP/1.1\r\nHost: a\r\n"
NEXT = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status", "reason"),
    [
        (START + BOTH + NEXT, 400, "bad-request"),
        (START + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + NEXT, 400, "bad-request"),
        (START + b"Content-Length: -5\r\n\r\nhello" + NEXT, 400, "bad-request"),
        (START + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + NEXT, 400, "bad-request"),
        (START + b"Transfer-Encoding: identity\r\n\r\n" + NEXT, 501, "not-implemented"),
        (START + b"Content-Length : 5\r\n\r\nhello" + NEXT, 400, "bad-request"),
        (START + b"X: 1\r\n folded\r\n\r\n" + NEXT, 400, "bad-request"),
        (START + b"X: 1\n\r\n" + NEXT, 400, "bad-request"),
        (b"GET / HTTP/1.1\r\n\r\n" + NEXT, 400, "bad-request"),
        (START + b"X: " + b"y" * 70000 + b"\r\n\r\n" + NEXT, 431, "headers-too-large"),
        (START + b"Content-Length: 99\r\n\r\n" + b"x" * 99 + NEXT, 413, "body-too-large"),
        (START + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + NEXT, 400, "bad-request"),
        (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n" + NEXT, 501, "not-implemented"),
        (b"CONNECT b:1 HTTP/1.1\r\nHost: b\r\n\r\n", 501, "not-implemented"),
    ],
)
def test_a_refused_request_never_reaches_the_application(
    request_bytes: bytes, status: int, reason: str
) -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address, max_body_bytes=64) as w:
            got = await ask(w.inbound, request_bytes)
            assert got.startswith(b"HTTP/1.1 %d " % status)
            assert got.count(b"HTTP/1.1 ") == 1
            assert head_fields(got)["x-spanmesh-reason"] == reason
            await until(lambda: bool(w.sink.points))
            assert pairs(w.sink.points[0][1].attributes)["error.type"] == reason
            assert app.heads == []

    play(run())


def test_a_refusal_waits_for_the_answers_before_it() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            got = await ask(w.inbound, b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n" + NEXT)
            assert got.startswith(app.answer + b"HTTP/1.1 501 ")
            assert len(app.heads) == 1
            assert w.sidecar.refused == {"not-implemented": 1}

    play(run())


def test_a_pipelined_request_that_turns_bad_is_never_begun() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            bad = START + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\nzz\r\n"
            got = await ask(w.inbound, b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" + bad)
            assert got.startswith(app.answer + b"HTTP/1.1 400 ")
            assert len(app.heads) == 1

    play(run())


def test_a_body_that_turns_bad_on_the_way_ends_both_connections() -> None:
    async def run() -> None:
        ended = asyncio.Event()

        async def reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert b"smuggled" not in await reader.read()
            ended.set()

        async with serving(reading) as address, world(address) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(START + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
            await until(lambda: w.sidecar.dialer.open == 1)
            writer.write(b"zz\r\n" + NEXT)
            async with asyncio.timeout(5):
                assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
                await ended.wait()
            writer.close()

    play(run())


def test_a_stranger_may_not_take_for_ever_to_send_a_head_and_our_own_application_may() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address, header_timeout=0.2) as w:
            begun = b"GET / HTTP/1.1\r\nHost: " + address.encode()
            reader, writer = await asyncio.open_connection("127.0.0.1", w.outbound)
            writer.write(begun)
            got = await ask(w.inbound, begun, close=False)
            assert got.startswith(b"HTTP/1.1 408 ")
            assert head_fields(got)["x-spanmesh-reason"] == "slow-request"
            writer.write(b"\r\n\r\n")
            assert await reader.readexactly(len(app.answer)) == app.answer
            writer.close()

    play(run())


def test_an_idle_connection_is_closed() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address, idle_timeout=0.2) as w:
            assert await ask(w.inbound, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", close=False) == app.answer

    play(run())


def test_close_is_honoured_and_http_1_0_keeps_alive_only_when_asked() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            got = await ask(w.inbound, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", close=False)
            assert head_fields(got)["connection"] == "close"
            assert b"connection: close" in await ask(w.inbound, b"GET / HTTP/1.0\r\n\r\n", close=False)
            kept = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
            assert (await ask(w.inbound, kept * 2)).count(b"connection: keep-alive") == 2

    play(run())


def test_a_request_to_the_sidecar_itself_is_a_loop() -> None:
    async def run() -> None:
        async with world(outbound="127.0.0.1:0") as w:
            for request in (
                b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % w.outbound,
                b"GET http://localhost:%d/ HTTP/1.1\r\nHost: x\r\n\r\n" % w.outbound,
            ):
                got = await ask(w.outbound, request)
                assert got.startswith(b"HTTP/1.1 508 ")
            assert b"501" in await ask(w.outbound, b"GET https://example.org/ HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 400 " in await ask(w.outbound, b"GET / HTTP/1.0\r\n\r\n")

    play(run())
