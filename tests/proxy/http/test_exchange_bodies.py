"""Bodies and what stands in their place: framing, interim and early responses, tunnels, flow control."""

import asyncio
import resource

import pytest

from proxy.contract.attributes import CLIENT_BODY_SIZE
from tests.proxy.rig import (
    DEADLINE,
    App,
    ask,
    field,
    head_fields,
    pairs,
    play,
    read_body,
    serving,
    until,
    world,
)

GET = b"GET /items/7?q=1 HTTP/1.1\r\nHost: shop\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def test_trailers_reach_who_asks_for_them_and_servers_learn_who_does() -> None:
    async def run() -> None:
        heads = []

        async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                heads.append(await reader.readuntil(b"\r\n\r\n"))
                body = await reader.readuntil(b"0\r\nx-up: 1\r\n\r\n")
                asked = field(heads[-1], "te") == "trailers" and field(heads[-1], "connection") == "te"
                sum_ = b"x-sum: %d\r\n" % len(body) if asked else b""
                writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n")
                writer.write(b"1\r\na\r\n0\r\n" + sum_ + b"\r\n")

        async with serving(app) as address, world(address) as w:
            start = f"POST / HTTP/1.1\r\nHost: {address}\r\ntransfer-encoding: chunked\r\n".encode()
            body = b"Trailer: x-up\r\n\r\n1\r\nb\r\n0\r\nx-up: 1\r\n\r\n"
            for port in (w.inbound, w.outbound):
                got = await ask(port, start + b"Connection: TE\r\nTE: trailers\r\n" + body)
                assert got.endswith(b"0\r\nx-sum: 20\r\n\r\n")
                assert field(got, "trailer") == "x-sum"
                assert field(heads[-1], "trailer") == "x-up"
                assert (await ask(port, start + body)).endswith(b"0\r\n\r\n")
                assert field(heads[-1], "te") is field(heads[-1], "connection") is None

    play(run())


def test_options_and_trace_go_as_far_as_they_may() -> None:
    async def run() -> None:
        app = App(OK)
        async with serving(app) as address, world(address) as w:
            for target in (f"http://{address}", "*"):
                asked = f"OPTIONS {target} HTTP/1.1\r\nHost: {address}\r\n"
                for port in (w.inbound, w.outbound):
                    assert await ask(port, asked.encode() + b"Max-Forwards: 2\r\n\r\n") == OK
                    assert app.heads[-1].startswith(b"OPTIONS * HTTP/1.1\r\n")
                    assert app.field("max-forwards") == "1"
            for port in (w.inbound, w.outbound):
                served = len(app.heads)
                asked = f"TRACE http://{address}/a?b HTTP/1.1\r\nHost: {address}\r\nX: 1\r\n"
                got = await ask(port, asked.encode() + b"Cookie: s\r\nMax-Forwards: 0\r\n\r\n")
                head, _, body = got.partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200 OK\r\ncontent-type: message/http\r\n")
                assert body.startswith(f"TRACE /a?b HTTP/1.1\r\nhost: {address}\r\nX: 1\r\n".encode())
                assert b"Cookie" not in body
                got = await ask(port, b"OPTIONS * HTTP/1.1\r\nHost: nowhere\r\nMax-Forwards: 0\r\n\r\n")
                assert got == b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
                assert len(app.heads) == served

    play(run())


