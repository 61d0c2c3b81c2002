"""Listeners and connections: errors name the fix, TLS proves who is there, material is replaced."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from proxy.contract.failure import ConfigError
from proxy.contract.transport.peer import Peer, peer_of
from proxy.contract.transport.streams import (
    adopt,
    bound_port,
    connect,
    connect_first,
    connect_stream,
    listen,
    reserve,
)
from proxy.contract.transport.tls import Tls
from tests.proxy.contract.transport.authority import Authority
from tests.proxy.rig import play
from tests.support.black_hole import black_hole

CART = "spiffe://mesh.example/ns/shop/sa/cart"
FRONT = "spiffe://mesh.example/ns/shop/sa/front"
NEXT = "spiffe://mesh.example/ns/shop/sa/next"


class Echo(asyncio.Protocol):
    """A server that answers what it gets, and remembers who came."""

    def __init__(self, peers: list[Peer]) -> None:
        self._peers = peers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._peers.append(peer_of(transport))

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


@asynccontextmanager
async def echo(security: ssl.SSLContext | None = None) -> AsyncIterator[tuple[str, list[Peer]]]:
    """An echo server: its address and who connected."""
    peers: list[Peer] = []
    server = await listen("inbound", "127.0.0.1:0", lambda: Echo(peers), security=security)
    try:
        yield f"127.0.0.1:{bound_port(server)}", peers
    finally:
        server.close()


async def says(address: str, tls: Tls | None = None, identity: str = "") -> Peer:
    """Send a word, see it come back, and return who answered."""
    reader, writer = await connect_stream(address, limit=64, tls=tls, identity=identity)
    try:
        writer.write(b"hello\n")
        async with asyncio.timeout(10):
            assert await reader.readline() == b"hello\n"
        return peer_of(writer.transport)
    finally:
        writer.close()


@pytest.mark.parametrize("address", ["192.0.2.1:1", "no-such-host.invalid:1"])
def test_an_address_of_another_machine_is_named(address: str) -> None:
    async def run() -> None:
        named = rf"--inbound \(SPANMESH_INBOUND\) is '{address}': cannot listen"
        with pytest.raises(ConfigError, match=named):
            await listen("inbound", address, asyncio.Protocol)
        with pytest.raises(ConfigError, match=named):
            reserve("inbound", address)

    play(run())


def test_port_zero_gives_a_free_one_and_a_taken_one_is_said_to_be() -> None:
    async def run() -> None:
        server = await listen("query_grpc", "127.0.0.1:0", asyncio.Protocol)
        port = bound_port(server)
        socket.create_connection(("127.0.0.1", port)).close()
        for opening in (listen("query_grpc", f"127.0.0.1:{port}", asyncio.Protocol), None):
            with pytest.raises(ConfigError, match=r"\(SPANMESH_QUERY_GRPC\).* the port is taken"):
                await opening if opening else reserve("query_grpc", f"127.0.0.1:{port}")
        server.close()

    play(run())


def test_a_reserved_address_is_listened_on_by_all_who_share_it() -> None:
    async def run() -> None:
        with reserve("inbound", "127.0.0.1:0", shared=True) as held:
            address = f"127.0.0.1:{held.getsockname()[1]}"
            servers = [await listen("inbound", address, asyncio.Protocol, shared=True) for _ in range(2)]
            assert [f"127.0.0.1:{bound_port(server)}" for server in servers] == [address] * 2
            for server in servers:
                server.close()

    play(run())


def test_in_the_clear_the_other_end_is_an_address_and_nobody() -> None:
    async def run() -> None:
        async with echo() as (address, peers):
            server = await says(address)
        assert (server.identity, server.encrypted) == ("", False)
        assert server.address == ("127.0.0.1", int(address.rpartition(":")[2]))
        assert [(peer.identity, peer.encrypted) for peer in peers] == [("", False)]

    play(run())


def test_both_ends_of_a_mutual_connection_know_each_other() -> None:
    async def run() -> None:
        root = Authority()
        cart, front = Tls(root.issue(CART)), Tls(root.issue(FRONT))
        async with echo(cart.mutual) as (address, peers):
            server = await says(address, front, CART)
        assert (server.identity, server.encrypted) == (CART, True)
        assert [(peer.identity, peer.encrypted) for peer in peers] == [(FRONT, True)]

    play(run())


def test_a_client_without_a_certificate_is_let_in_only_where_none_is_asked_for() -> None:
    async def run() -> None:
        root = Authority()
        cart, stranger = Tls(root.issue(CART)), Tls(Authority("other").issue(FRONT, trust=root.trust))
        async with echo(cart.server) as (address, peers):
            await says(address, stranger)
            assert [(peer.identity, peer.encrypted) for peer in peers] == [("", True)]
        async with echo(cart.mutual) as (address, peers):
            with pytest.raises((OSError, AssertionError)):
                await says(address, stranger)
            assert peers == []

    play(run())


def test_a_server_that_is_another_workload_or_not_trusted_is_refused() -> None:
    async def run() -> None:
        root = Authority()
        cart = Tls(root.issue(CART))
        async with echo(cart.server) as (address, _):
            front = Tls(root.issue(FRONT))
            with pytest.raises(ssl.SSLCertVerificationError, match=NEXT):
                await connect(address, asyncio.Protocol, tls=front, identity=NEXT)
            elsewhere = Tls(Authority("other").issue(FRONT))
            for identity in (CART, ""):
                with pytest.raises(ssl.SSLCertVerificationError):
                    await connect(address, asyncio.Protocol, tls=elsewhere, identity=identity)

    play(run())


def test_replaced_material_serves_the_next_connection_and_leaves_those_that_stand() -> None:
    async def run() -> None:
        old, new = Authority("old"), Authority("new")
        cart, front = Tls(old.issue(CART)), Tls(old.issue(FRONT))
        async with echo(cart.mutual) as (address, peers):
            reader, writer = await connect_stream(address, limit=64, tls=front, identity=CART)
            cart.replace(new.issue(NEXT))
            with pytest.raises(ssl.SSLCertVerificationError):
                await says(address, front, NEXT)
            front.replace(new.issue(FRONT))
            assert (await says(address, front, NEXT)).identity == NEXT
            # The listener no longer trusts the old authority, whose connection stands and goes on.
            stale = Tls(old.issue(FRONT, trust=new.trust))
            with pytest.raises((OSError, AssertionError)):
                await says(address, stale, NEXT)
            writer.write(b"still\n")
            assert await reader.readline() == b"still\n"
            writer.close()
            assert [peer.identity for peer in peers] == [FRONT, FRONT]

    play(run())


def test_a_connected_socket_is_adopted() -> None:
    async def run() -> None:
        ours, theirs = socket.socketpair()
        await adopt(theirs, Echo([]))
        reader, writer = await asyncio.open_connection(sock=ours)
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        writer.close()

    play(run())


class Greeted(asyncio.Protocol):
    """A client that the server speaks to first."""

    def __init__(self) -> None:
        self.greeting: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.greeting.set_result(data)


def test_the_first_address_that_accepts_is_taken_and_no_byte_is_lost() -> None:
    async def run() -> None:
        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        good = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with black_hole() as silent:
            async with asyncio.timeout(10):
                for addresses, failed in (
                    ([good, silent], []),
                    (["127.0.0.1:1", "[::1]:1", good], ["127.0.0.1:1", "[::1]:1"]),
                    # Given up for the next one after a moment, but not said to have failed.
                    ([silent, good], []),
                ):
                    client = Greeted()
                    assert await connect_first(addresses, client) == (good, failed)
                    assert await client.greeting == b"hello"
                    client.transport.abort()
        server.close()

    play(run())


def test_when_no_address_accepts_the_error_is_that_of_the_first() -> None:
    async def run() -> None:
        with pytest.raises(ConnectionRefusedError):
            await connect_first(["127.0.0.1:1", "127.0.0.1:2"], asyncio.Protocol())

    play(run())
