"""Open-loop clients: Poisson arrivals, each request timed from when it was meant to be sent.

``python -m tests.bench.feedback.load JSON``, an object with ``ports`` and ``rates`` (by client), ``host``,
``start`` (CLOCK_MONOTONIC), ``seconds``, ``patience`` (after which a client hangs up) and ``seed``.
Prints one JSON object: ``rows`` of [client, intended, lag, latency, status, backend], times in seconds
since the start; latency and status are 0 where no answer came, and a 200 without a body is a 204.
"""

import asyncio
import json
import random
import sys
import time
from typing import Any, cast

import httptools
import uvloop

from tests.bench.report import say

Row = list[float]


class Link(asyncio.Protocol):
    """One connection to a proxy; at most one request at a time."""

    transport: asyncio.Transport

    def __init__(self, client: "Client") -> None:
        self._client = client
        self.row: Row | None = None
        self.due = 0.0
        self._body = False
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpResponseParser(self)

    def send(self, row: Row, due: float, patience: float, request: bytes) -> None:
        self.row, self.due, self._body = row, due, False
        self.timer = asyncio.get_running_loop().call_later(patience, self.transport.abort)
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.row is not None and name.lower() == b"x-backend":
            self.row[5] = int(value)

    def on_body(self, data: bytes) -> None:
        self._body = True

    def on_message_complete(self) -> None:
        if self.row is not None:
            self.row[3] = round(time.monotonic() - self.due, 5)
            status = self._parser.get_status_code()
            self.row[4] = 204 if status == 200 and not self._body else status
        self._over()
        if self._parser.should_keep_alive():
            self._client.idle.append(self)
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._over()
        if self in self._client.idle:
            self._client.idle.remove(self)

    def _over(self) -> None:
        self.row = None
        if self.timer is not None:
            self.timer.cancel()


class Client:
    """Everything one client asks for."""

    def __init__(self, number: int, port: int, rate: float, given: dict[str, Any], rows: list[Row]) -> None:
        self.idle: list[Link] = []
        self._number, self._port, self._rate, self._given, self._rows = number, port, rate, given, rows
        self._rng = random.Random(f"{given['seed']}/{number}")
        self._request = f"GET / HTTP/1.1\r\nhost: {given['host']}\r\nx-client: {number}\r\n\r\n".encode()

    async def run(self) -> None:
        start, end = self._given["start"], self._given["start"] + self._given["seconds"]
        due = start + self._rng.expovariate(self._rate)
        while due < end:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            row: Row = [self._number, round(due - start, 5), round(time.monotonic() - due, 5), 0.0, 0, -1]
            self._rows.append(row)
            await self._send(row, due)
            due += self._rng.expovariate(self._rate)

    async def _send(self, row: Row, due: float) -> None:
        while self.idle:
            link = self.idle.pop()
            if not link.transport.is_closing():
                break
        else:
            try:
                loop = asyncio.get_running_loop()
                _, link = await loop.create_connection(lambda: Link(self), "127.0.0.1", self._port)
            except OSError:
                return
        link.send(row, due, self._given["patience"], self._request)


async def drive(given: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    clients = [
        Client(number, port, rate, given, rows)
        for number, (port, rate) in enumerate(zip(given["ports"], given["rates"], strict=True))
    ]
    await asyncio.gather(*(client.run() for client in clients))
    await asyncio.sleep(given["patience"] + 0.1)
    return rows


if __name__ == "__main__":
    say(json.dumps({"rows": uvloop.run(drive(json.loads(sys.argv[1])))}))
