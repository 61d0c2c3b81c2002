"""A constant-rate client: latency counted from the intended start, so that a stall is not omitted.

``python -m tests.bench.openloop PORT RATE SECONDS`` prints sorted latencies in milliseconds as JSON.
Source: the "coordinated omission" argument; see wrk2.
"""

import asyncio
import json
import os
import socket
import sys
import threading
import time
from collections import deque
from functools import partial

import httptools
import uvloop

from tests.bench.report import say

CONNECTIONS = 32
PATIENCE = 5.0
_REQUEST = b"GET /64 HTTP/1.1\r\nhost: bench\r\n\r\n"


class Client(asyncio.Protocol):
    """One kept connection; requests wait in ``due`` (intended starts) and are answered in order."""

    def __init__(self, took: list[float]) -> None:
        self.took = took
        self.due: deque[float] = deque()
        self.parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.took.append(1000 * (time.perf_counter() - self.due.popleft()))


def send(clients: list[tuple[Client, int]], rate: float, total: int) -> None:
    """Send on schedule. A thread of its own: an event loop sleeps in whole milliseconds."""
    start = time.perf_counter() + 0.1
    for number in range(total):
        intended = start + number / rate
        time.sleep(max(0.0, intended - time.perf_counter()))
        client, descriptor = clients[number % CONNECTIONS]
        client.due.append(intended)
        os.write(descriptor, _REQUEST)


async def drive(port: int, rate: float, seconds: float) -> list[float]:
    """Latencies in ms of ``rate * seconds`` requests sent on schedule. Raises when one is missing."""
    loop = asyncio.get_running_loop()
    took: list[float] = []
    clients = []
    for _ in range(CONNECTIONS):
        sock = socket.create_connection(("127.0.0.1", port))
        descriptor = os.dup(sock.fileno())
        _, client = await loop.create_connection(partial(Client, took), sock=sock)
        clients.append((client, descriptor))
    total = int(rate * seconds)
    sender = threading.Thread(target=send, args=(clients, rate, total))
    sender.start()
    async with asyncio.timeout(seconds + PATIENCE):
        while len(took) < total:
            await asyncio.sleep(0.05)
    sender.join()
    return sorted(took)


if __name__ == "__main__":
    latencies = uvloop.run(drive(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
    say(json.dumps([round(each, 3) for each in latencies]))
