"""An upstream connection that says more than it was asked is not used again."""

import asyncio

import pytest

from tests.proxy.rig import ask, play, serving, until, world

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
