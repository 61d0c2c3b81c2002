"""Backends that misbehave on command, all in one process.

``python -m tests.bench.feedback.backends JSON``, the JSON an object with ``ports``, ``control`` (port),
``probes`` (a UDP port each, or empty), ``latency`` and ``spread`` (seconds), ``slots`` (by backend, 0 no
limit) and ``seed``. The control port takes one JSON object per line, answers with one each:
``{"plan": [[time, index, behaviour], …], "client": [name, indices, behaviour]}`` and ``{"tell": true}``.
Times are CLOCK_MONOTONIC, which all processes of a machine share.
"""

import asyncio
import heapq
import json
import random
import sys
import time
from collections import deque
from functools import partial
from statistics import median
from typing import Any, Final, cast

import uvloop

BIN: Final = 0.1  # seconds of a bin of the arrivals
_OK = b"HTTP/1.1 200 OK\r\nx-backend: %d\r\ncontent-length: 2\r\n\r\nok"
_FAILED = b"HTTP/1.1 500 Internal Server Error\r\nx-backend: %d\r\ncontent-length: 3\r\n\r\nbad"
# By class (proxy.contract.traffic.Answer) what a backend answers at once that does not do its work.
_QUICK: Final = {
    "ok": b"HTTP/1.1 200 OK\r\nx-backend: %d\r\ncontent-length: 0\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nlocation: /login\r\nx-backend: %d\r\ncontent-length: 0\r\n\r\n",
    "refused": b"HTTP/1.1 404 Not Found\r\nx-backend: %d\r\ncontent-length: 4\r\n\r\nnone",
    "shed": b"HTTP/1.1 429 Too Many Requests\r\nx-backend: %d\r\ncontent-length: 4\r\n\r\nfull",
}

Behaviour = dict[str, Any]
FINE: Final[Behaviour] = {}


class Backend:
    """One of them. A behaviour may have ``add`` and ``times`` (latency), ``fail`` (share), ``hang``, or
    ``quick``, the class of a useless answer that is given at once, to a ``part`` of the requests."""

    def __init__(self, index: int, latency: float, spread: float, slots: int, rng: random.Random) -> None:
        self.index = index
        self.behaviour: Behaviour = FINE
        self.arrivals: dict[int, int] = {}
        self.busy = 0.0
        self.flight = 0
        self.took: deque[tuple[int, float]] = deque(maxlen=64)
        self.sick_client, self.sick_behaviour = b"", FINE
        self._latency, self._spread, self._rng = latency, spread, rng
        self._free = [0.0] * slots
        self._hung: list[Connection] = []

    def behave(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        if not behaviour.get("hang"):
            hung, self._hung = self._hung, []
            for connection in hung:
                connection.answer(self, _OK)

    def request(self, connection: "Connection", data: bytes) -> None:
        now = time.monotonic()
        slot = int(now / BIN)
        self.arrivals[slot] = self.arrivals.get(slot, 0) + 1
        self.flight += 1
        sick = self.sick_client and self.sick_client in data
        behaviour = self.sick_behaviour if sick else self.behaviour
        if behaviour.get("hang"):
            self._hung.append(connection)
            return
        if "quick" in behaviour and self._rng.random() < behaviour.get("part", 1.0):
            connection.answer(self, _QUICK[behaviour["quick"]], now)
            return
        failed = self._rng.random() < behaviour.get("fail", 0.0)
        delay = max(0.001, self._rng.gauss(self._latency, self._spread))
        delay = 0.001 if failed else delay * behaviour.get("times", 1.0) + behaviour.get("add", 0.0)
        if self._free:
            begun = max(now, heapq.heappop(self._free))
            heapq.heappush(self._free, begun + delay)
            self.busy += delay
            delay += begun - now
        answer = _FAILED if failed else _OK
        asyncio.get_running_loop().call_later(delay, connection.answer, self, answer, now)

    def says(self) -> bytes | None:
        """The answer to a probe; None from a process that hangs."""
        if self.behaviour.get("hang"):
            return None
        alike = sorted(self.took, key=lambda each: abs(each[0] - self.flight))[:8]
        typical = median(latency for _, latency in alike) if alike else self._latency
        return json.dumps([self.flight, typical]).encode()


class Connection(asyncio.Protocol):
    """A kept connection with one request at a time."""

    transport: asyncio.Transport

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self._data.endswith(b"\r\n\r\n"):
            data, self._data = self._data, b""
            self._backend.request(self, data)

    def answer(self, backend: Backend, answer: bytes, since: float | None = None) -> None:
        if since is not None:
            backend.took.append((backend.flight, time.monotonic() - since))
        backend.flight -= 1
        if not self.transport.is_closing():
            self.transport.write(answer % backend.index)


class Probes(asyncio.DatagramProtocol):
    """Prequal's probes of one backend."""

    transport: asyncio.DatagramTransport

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        said = self._backend.says()
        if said is not None:
            self.transport.sendto(said, addr)


class Control:
    """Plans in, what happened out."""

    def __init__(self, backends: list[Backend]) -> None:
        self._backends = backends
        self._lags: list[float] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            writer.write(json.dumps(self._answer(json.loads(line))).encode() + b"\n")
        writer.close()

    async def watch(self) -> None:
        """Measure how late this process's timers are."""
        while True:
            due = time.monotonic() + 0.01
            await asyncio.sleep(0.01)
            self._lags.append(time.monotonic() - due)

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        for at, index, behaviour in asked.get("plan", ()):
            loop.call_later(max(0.0, at - time.monotonic()), self._backends[index].behave, behaviour)
        if asked.get("client"):
            name, indices, behaviour = asked["client"]
            for index in indices:
                self._backends[index].sick_client = f"x-client: {name}\r\n".encode()
                self._backends[index].sick_behaviour = behaviour
        if not asked.get("tell"):
            self._lags.clear()
            return {"now": time.monotonic()}
        return {
            "now": time.monotonic(),
            "lags": self._lags,
            "busy": [b.busy for b in self._backends],
            "arrivals": [sorted(b.arrivals.items()) for b in self._backends],
        }


async def serve(given: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    backends = [
        Backend(index, given["latency"], given["spread"], slots, random.Random(1000 * given["seed"] + index))
        for index, slots in enumerate(given["slots"])
    ]
    for backend, port in zip(backends, given["ports"], strict=True):
        await loop.create_server(partial(Connection, backend), "127.0.0.1", port, backlog=1024)
    for backend, port in zip(backends, given["probes"], strict=False):
        await loop.create_datagram_endpoint(partial(Probes, backend), ("127.0.0.1", port))
    control = Control(backends)
    server = await asyncio.start_server(control.serve, "127.0.0.1", given["control"], limit=1 << 20)
    await asyncio.gather(server.serve_forever(), control.watch())


if __name__ == "__main__":
    uvloop.run(serve(json.loads(sys.argv[1])))
