"""Bodies and what stands in their place: framing, interim and early responses, tunnels, flow control."""

import asyncio
import resource

import pytest

from tests.proxy.rig import (
    App,
    ask,
    field,
    head_fields,
    play,
    read_body,
    serving,
    world,
)

GET = b"GET /items/7?q=1 HTTP/1.1\r\nHost: shop\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


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
