"""A worker's line to its parent: what goes wrong in a worker is told at once, and by few reports."""

import asyncio
import socket
from types import SimpleNamespace
from typing import Any, cast

from proxy.telemetry.meter import Meter
from proxy.workers.link import Line, join
from proxy.workers.worker_pool import Crew, Worker


def test_a_worker_in_a_hurry_has_its_parent_report_what_it_counted() -> None:
    told: list[int] = []

    async def run() -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        meter, line, done = Meter(), Line(10), asyncio.Event()

        def hurry() -> None:
            told.append(sum(histogram.count for _, histogram in meter.collect()))
            done.set()

        worker = Worker(meter, lambda span: None, hurry)
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: worker, sock=ours)
        await join(line, theirs.detach())
        line.meter.series("http.client.request.duration", {"a": "b"}).histogram.record(0.02)
        line.hurry()
        async with asyncio.timeout(30):
            await done.wait()
        await line.close()

    asyncio.run(run())
    assert told == [1]


def test_many_workers_in_a_hurry_are_one_report() -> None:
    told: list[str] = []

    async def run() -> None:
        config: Any = SimpleNamespace(workers=4)
        crew = Crew(cast(Any, config), Meter(), lambda span: None, lambda: told.append("now"))
        for _ in range(4):
            crew.urgent()

    asyncio.run(run())
    assert told == ["now"]
