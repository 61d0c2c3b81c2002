"""A sidecar that listens with TLS: requests pass, and their telemetry says what was measured."""

import asyncio
from functools import partial
from typing import Any

import pytest

from proxy.contract.transport.streams import connect_stream, listen
from proxy.contract.transport.tls import Tls
from tests.proxy.contract.transport.authority import Authority
from tests.proxy.rig import DEADLINE, App, ask, pairs, play, serving, until, world

GET = b"GET /items/7 HTTP/1.1\r\nHost: cart\r\nConnection: close\r\n\r\n"
SERVER = "http.server.request.duration"


def test_a_request_over_tls_is_answered_and_told_to_be_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Authority()
    cart = Tls(root.issue("spiffe://mesh.example/ns/shop/sa/cart"))
    front = Tls(root.issue("spiffe://mesh.example/ns/shop/sa/front"))
    # No option turns TLS on yet: the listeners are opened with it here.
    monkeypatch.setattr("proxy.app.listen", partial(listen, security=cart.mutual))

    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            reader, writer = await connect_stream(
                f"127.0.0.1:{w.inbound}",
                limit=65536,
                tls=front,
                identity="spiffe://mesh.example/ns/shop/sa/cart",
            )
            writer.write(GET)
            async with asyncio.timeout(DEADLINE):
                assert (await reader.read()).endswith(b"ok")
            writer.close()
            [span] = await w.spans(1)
            told = pairs(span.attributes)
            assert (told["tls.established"], told["url.scheme"]) == (True, "https")
            await until(lambda: w.sink.counted(SERVER) == 1)
            assert encryption(w.sink.points) == {"true"}

    play(run())


def test_a_request_in_the_clear_is_told_to_be_that() -> None:
    async def run() -> None:
        async with serving(App()) as address, world(address) as w:
            assert (await ask(w.inbound, GET)).endswith(b"ok")
            [span] = await w.spans(1)
            told = pairs(span.attributes)
            assert ("tls.established" in told, told["url.scheme"]) == (False, "http")
            await until(lambda: w.sink.counted(SERVER) == 1)
            assert encryption(w.sink.points) == {"false"}

    play(run())


def encryption(points: list[tuple[str, Any]]) -> set[str]:
    """What the points of the server's durations say of it."""
    return {pairs(point.attributes)["tls.established"] for name, point in points if name == SERVER}