@pytest.mark.parametrize(
    ("response", "empty", "size"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 1, 0),
        (OK, 0, 2),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n", 0, 7),
    ],
)
def test_bodies_are_measured_whatever_their_framing(response: bytes, empty: int, size: int) -> None:
    async def run() -> None:
        async with serving(App(response)) as address, world(address) as w:
            await ask(w.outbound, f"GET / HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
            await until(lambda: w.sink.counted(CLIENT_BODY_SIZE) == 1)
            [point] = [point for name, point in w.sink.points if name == CLIENT_BODY_SIZE]
            assert (point.zero_count, point.sum) == (empty, size)

    play(run())


def test_bodies_pass_both_ways_whatever_their_framing() -> None:
    async def run() -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await read_body(head, reader)
                half = len(body) // 2
                writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n")
                for part in (body[:half], body[half:]):
                    writer.write(b"%x\r\n%b\r\n" % (len(part), part))
                writer.write(b"0\r\nx-sum: 9\r\n\r\n")

        async with serving(echo) as address, world(address) as w:
            chunked = b"POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n"
            got = await ask(w.inbound, chunked + b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")
            assert got.endswith(b"3\r\nabc\r\n3\r\ndef\r\n0\r\nx-sum: 9\r\n\r\n")
            old = await ask(w.inbound, b"POST / HTTP/1.0\r\ncontent-length: 6\r\n\r\nabcdef")
            assert old.split(b"\r\n\r\n")[1] == b"abcdef"
            assert field(old, "connection") == "close"

    play(run())


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"),
        (b"GET", b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 299 Odd\r\ncontent-length: 0\r\n\r\n"),
    ],
)
def test_responses_without_a_body_keep_the_connection(method: bytes, answer: bytes) -> None:
    async def run() -> None:
        app = App(answer)
        async with serving(app) as address, world(address) as w:
            request = method + b" / HTTP/1.1\r\nHost: a\r\n\r\n"
            assert await ask(w.inbound, request * 2) == answer * 2
            assert app.connections == 1

    play(run())


def test_a_response_that_ends_with_its_connection_is_passed_on_chunked() -> None:
    async def run() -> None:
        async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")
            await writer.drain()

        async with serving(closing) as address, world(address) as w:
            got = await ask(w.inbound, GET + b"\r\n")
            assert got.endswith(b"9\r\nall of it\r\n0\r\n\r\n")

    play(run())


def test_continue_is_relayed_before_the_body_is_sent() -> None:
    async def run() -> None:
        async def patient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await reader.readexactly(3)
            writer.write(OK)

        async with serving(patient) as address, world(address) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
            async with asyncio.timeout(5):
                assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
                writer.write(b"abc")
                assert await reader.readexactly(len(OK)) == OK
            writer.close()

    play(run())


def test_an_early_answer_arrives_and_the_connection_ends() -> None:
    async def run() -> None:
        async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno")
            await writer.drain()
            await reader.read()

        async with serving(hasty) as address, world(address) as w:
            post = b"POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 999\r\n\r\npart"
            got = await ask(w.inbound, post, close=False)
            assert got.startswith(b"HTTP/1.1 413 ")
            assert head_fields(got)["connection"] == "close"
            assert got.endswith(b"no")

    play(run())


@pytest.mark.parametrize(
    ("framing", "reads"), [(b"content-length: 2\r\n", True), (b"content-length: 2\r\n", False), (b"", False)]
)
def test_what_follows_an_early_answer_is_passed_on_for_as_long_as_the_server_reads(
    framing: bytes, reads: bool
) -> None:
    async def run() -> None:
        got: list[bytes] = []
        over = asyncio.Event()

        async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"part")
            writer.write(b"HTTP/1.1 202 Accepted\r\n" + framing + b"\r\nok")
            if reads:
                got.append(await reader.readexactly(4))
                await over.wait()

        async with serving(hasty) as address, world(address) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 8\r\n\r\npart")
            async with asyncio.timeout(DEADLINE):
                assert b"ok" in await reader.read()
                writer.write(b"rest")
                await until(lambda: got == [b"rest"] * reads)
                [span] = await w.spans(1)
                assert pairs(span.attributes)["http.response.status_code"] == 202
                assert "error.type" not in pairs(span.attributes)
            over.set()
            writer.close()
            await until(lambda: w.sidecar.dialer.open == w.sidecar.pool.idle)

    play(run())


def test_websocket_and_connect_become_tunnels() -> None:
    async def run() -> None:
        async def upgrading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nhi")
            writer.write(b"<" + await reader.readexactly(7) + b">")
            assert await reader.read() == b""

        upgrade = GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        async with serving(upgrading) as address, world(address) as w:
            got = await ask(w.inbound, upgrade + b"message")
            assert got.startswith(b"HTTP/1.1 101 ")
            assert got.endswith(b"\r\n\r\nhi<message>")
            through = b"CONNECT " + address.encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n"
            got = await ask(w.outbound, through + upgrade + b"message")
            assert got.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 101 ")
            assert got.endswith(b"<message>")
            assert {s.kind for s in await w.spans(2)} == {2, 3}

    play(run())


def test_a_declined_upgrade_goes_on_as_http() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            upgrade = GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            assert await ask(w.inbound, upgrade + GET + b"\r\n") == OK * 2

    play(run())


def test_a_large_body_streams_in_constant_memory_past_a_slow_reader() -> None:
    size = 96 << 20

    async def run() -> None:
        received = 0

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal received
            await reader.readuntil(b"\r\n\r\n")
            while received < size:
                received += len(await reader.read(1 << 18))
                await asyncio.sleep(0)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
            for _ in range(size >> 20):
                writer.write(bytes(1 << 20))
                await writer.drain()

        async with serving(slow) as address, world(address) as w:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\ncontent-length: %d\r\n\r\n" % size)
            for _ in range(size >> 20):
                writer.write(bytes(1 << 20))
                await writer.drain()
            await reader.readuntil(b"\r\n\r\n")
            left = size
            while left:
                left -= len(await reader.read(1 << 18))
            writer.close()
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            assert received == size
            assert grown < 24 << 10, f"grew by {grown} KB"

    play(run())
