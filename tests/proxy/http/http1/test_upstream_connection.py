"""An upstream connection that says more than it was asked is not used again; that of a tunnel is heard."""

import asyncio

import pytest

from proxy.sockets.options import reset
from tests.proxy.rig import DEADLINE, ask, play, serving, until, world

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@pytest.mark.parametrize("extra", [b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil", b"x"])
@pytest.mark.parametrize("later", [False, True])
def test_bytes_after_a_response_never_become_the_next_one(extra: bytes, later: bool) -> None:
    async def run() -> None:
        connections = 0

        async def chatty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            await reader.readuntil(b"\r\n\r\n")
            connections += 1
            if later:
                writer.write(OK)
                await writer.drain()
                await until(lambda: w.sidecar.pool.idle == 1)
                writer.write(extra)
            else:
                writer.write(OK + extra)
            await reader.read()

        async with serving(chatty) as address, world(address) as w:
            assert await ask(w.inbound, GET) == OK
            await until(lambda: w.sidecar.dialer.open == 0)
            assert await ask(w.inbound, GET) == OK
            assert connections == 2

    play(run())


async def tunnel(port: int, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"CONNECT %b HTTP/1.1\r\nHost: a\r\n\r\n" % address.encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    return reader, writer


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("ends", [False, True])
def test_a_server_that_speaks_first_is_heard_through_a_tunnel(host: str, ends: bool) -> None:
    async def run() -> None:
        got = []

        async def greeter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 hello\r\n")
            if ends:
                writer.write_eof()
            got.append(await reader.read())

        async with serving(greeter) as address, world() as w:
            # Whether the greeting or its reader comes first differs from connection to connection.
            for _ in range(20):
                reader, writer = await tunnel(w.outbound, address.replace("127.0.0.1", host))
                async with asyncio.timeout(DEADLINE):
                    assert await reader.readexactly(11) == b"220 hello\r\n"
                    if ends:
                        assert await reader.read() == b""
                writer.write(b"quit")
                writer.write_eof()
                await until(lambda: bool(got))
                assert got.pop() == b"quit"
                writer.close()
            await until(lambda: w.sidecar.dialer.open == 0)

    play(run())


@pytest.mark.parametrize("by_client", [True, False])
def test_a_tunnel_that_breaks_does_not_end_as_if_it_were_whole(by_client: bool) -> None:
    async def run() -> None:
        ends: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        over = asyncio.Event()

        async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ends.append((reader, writer))
            await over.wait()

        async with serving(server) as address, world() as w:
            reader, writer = await tunnel(w.outbound, address)
            await until(lambda: bool(ends))
            reset((writer if by_client else ends[0][1]).transport)
            async with asyncio.timeout(DEADLINE):
                with pytest.raises(ConnectionResetError):
                    await (ends[0][0] if by_client else reader).read()
            over.set()
            await until(lambda: w.sidecar.dialer.open == 0)
            writer.close()

    play(run())
