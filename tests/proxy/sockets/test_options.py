"""Socket options: a reset is seen as one by the other end, and keep-alive is on."""

import asyncio
import socket

import pytest

from proxy.contract.transport.streams import bound_port, listen
from proxy.sockets.options import keep_alive, reset
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


def test_keep_alive_is_turned_on() -> None:
    async def run() -> None:
        server = await listen("inbound", "127.0.0.1:0", asyncio.Protocol)
        _, writer = await asyncio.open_connection("127.0.0.1", bound_port(server))
        option = (socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert writer.get_extra_info("socket").getsockopt(*option) == 0
        keep_alive(writer.transport)
        assert writer.get_extra_info("socket").getsockopt(*option) == 1
        writer.close()
        server.close()

    play(run())
