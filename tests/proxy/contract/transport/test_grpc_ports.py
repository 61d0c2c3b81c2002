"""gRPC in the clear and over TLS: callers are known, and material is replaced without a restart."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from proxy.contract.failure import ConfigError
from proxy.contract.transport.grpc_ports import RenewedChannel, add_port, open_channel, peer_of_call
from proxy.contract.transport.peer import Peer
from proxy.contract.transport.streams import reserve
from proxy.contract.transport.tls import Tls
from tests.proxy.contract.transport.authority import Authority
from tests.proxy.rig import play

CART = "spiffe://mesh.example/ns/shop/sa/cart"
FRONT = "spiffe://mesh.example/ns/shop/sa/front"
METHOD = "/test.Echo/Say"
# Each channel of a test makes a connection of its own, not one shared with a channel before it.
OWN = (("grpc.use_local_subchannel_pool", 1),)


@asynccontextmanager
async def echo(tls: Tls | None = None, *, mutual: bool = True) -> AsyncIterator[tuple[str, list[Peer]]]:
    """A gRPC server that answers what it gets: its address and who called."""
    peers: list[Peer] = []

    async def say(payload: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        peers.append(peer_of_call(context))
        return payload

    server = grpc.aio.server()
    handlers = {"Say": grpc.unary_unary_rpc_method_handler(say)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Echo", handlers)])
    port = add_port(server, "grpc", "127.0.0.1:0", tls=tls, mutual=mutual)
    await server.start()
    try:
        yield f"127.0.0.1:{port}", peers
    finally:
        await server.stop(0)


async def says(channel: grpc.aio.Channel) -> bytes:
    call = channel.unary_unary(METHOD, None, None)
    answer: bytes = await call(b"hello", timeout=10, wait_for_ready=False)
    return answer


async def says_once(target: str, tls: Tls | None, server_name: str = "") -> bytes:
    async with open_channel(target, OWN, tls=tls, server_name=server_name) as channel:
        return await says(channel)


def test_in_the_clear_a_caller_is_an_address_and_nobody() -> None:
    async def run() -> None:
        async with echo() as (target, peers):
            assert await says_once(target, None) == b"hello"
        (peer,) = peers
        assert peer.address is not None
        assert (peer.address[0], peer.identity, peer.encrypted) == ("127.0.0.1", "", False)

    play(run())


def test_a_server_knows_the_workload_that_calls_and_refuses_one_it_does_not_trust() -> None:
    async def run() -> None:
        root = Authority()
        cart, front = Tls(root.issue(CART)), Tls(root.issue(FRONT))
        async with echo(cart) as (target, peers):
            assert await says_once(target, front, "localhost") == b"hello"
            stranger = Tls(Authority("other").issue(FRONT, trust=root.trust))
            for refused, name in ((stranger, ""), (front, "other.example"), (None, "")):
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await says_once(target, refused, name)
                assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert [(peer.identity, peer.encrypted) for peer in peers] == [(FRONT, True)]

    play(run())


def test_a_caller_without_a_trusted_certificate_is_nobody_where_none_is_asked_for() -> None:
    async def run() -> None:
        root = Authority()
        stranger = Tls(Authority("other").issue(FRONT, trust=root.trust))
        async with echo(Tls(root.issue(CART)), mutual=False) as (target, peers):
            assert await says_once(target, stranger) == b"hello"
        assert [(peer.identity, peer.encrypted) for peer in peers] == [("", True)]

    play(run())


def test_replaced_material_is_used_without_a_restart_on_either_side() -> None:
    async def run() -> None:
        old, new = Authority("old"), Authority("new")
        cart, front = Tls(old.issue(CART)), Tls(old.issue(FRONT))
        async with echo(cart) as (target, peers):
            channel = RenewedChannel(target, OWN, tls=front)
            first = channel.current()
            assert await says(first) == b"hello"
            assert channel.current() is first
            assert channel.ready
            cart.replace(new.issue(CART))
            # A connection that stands goes on; the next one meets the new certificate.
            assert await says(channel.current()) == b"hello"
            with pytest.raises(grpc.aio.AioRpcError):
                await says_once(target, front)
            front.replace(new.issue(FRONT + "2"))
            assert channel.current() is not first
            assert await says(channel.current()) == b"hello"
            await channel.close()
        assert [peer.identity for peer in peers] == [FRONT, FRONT, FRONT + "2"]

    play(run())


def test_a_call_under_way_ends_on_the_channel_it_began_on() -> None:
    async def run() -> None:
        root = Authority()
        front = Tls(root.issue(FRONT))
        async with echo(Tls(root.issue(CART))) as (target, peers):
            channel = RenewedChannel(target, OWN, tls=front)
            under_way = channel.current().unary_unary(METHOD, None, None)(b"slow", timeout=10)
            front.replace(root.issue(FRONT))
            assert await says(channel.current()) == b"hello"
            assert await under_way == b"slow"
            await channel.close()
        assert len(peers) == 2

    play(run())


def test_an_address_that_cannot_be_listened_on_names_the_option() -> None:
    async def run() -> None:
        with reserve("grpc", "127.0.0.1:0") as held:
            held.listen()
            address = f"127.0.0.1:{held.getsockname()[1]}"
            with pytest.raises(ConfigError, match=r"--query-grpc \(SPANMESH_QUERY_GRPC\)"):
                add_port(grpc.aio.server(), "query_grpc", address)

    play(run())


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:10.1.2.3:40000", ("10.1.2.3", 40000)),
        ("ipv6:%5B::1%5D:4242", ("::1", 4242)),
        ("ipv6:[::ffff:10.0.0.1]:4242", ("10.0.0.1", 4242)),
        ("unix:/run/mesh.sock", None),
    ],
)
def test_a_caller_is_known_by_its_address(peer: str, address: tuple[str, int] | None) -> None:
    class Context:
        def peer(self) -> str:
            return peer

        def auth_context(self) -> dict[str, list[bytes]]:
            return {}

    context: Any = Context()
    assert peer_of_call(context) == Peer(address)
