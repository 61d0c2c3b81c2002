"""Socket options: a reset is seen as one by the other end, and keep-alive is on."""

import asyncio
import socket

import pytest

from proxy.contract.transport.streams import bound_port, listen
from proxy.sockets.options import has_input, keep_alive, reset
from tests.proxy.rig import DEADLINE, play


def test_a_reset_is_no_ordinary_end() -> None:
    async def run() -> None:
        class Resetting(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self._transport = transport

            def data_received(self, data: bytes) -> None:
                reset(self._transport)  # type: ignore[arg-type]  # a TCP transport writes

        server = await listen("inbound", "127.0.0.1:0", Resetting)
        reader, writer = await asyncio.open_connection("127.0.0.1", bound_port(server))
        writer.write(b"hello")
        with pytest.raises(ConnectionResetError):
            async with asyncio.timeout(DEADLINE):
                await reader.read()
        writer.close()
        server.close()

    play(run())


def test_accepted_connections_inherit_keep_alive() -> None:
    async def run() -> None:
        accepted: asyncio.Future[asyncio.BaseTransport] = asyncio.get_running_loop().create_future()

        class Accepted(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                accepted.set_result(transport)

        server = await listen("inbound", "127.0.0.1:0", Accepted)
        keep_alive(server.sockets[0])
        _, writer = await asyncio.open_connection("127.0.0.1", bound_port(server))
        opened = (await accepted).get_extra_info("socket")
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        # A client that has closed is found soon after the minute for which its kernel remembers it.
        assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
        writer.close()
        server.close()

    play(run())


def test_an_end_that_the_loop_has_not_read_is_seen() -> None:
    async def run() -> None:
        accepted: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
        server = await asyncio.start_server(lambda _, writer: accepted.set_result(writer), "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        other = await accepted
        assert not has_input(writer.transport)
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a ReadTransport
        other.close()
        await other.wait_closed()
        assert has_input(writer.transport)
        writer.close()
        server.close()

    play(run())
