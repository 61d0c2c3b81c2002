"""Each failure of a destination: its reason in the header, on the span and in the metrics."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest

from deploy.processes import ports
from proxy.contract.model import Endpoint, Retries
from proxy.errors import STATUS, Reason
from tests.proxy.rig import ask, head_fields, pairs, play, service, serving, until, world
from tests.support.black_hole import black_hole

Place = Callable[[], AbstractAsyncContextManager[str]]
DURATIONS = {"inbound": "http.server.request.duration", "outbound": "http.client.request.duration"}


@asynccontextmanager
async def nobody() -> AsyncIterator[str]:
    yield f"127.0.0.1:{ports.free(1)[0]}"


@asynccontextmanager
async def unanswered() -> AsyncIterator[str]:
    with black_hole() as address:
        yield address


def closing() -> AbstractAsyncContextManager[str]:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    return serving(handler)


def silent() -> AbstractAsyncContextManager[str]:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.Event().wait()

    return serving(handler)


CAUSES: list[tuple[Reason, Place, str]] = [
    (Reason.CONNECT_REFUSED, nobody, "inbound"),
    (Reason.CONNECT_REFUSED, nobody, "outbound"),
    (Reason.CONNECT_TIMEOUT, unanswered, "routed"),
    (Reason.UPSTREAM_RESET, closing, "inbound"),
    (Reason.UPSTREAM_RESET, closing, "outbound"),
    (Reason.REQUEST_TIMEOUT, silent, "routed"),
]


@pytest.mark.parametrize(
    ("reason", "place", "arm"), CAUSES, ids=[f"{cause[0]}-{cause[2]}" for cause in CAUSES]
)
def test_the_reason_is_in_the_header_on_the_span_and_in_the_metrics(
    reason: Reason, place: Place, arm: str
) -> None:
    async def run() -> None:
        async with place() as address, world(address, connect_timeout=0.1) as w:
            w.view(
                replace(service("reviews", Endpoint(address), percent=100), timeout=0.5, retries=Retries(0))
            )
            host, side = ("reviews", "outbound") if arm == "routed" else (address, arm)
            request = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
            # Under another Host of the same port the address names the service, and is routed too.
            request = request.replace(b"127.0.0.1", b"localhost")
            got = await ask(w.sidecar.ports[side], request)
            assert got.startswith(b"HTTP/1.1 %d " % STATUS[reason])
            assert head_fields(got)["x-spanmesh-reason"] == reason
            [span] = await w.spans(1)
            assert (pairs(span.attributes)["error.type"], span.status.code) == (reason, 2)
            await until(lambda: w.sink.counted(DURATIONS[side]) == 1)
            assert [pairs(point.attributes)["error.type"] for _, point in w.sink.points] == [reason]

    play(run())


def test_a_service_without_endpoints_is_no_healthy_endpoint() -> None:
    async def run() -> None:
        async with world() as w:
            w.view(service("reviews", percent=100))
            got = await ask(w.outbound, b"GET / HTTP/1.1\r\nHost: reviews\r\n\r\n")
            assert got.startswith(b"HTTP/1.1 503 ")
            assert head_fields(got)["x-spanmesh-reason"] == "no-healthy-endpoint"
            [span] = await w.spans(1)
            assert pairs(span.attributes)["error.type"] == "no-healthy-endpoint"
            await until(lambda: w.sink.counted(DURATIONS["outbound"]) == 1)
            found = pairs(w.sink.points[0][1].attributes)
            assert (found["error.type"], found["peer.service"]) == ("no-healthy-endpoint", "reviews")

    play(run())


@pytest.mark.parametrize("side", ["inbound", "outbound"])
@pytest.mark.parametrize("limit", ["max_requests", "max_connections"])
def test_what_is_over_a_limit_fails_at_once_as_overload(side: str, limit: str) -> None:
    async def run() -> None:
        async with silent() as address, world(address, **{limit: 1}) as w:
            port = w.sidecar.ports[side]
            request = f"GET / HTTP/1.1\r\nHost: {address}\r\n\r\n".encode()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            await until(lambda: w.sidecar.dialer.open == 1)
            got = await ask(port, request)
            assert got.startswith(b"HTTP/1.1 503 ")
            assert head_fields(got)["x-spanmesh-reason"] == "overload"
            [span] = await w.spans(1)
            assert pairs(span.attributes)["error.type"] == "overload"
            await until(lambda: w.sink.counted(DURATIONS[side]) == 1)
            assert pairs(w.sink.points[0][1].attributes)["error.type"] == "overload"
            assert not reader.at_eof()
            writer.close()

    play(run())
