"""An aiohttp application in the clear and over TLS, asked by both clients that block."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.error import URLError

import pytest
import requests
from aiohttp import web

from proxy.contract.failure import ConfigError
from proxy.contract.transport.http_client import opener
from proxy.contract.transport.http_session import session
from proxy.contract.transport.http_site import serve
from proxy.contract.transport.peer import Peer, peer_of
from proxy.contract.transport.streams import reserve
from proxy.contract.transport.tls import Tls
from tests.proxy.contract.transport.authority import Authority
from tests.proxy.rig import play

CART = "spiffe://mesh.example/ns/shop/sa/cart"
FRONT = "spiffe://mesh.example/ns/shop/sa/front"


@asynccontextmanager
async def site(security: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[Peer]]]:
    """An application that says hello: its port and who asked."""
    peers: list[Peer] = []

    async def hello(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.append(peer_of(request.transport))
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        yield await serve(runner, "http", "127.0.0.1:0", security=security), peers
    finally:
        await runner.cleanup()


def ask_opener(url: str, tls: Tls | None) -> str:
    with opener(tls.client if tls else None).open(url, timeout=10) as reply:
        return str(reply.read(), "utf-8")


def ask_session(url: str, tls: Tls | None) -> str:
    with session(tls.client if tls else None) as asking:
        return asking.get(url, timeout=10).text


CLIENTS = pytest.mark.parametrize("ask", [ask_opener, ask_session])
Ask = Callable[[str, Tls | None], str]


@CLIENTS
def test_in_the_clear_a_client_is_nobody(ask: Ask) -> None:
    async def run() -> None:
        async with site() as (port, peers):
            assert await asyncio.to_thread(ask, f"http://127.0.0.1:{port}/", None) == "hello"
        assert [(peer.identity, peer.encrypted) for peer in peers] == [("", False)]

    play(run())


@CLIENTS
def test_a_client_is_known_and_replaced_material_is_used_without_a_restart(ask: Ask) -> None:
    async def run() -> None:
        old, new = Authority("old"), Authority("new")
        cart, front = Tls(old.issue(CART)), Tls(old.issue(FRONT))
        async with site(cart.mutual) as (port, peers):
            url = f"https://localhost:{port}/"
            assert await asyncio.to_thread(ask, url, front) == "hello"
            cart.replace(new.issue(CART))
            with pytest.raises((URLError, requests.ConnectionError)):
                await asyncio.to_thread(ask, url, front)
            front.replace(new.issue(FRONT + "2"))
            assert await asyncio.to_thread(ask, url, front) == "hello"
        assert [(peer.identity, peer.encrypted) for peer in peers] == [(FRONT, True), (FRONT + "2", True)]

    play(run())


@CLIENTS
def test_a_server_that_nobody_vouches_for_is_not_asked(ask: Ask) -> None:
    async def run() -> None:
        root = Authority()
        async with site(Tls(root.issue(CART)).server) as (port, peers):
            url = f"https://localhost:{port}/"
            for tls in (Tls(Authority("other").issue(FRONT)), None):
                with pytest.raises((URLError, requests.ConnectionError)):
                    await asyncio.to_thread(ask, url, tls)
            # An address that the certificate does not name.
            with pytest.raises((URLError, requests.ConnectionError)):
                await asyncio.to_thread(ask, f"https://127.0.0.2:{port}/", Tls(root.issue(FRONT)))
        assert peers == []

    play(run())


def test_an_address_that_cannot_be_listened_on_names_the_option() -> None:
    async def run() -> None:
        runner = web.AppRunner(web.Application())
        await runner.setup()
        with reserve("http", "127.0.0.1:0") as held:
            held.listen()
            with pytest.raises(ConfigError, match=r"--http .*the port is taken"):
                await serve(runner, "http", f"127.0.0.1:{held.getsockname()[1]}")
        await runner.cleanup()

    play(run())
