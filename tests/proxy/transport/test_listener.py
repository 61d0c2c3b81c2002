"""Why a socket cannot be opened, in one line."""

import asyncio
import socket

import pytest

from proxy.contract.failure import ConfigError
from proxy.transport.listener import bound_port, listen
from tests.proxy.rig import play


@pytest.mark.parametrize("address", ["192.0.2.1:1", "no-such-host.invalid:1"])
def test_an_address_of_another_machine_is_named(address: str) -> None:
    async def run() -> None:
        named = rf"--inbound \(SPANMESH_INBOUND\) is '{address}': cannot listen"
        with pytest.raises(ConfigError, match=named):
            await listen("inbound", address, asyncio.Protocol)

    play(run())


def test_port_zero_gives_a_free_one_and_a_taken_one_is_said_to_be() -> None:
    async def run() -> None:
        server = await listen("inbound", "127.0.0.1:0", asyncio.Protocol)
        port = bound_port(server)
        socket.create_connection(("127.0.0.1", port)).close()
        with pytest.raises(ConfigError, match="the port is taken"):
            await listen("inbound", f"127.0.0.1:{port}", asyncio.Protocol)
        server.close()

    play(run())
