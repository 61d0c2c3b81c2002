"""Much at once through a sidecar in a process of its own: what it holds stays small and is given back.

``SPANMESH_TEST_BODY_MIB`` sets the size of the large bodies (2048 is the whole claim).
"""

import asyncio
import os

from tests.proxy.rig import DEADLINE, play, serving
from tests.support.extent import sized
from tests.support.lone_sidecar import LoneSidecar, lone_sidecar

BODY = int(os.environ.get("SPANMESH_TEST_BODY_MIB", sized("256", "32"))) << 20
PIECE = bytes(1 << 20)
SOCKETS = 1000
PATIENCE = 60.0 + BODY / (16 << 20)  # seconds; a machine that is slow but not stuck


class Flow:
    """Bytes written so far, and whether the writer is held back."""

    def __init__(self) -> None:
        self.written = 0

    async def send(self, writer: asyncio.StreamWriter) -> None:
        while self.written < BODY:
            writer.write(PIECE)
            await writer.drain()
            self.written += len(PIECE)

    async def held(self) -> None:
        """Until nothing more goes: everything between this writer and its reader is full."""
        seen = -1
        while seen != self.written:
            seen = self.written
            await asyncio.sleep(0.3)
        assert seen < BODY, "nobody held the writer back"


async def _drain(reader: asyncio.StreamReader) -> None:
    left = BODY
    while left:
        piece = await reader.read(min(left, 1 << 18))
        assert piece, f"{left} bytes are missing"
        left -= len(piece)


def test_large_bodies_pass_a_slow_reader_both_ways_in_constant_memory() -> None:
    async def run() -> None:
        up, down, go = Flow(), Flow(), asyncio.Event()

        async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await go.wait()
            await _drain(reader)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % BODY)
            await down.send(writer)

        async with serving(app) as address, lone_sidecar(address) as sidecar:
            reader, writer = await asyncio.open_connection("127.0.0.1", sidecar.inbound)
            before = sidecar.peak_kib
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\ncontent-length: %d\r\n\r\n" % BODY)
            async with asyncio.timeout(PATIENCE):
                sending = asyncio.ensure_future(up.send(writer))
                await up.held()
                go.set()
                await sending
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
                await down.held()
                await _drain(reader)
            writer.close()
            grown = sidecar.peak_kib - before
            assert grown < 12 << 10, f"grew by {grown} KiB for {BODY >> 20} MiB each way"

    play(run())


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
    while piece := await reader.read(65536):
        writer.write(piece)


async def _converse(port: int, number: int, everyone: asyncio.Barrier) -> None:
    """Open a WebSocket, wait until all are open, be echoed a few times, close."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    writer.write(request)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    await everyone.wait()
    for turn in range(3):
        message = b"\x82\x7e%06d-%d" % (number, turn) * 20
        writer.write(message)
        assert await reader.readexactly(len(message)) == message
    writer.close()


async def _opened(port: int, sidecar: LoneSidecar) -> int:
    """One round of conversations; the most descriptors seen while they were open."""
    everyone = asyncio.Barrier(SOCKETS)
    talks = asyncio.gather(*(_converse(port, number, everyone) for number in range(SOCKETS)))
    most = 0
    while not talks.done():
        most = max(most, sidecar.descriptors)
        await asyncio.sleep(0.01)
    await talks
    return most


def test_a_thousand_websockets_echo_at_once_and_leave_nothing_behind() -> None:
    async def run() -> None:
        async with serving(_echo) as address, lone_sidecar(address) as sidecar:
            rest = 64  # its own, at the start; afterwards, no more than after the first round
            for _ in range(2):
                async with asyncio.timeout(PATIENCE):
                    assert await _opened(sidecar.inbound, sidecar) > 2 * SOCKETS
                async with asyncio.timeout(DEADLINE):
                    while sidecar.descriptors > rest:
                        await asyncio.sleep(0.05)
                rest = sidecar.descriptors + 2  # one of the health check, one of this look
            stats = await sidecar.stats()
            assert stats["inbound_requests"] == 2 * SOCKETS
            assert (stats["inbound_open"], stats["upstream_connections"]) == (0, 0)

    play(run())
