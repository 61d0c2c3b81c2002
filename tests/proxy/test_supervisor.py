"""Several workers are one sidecar to everybody else: counted whole, restarted, drained."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from deploy.processes import ports
from proxy.config import SidecarConfig
from proxy.contract import attributes
from tests.proxy.rig import DEADLINE, App, Sink, ask, play, serving, until

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Running:
    """A running sidecar of two workers."""

    def __init__(self, process: asyncio.subprocess.Process, inbound: int, admin: int) -> None:
        self.process = process
        self.inbound = inbound
        self._admin = admin

    async def stats(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((await self.page("/stats"))[1])
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

    async def page(self, path: str) -> tuple[int, str]:
        """Status and body of a page of the admin port."""
        raw = await ask(self._admin, f"GET {path} HTTP/1.1\r\n\r\n".encode(), close=False)
        head, _, body = raw.decode().partition("\r\n\r\n")
        return int(head.split()[1]), body

    def workers(self) -> list[int]:
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]


@asynccontextmanager
async def running(app: str, sink: Sink, **given: Any) -> AsyncIterator[Running]:
    inbound, admin = ports.free(2)
    options: dict[str, Any] = {
        "service": "cart",
        "app": app,
        "inbound": f"127.0.0.1:{inbound}",
        "outbound": "",
        "admin": f"127.0.0.1:{admin}",
        "mesh": f"127.0.0.1:{sink.port}",
        "drain_notice": 0,
        "workers": 2,
        **given,
    }
    config = SidecarConfig(**options)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "proxy", json.dumps(vars(config)))
    try:
        found = Running(process, inbound, admin)
        await found.until("workers", 2)
        await found.until("app_ready", True)
        yield found
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_every_request_of_every_worker_is_counted_and_traced_once() -> None:
    async def run() -> None:
        app, sink = App(), Sink()
        await sink.start()
        async with serving(app) as address, running(address, sink) as w:
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
        async with serving(App()) as address, running(address, sink) as w:
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
        async with serving(slow) as address, running(address, sink) as w:
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


def test_the_admin_port_shows_the_instance_whole() -> None:
    async def run() -> None:
        sink, go = Sink(), asyncio.Event()
        asked = 0

        async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal asked
            await reader.readuntil(b"\r\n\r\n")
            asked += 1
            await go.wait()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

        await sink.start()
        outbound = ports.free(1)[0]
        listeners = {"inbound": "", "outbound": f"127.0.0.1:{outbound}"}
        async with serving(held) as address, running("", sink, **listeners) as w:
            request = f"GET http://{address}/ HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            answers = [asyncio.create_task(ask(outbound, request.encode())) for _ in range(32)]
            await w.until("outbound_connections", 32)
            await w.until("upstream_connections", 32)
            await until(lambda: asked == 32)
            [row] = (await w.stats())["endpoints"]
            assert (row["address"], row["open"], asked) == (address, 32, 32)
            go.set()
            assert all(answer.endswith(b"ok") for answer in await asyncio.gather(*answers))
            await w.until("outbound_requests", 32)
            assert (await w.page("/ready"))[0] == 200
            shown = json.loads((await w.page("/config"))[1])
            assert (shown["workers"], shown["max_requests"]) == (2, 4096)
            assert shown["ports"]["outbound"] == outbound
            lines = (await w.page("/metrics"))[1].splitlines()
            figures = dict(line.split() for line in lines if not line.startswith("#"))
            assert figures["spanmesh_sidecar_outbound_requests"] == "32"
            assert figures["spanmesh_sidecar_workers"] == "2"
        await sink.stop()

    play(run())


def test_limits_are_the_instances() -> None:
    """Each worker keeps its share, so that together they never pass the limit."""

    async def run() -> None:
        sink, go, under_way, most = Sink(), asyncio.Event(), 0, 0

        async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal under_way, most
            await reader.readuntil(b"\r\n\r\n")
            under_way += 1
            most = max(most, under_way)
            await go.wait()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

        await sink.start()
        async with serving(held) as address, running(address, sink, max_requests=8) as w:
            answers = [asyncio.create_task(ask(w.inbound, GET)) for _ in range(64)]
            await w.until("inbound_requests", 64 - 8)
            go.set()
            statuses = [int(answer.split()[1]) for answer in await asyncio.gather(*answers)]
            assert most == 8
            assert (statuses.count(200), statuses.count(503)) == (8, 56)
        await sink.stop()

    play(run())


def test_connections_are_spread_over_the_workers() -> None:
    """By the kernel, by a hash of their addresses: of 200 each of two gets far more than a quarter."""

    async def run() -> None:
        sink = Sink()
        await sink.start()
        async with serving(App()) as address, running(address, sink) as w:
            opened = [await asyncio.open_connection("127.0.0.1", w.inbound) for _ in range(200)]
            await w.until("inbound_connections", 200)
            shares = [_sockets(pid, w.inbound) for pid in w.workers()]
            assert len(shares) == 2
            assert sum(shares) == 200
            assert min(shares) > 50
            for _, writer in opened:
                writer.close()
        await sink.stop()

    play(run())


def _sockets(pid: int, port: int) -> int:
    """Established connections a process has at a local port."""
    inodes = set()
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table.readlines()[1:]:
            fields = line.split()
            if int(fields[1].partition(":")[2], 16) == port and fields[3] == "01":
                inodes.add(f"socket:[{fields[9]}]")
    folder = f"/proc/{pid}/fd"
    return sum(os.readlink(f"{folder}/{each}") in inodes for each in os.listdir(folder))
