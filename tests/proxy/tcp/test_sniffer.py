"""Intercepted connections: what is HTTP is handled as HTTP, the rest passes, and nobody meets himself.

The kernel's word for where a connection was going is given by the test; the real one is asked in
tests/deploy/test_container.py.
"""

import asyncio
from typing import Any

import pytest

from proxy.contract.model import Endpoint
from tests.proxy.rig import App, ask, field, head_fields, pairs, play, service, serving, until, world

GET = b"GET /x HTTP/1.1\r\nHost: shop.example\r\n\r\n"
SILENT: dict[str, Any] = {"intercept": True, "detect_timeout": 0.05}


class Going:
    """Where connections were going: the next one to ``first`` when that is set, the others to ``to``."""

    to = first = ""

    def __call__(self, _: object) -> str:
        first, self.first = self.first, ""
        return first or self.to


@pytest.fixture
def going(monkeypatch: pytest.MonkeyPatch) -> Going:
    answer = Going()
    monkeypatch.setattr("proxy.tcp.sniffer.original_destination", answer)
    return answer


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.read())


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 ready\r\n")
    writer.write(await reader.readline())


def test_http_is_routed_by_the_address_and_keeps_its_host(going: Going) -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(intercept=True) as w:
            w.view(service("shop", Endpoint(address, app=address, instance="shop-1")))
            going.to = address
            assert (await ask(w.outbound, GET)).startswith(b"HTTP/1.1 200 ")
            assert field(app.heads[0], "host") == "shop.example"
            [span] = await w.spans(1)
            assert pairs(span.attributes)["peer.service"] == "shop"
            assert pairs(span.attributes)["spanmesh.endpoint"] == address

    play(run())


def test_a_first_line_in_pieces_is_still_http(going: Going) -> None:
    async def run() -> None:
        async with serving(App()) as address, world(intercept=True) as w:
            going.to = address
            reader, writer = await asyncio.open_connection("127.0.0.1", w.outbound)
            for piece in (b"\r", b"\nGE", b"T", GET[3:]):
                writer.write(piece)
                await asyncio.sleep(0)  # let the pieces travel one by one
                await writer.drain()
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            writer.close()

    play(run())


def test_what_is_not_http_reaches_its_destination_unchanged(going: Going) -> None:
    async def run() -> None:
        async with serving(echo) as address, world(intercept=True) as w:
            going.to = address
            payload = b"\x16\x03\x01" + bytes(range(256)) * 4000
            assert await ask(w.outbound, payload) == payload
            [span] = await w.spans(1)
            told = pairs(span.attributes)
            assert told["network.transport"] == "tcp"
            assert told["spanmesh.bytes.sent"] == told["spanmesh.bytes.received"] == len(payload)
            assert told["peer.service"] == address
            await until(lambda: w.sink.counted("spanmesh.tcp.client.connection.duration") == 1)
            assert w.sink.counted("http.client.request.duration") == 0

    play(run())


def test_a_server_that_speaks_first_is_heard(going: Going) -> None:
    async def run() -> None:
        async with serving(greet) as address, world(**SILENT) as w:
            going.to = address
            reader, writer = await asyncio.open_connection("127.0.0.1", w.outbound)
            assert await reader.readline() == b"220 ready\r\n"
            writer.write(b"GET / is no HTTP here\r\n")
            assert await reader.readline() == b"GET / is no HTTP here\r\n"
            writer.close()

    play(run())


def test_a_client_that_was_only_slow_to_begin_is_still_http(going: Going) -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(**SILENT) as w:
            going.to = address
            reader, writer = await asyncio.open_connection("127.0.0.1", w.outbound)
            await until(lambda: w.sidecar.dialer.open == 1)
            writer.write(GET)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            writer.close()
            [span] = await w.spans(1)
            assert pairs(span.attributes)["http.request.method"] == "GET"
            await until(lambda: w.sidecar.dialer.open == w.sidecar.pool.idle)

    play(run())


def test_inbound_the_application_and_its_neighbours_are_reached(going: Going) -> None:
    async def run() -> None:
        app, other = App(), App(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother")
        async with serving(app) as address, serving(other) as beside, world(address, intercept=True) as w:
            going.to = f"192.0.2.1:{address.rpartition(':')[2]}"  # our application by an outer address
            assert (await ask(w.inbound, GET)).endswith(b"ok")
            going.to = beside
            assert (await ask(w.inbound, GET)).endswith(b"other")

    play(run())


@pytest.mark.parametrize(("protocol", "answer"), [("http", b"HTTP/1.1 501 "), ("auto", b"\x01\x02\x03")])
def test_an_application_said_to_speak_http_is_spared_everything_else(
    going: Going, protocol: str, answer: bytes
) -> None:
    async def run() -> None:
        async with serving(echo) as address, world(address, intercept=True, app_protocol=protocol) as w:
            going.to = address
            assert (await ask(w.inbound, b"\x01\x02\x03")).startswith(answer[:2])

    play(run())


@pytest.mark.parametrize("first", [GET, b"\x16\x03\x01", b""])
def test_a_sidecar_that_meets_itself_stops(going: Going, first: bytes) -> None:
    async def run() -> None:
        async with world(outbound="0.0.0.0:0", **SILENT) as w:
            # Under another of its addresses the sidecar finds itself, as with rules that turn its own calls.
            going.first, going.to = f"127.0.0.2:{w.outbound}", "127.0.0.3:9"
            if first == GET:
                assert head_fields(await ask(w.outbound, first))["x-spanmesh-reason"] == "loop"
            else:
                with pytest.raises(ConnectionResetError):
                    await ask(w.outbound, first, close=False)
            assert w.sidecar.refused == {"loop": 1}

    play(run())


def test_a_connection_made_to_the_sidecar_itself_is_http(going: Going) -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address, intercept=True) as w:
            going.to = f"127.0.0.1:{w.inbound}"
            assert (await ask(w.inbound, GET)).endswith(b"ok")
            assert (await ask(w.inbound, b"\x01\x02")).startswith(b"HTTP/1.1 ")

    play(run())
