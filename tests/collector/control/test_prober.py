"""Probes, over real sockets."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

import pytest

from collector.control.prober import Prober, probe
from collector.stats import Stats
from proxy.contract.service_id import ServiceId
from topology.engine import Engine
from topology.model.endpoints import ProbeRequest, ProbeResult
from topology.policy.models import Policy
from topology.settings import EngineSettings

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(reply: bytes, seen: list[bytes] | None = None) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(head)
        writer.write(reply)
        writer.close()

    return handle


def probed(handler: Handler | None, path: str = "") -> ProbeResult:
    async def run() -> ProbeResult:
        server = await asyncio.start_server(handler or answering(b""), "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()[:2]
        if handler is None:
            server.close()
            await server.wait_closed()
        async with server:
            return await probe(ProbeRequest(ServiceId("back"), f"{host}:{port}", path), 0.3)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("reply", "path", "ok", "detail"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "", True, "answered 200"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "", True, "answered 404"),
        (b"HTTP/1.0 501 Not Implemented\r\n\r\n", "", True, "answered 501"),
        (b"HTTP/1.1 501 Not Implemented\r\n\r\n", "/healthz", False, "answered 501"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "", False, "answered 503"),
        (b"SSH-2.0-OpenSSH\r\n", "", False, "an answer that is not HTTP"),
        (b"HTTP/1.1 abc\r\n", "", False, "an answer that is not HTTP"),
        (b"", "", False, "the connection was closed without an answer"),
        (b"\xff" * 5000, "", False, "an answer that is not HTTP"),
    ],
)
def test_what_an_answer_means(reply: bytes, path: str, ok: bool, detail: str) -> None:
    result = probed(answering(reply), path)
    assert result.ok is ok
    assert result.detail.startswith(detail)


def test_a_refused_connection_and_silence_are_no_signs_of_life() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    refused = probed(None)
    assert (refused.ok, refused.refused, "refused" in refused.detail.lower()) == (False, True, True)
    silence = probed(silent)
    assert (silence.ok, silence.detail) == (False, "no answer within 0.3 s")


def test_a_probe_says_that_it_is_one_and_is_not_sampled() -> None:
    seen: list[bytes] = []
    probed(answering(b"HTTP/1.1 204 No Content\r\n\r\n", seen), "/healthz")
    assert seen[0].startswith(b"GET /healthz HTTP/1.1\r\nhost: back\r\n")
    assert b"x-spanmesh-caller: spanmesh.prober\r\n" in seen[0]
    assert b"-00\r\n" in seen[0]


def test_the_engine_hears_of_it_and_probes_are_bounded() -> None:
    class Heard(Engine):
        def __init__(self) -> None:
            super().__init__(Policy(), EngineSettings())
            self.results: list[ProbeResult] = []

        def add_probes(self, results: Iterable[ProbeResult], now: float) -> None:
            self.results += results

    async def run() -> None:
        stats, engine = Stats(), Heard()
        server = await asyncio.start_server(answering(b"HTTP/1.1 200 OK\r\n\r\n"), "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()[:2]
        prober = Prober(engine, stats, time.time)
        prober.ask([ProbeRequest(ServiceId("back"), f"{host}:{port}") for _ in range(50)])
        async with asyncio.timeout(10):
            while len(engine.results) < 20:
                await asyncio.sleep(0.01)
        assert stats.value("spanmesh_probes_total", outcome="ok") == 20
        assert stats.value("spanmesh_probes_total", outcome="skipped") == 30
        await prober.close()
        server.close()

    asyncio.run(run())
