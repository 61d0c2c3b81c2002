"""A sidecar that listens and connects with TLS: requests pass, and telemetry says what was measured."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from proxy.contract.transport.streams import bound_port, connect, connect_stream, listen
from proxy.contract.transport.tls import Tls
from tests.proxy.contract.transport.authority import Authority
from tests.proxy.rig import DEADLINE, App, ask, pairs, play, serving, until, world

GET = b"GET /items/7 HTTP/1.1\r\nHost: cart\r\nConnection: close\r\n\r\n"
SERVER = "http.server.request.duration"
CLIENT = "http.client.request.duration"
CART = "spiffe://mesh.example/ns/shop/sa/cart"
FRONT = "spiffe://mesh.example/ns/shop/sa/front"


def test_a_request_over_tls_is_answered_and_told_to_be_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Authority()
    cart = Tls(root.issue(CART))
    front = Tls(root.issue(FRONT))
    # No option turns TLS on yet: the listeners are opened with it here.
    monkeypatch.setattr("proxy.app.listen", partial(listen, security=cart.mutual))

    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            reader, writer = await connect_stream(
                f"127.0.0.1:{w.inbound}",
                limit=65536,
                tls=front,
                identity=CART,
            )
            writer.write(GET)
            async with asyncio.timeout(DEADLINE):
                assert (await reader.read()).endswith(b"ok")
            writer.close()
            [span] = await w.spans(1)
            told = pairs(span.attributes)
            assert (told["tls.established"], told["url.scheme"]) == (True, "https")
            await until(lambda: w.sink.counted(SERVER) == 1)
            assert encryption(w.sink.points, SERVER) == {"true"}

    play(run())


def test_a_request_in_the_clear_is_told_to_be_that() -> None:
    async def run() -> None:
        async with serving(App()) as address, world(address) as w:
            assert (await ask(w.inbound, GET)).endswith(b"ok")
            [span] = await w.spans(1)
            told = pairs(span.attributes)
            assert ("tls.established" in told, told["url.scheme"]) == (False, "http")
            await until(lambda: w.sink.counted(SERVER) == 1)
            assert encryption(w.sink.points, SERVER) == {"false"}

    play(run())


def encryption(points: list[tuple[str, Any]], metric: str) -> set[str]:
    """The values of ``tls.established`` on the points of a metric."""
    return {pairs(point.attributes)["tls.established"] for name, point in points if name == metric}


def test_a_call_of_the_application_over_tls_is_told_to_be_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Authority()
    cart, front = Tls(root.issue(CART)), Tls(root.issue(FRONT))
    monkeypatch.setattr("proxy.sockets.dialer.connect", partial(connect, tls=front, identity=CART))

    async def run() -> None:
        app = App()
        upstream = await listen("inbound", "127.0.0.1:0", lambda: answering(app), security=cart.mutual)
        address = f"127.0.0.1:{bound_port(upstream)}"
        async with world() as w:
            request = f"GET http://{address}/items/7 HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            assert (await ask(w.outbound, request.encode())).endswith(b"ok")
            [span] = await w.spans(1)
            assert pairs(span.attributes)["tls.established"] is True
            await until(lambda: w.sink.counted(CLIENT) == 1)
            assert encryption(w.sink.points, CLIENT) == {"true"}
        upstream.close()

    play(run())


def answering(app: App) -> asyncio.StreamReaderProtocol:
    """A protocol for one connection to an application that listens with TLS."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            await app(reader, writer)
        writer.close()

    return asyncio.StreamReaderProtocol(asyncio.StreamReader(), serve)
