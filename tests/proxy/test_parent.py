"""Several workers are one sidecar to everybody else: counted whole, restarted, drained."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from proxy.config import SidecarConfig
from proxy.contract import attributes
from tests.proxy.rig import DEADLINE, App, Sink, ask, play, serving

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Crew:
    """A running sidecar of two workers."""

    def __init__(self, process: asyncio.subprocess.Process, inbound: int, admin: int) -> None:
        self.process = process
        self.inbound = inbound
        self._admin = admin

    async def stats(self) -> dict[str, Any]:
        raw = await ask(self._admin, b"GET /stats HTTP/1.1\r\n\r\n", close=False)
        found: dict[str, Any] = json.loads(raw.partition(b"\r\n\r\n")[2])
        return found

    async def until(self, key: str, value: object) -> None:
        async with asyncio.timeout(DEADLINE):
            while True:
                try:
                    if (await self.stats())[key] == value:
                        return
                except OSError:
                    pass
                await asyncio.sleep(0.05)

    def workers(self) -> list[int]:
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]


@asynccontextmanager
async def crew(app: str, sink: Sink) -> AsyncIterator[Crew]:
    inbound, admin = _free(), _free()
    config = SidecarConfig(
        service="cart", app=app, inbound=f"127.0.0.1:{inbound}", outbound="", admin=f"127.0.0.1:{admin}",
        mesh=f"127.0.0.1:{sink.port}", drain_notice=0, workers=2,
    )  # fmt: skip
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "proxy", config.model_dump_json())
    try:
        found = Crew(process, inbound, admin)
        await found.until("app_ready", True)
        yield found
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_every_request_of_every_worker_is_counted_and_traced_once() -> None:
    async def run() -> None:
        app, sink = App(), Sink()
        await sink.start()
        async with serving(app) as address, crew(address, sink) as w:
            for _ in range(60):
                assert (await ask(w.inbound, GET)).endswith(b"ok")
            await w.until("inbound_requests", 60)
            assert (await w.stats())["workers"] == 2
            w.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(DEADLINE):
                assert await w.process.wait() == 0
        assert len(sink.spans) == sink.counted(attributes.SERVER_DURATION) == 60
        assert len({resource["service.instance.id"] for resource in sink.resources}) == 1
        await sink.stop()

    play(run())


def test_a_worker_that_is_killed_is_replaced() -> None:
    async def run() -> None:
        sink = Sink()
        await sink.start()
        async with serving(App()) as address, crew(address, sink) as w:
            os.kill(w.workers()[0], signal.SIGKILL)
            await w.until("worker_restarts", 1)
            await w.until("workers", 2)
            for _ in range(20):
                assert (await ask(w.inbound, GET)).endswith(b"ok")
        await sink.stop()

    play(run())


def test_a_request_in_flight_is_answered_before_the_end() -> None:
    async def run() -> None:
        sink, asked, go = Sink(), asyncio.Event(), asyncio.Event()

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            await go.wait()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate")

        await sink.start()
        async with serving(slow) as address, crew(address, sink) as w:
            answer = asyncio.create_task(ask(w.inbound, GET, close=False))
            await asked.wait()
            w.process.send_signal(signal.SIGTERM)
            await w.until("draining", True)
            go.set()
            assert (await answer).endswith(b"late")
            assert await w.process.wait() == 0
        assert len(sink.spans) == 1
        await sink.stop()

    play(run())
