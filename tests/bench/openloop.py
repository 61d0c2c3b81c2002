"""A constant-rate client: latency counted from the intended start, so that a stall is not omitted.

``python -m tests.bench.openloop PORT RATE SECONDS`` prints sorted latencies in milliseconds as JSON.
Source: the "coordinated omission" argument; see wrk2.
"""

import asyncio
import json
import sys
import time
from collections import deque
from functools import partial
from typing import cast

import httptools
import uvloop

CONNECTIONS = 32


class Client(asyncio.Protocol):
    """One kept connection; requests wait in ``due`` (intended starts) and are answered in order."""

    transport: asyncio.Transport

    def __init__(self, took: list[float]) -> None:
        self.took = took
        self.due: deque[float] = deque()
        self.parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send(self, intended: float) -> None:
        self.due.append(intended)
        self.transport.write(b"GET /64 HTTP/1.1\r\nhost: bench\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.took.append(1000 * (time.perf_counter() - self.due.popleft()))


async def drive(port: int, rate: float, seconds: float) -> list[float]:
    """Latencies in ms of ``rate * seconds`` requests sent on schedule."""
    loop = asyncio.get_running_loop()
    took: list[float] = []
    connect = partial(loop.create_connection, partial(Client, took), "127.0.0.1", port)
    clients = [(await connect())[1] for _ in range(CONNECTIONS)]
    start, total = time.perf_counter() + 0.1, int(rate * seconds)
    sent = 0
    while sent < total:
        now = time.perf_counter()
        while sent < total and start + sent / rate <= now:
            clients[sent % CONNECTIONS].send(start + sent / rate)
            sent += 1
        await asyncio.sleep(max(0.0, start + sent / rate - time.perf_counter()))
    deadline = time.perf_counter() + 5
    while len(took) < total and time.perf_counter() < deadline:
        await asyncio.sleep(0.01)
    return sorted(took)


if __name__ == "__main__":
    latencies = uvloop.run(drive(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
    sys.stdout.write(json.dumps([round(each, 3) for each in latencies]))
