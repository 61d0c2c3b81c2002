"""The clients of the soak: many kinds of requests, well-behaved and not, each counted as it is sent."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.bench.process import reset
from tests.bench.soak_backend import LARGE
from tests.proxy.rig import field as header
from tests.proxy.rig import read_body

PATIENCE = 30.0
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

# Path, method and body of requests whose answer is known, with their weights.
_PLAIN = (
    (30, b"GET", b"/small", b"", 200),
    (8, b"HEAD", b"/small", b"", 200),
    (8, b"GET", b"/chunked", b"", 200),
    (4, b"GET", b"/204", b"", 204),
    (4, b"GET", b"/hints", b"", 200),
    (4, b"GET", b"/slow", b"", 200),
    (4, b"GET", b"/leave", b"", 200),
    (2, b"GET", b"/fail", b"", 500),
    (2, b"GET", b"/bad", b"", 502),
    (2, b"GET", b"/reset", b"", 502),
    (8, b"PUT", b"/small", b"x" * 10_000, 200),
)


@dataclass
class Tally:
    """What was sent: ``through`` both sidecars, ``outside`` to where no sidecar is, ``refused`` by
    the inbound one; and every answer that was not the expected one."""

    through: int = 0
    outside: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    def note(self, what: str, expected: int, status: int) -> None:
        self.answers[f"{what} {status}"] += 1
        if status != expected:
            self.wrong.append(f"{what}: {status} instead of {expected}")


class Clients:
    """Clients of the outbound sidecar that ask for the inbound one's address, until a deadline."""

    def __init__(self, outbound: int, inbound: int, unreachable: int, tally: Tally) -> None:
        self._outbound = outbound
        self._inbound = inbound
        self._unreachable = unreachable
        self._tally = tally

    async def run(self, count: int, deadline: float, seed: int = 1) -> None:
        """``count`` clients side by side until ``deadline`` on the monotonic clock."""
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(self._client(random.Random(seed + number), deadline))

    async def _client(self, rng: random.Random, deadline: float) -> None:
        odd: tuple[Callable[[], Awaitable[None]], ...] = (
            self._large,
            self._websocket,
            self._leaves,
            self._cut,
            self._refused,
            self._nowhere,
            self._stalls,
        )
        weights = [weight for weight, *_ in _PLAIN]
        while time.monotonic() < deadline:
            async with asyncio.timeout(PATIENCE):
                if rng.random() < 0.15:
                    await rng.choice(odd)()
                else:
                    await self._session(rng.choices(_PLAIN, weights, k=rng.randint(1, 20)))

    async def _session(self, asked: list[tuple[int, bytes, bytes, bytes, int]]) -> None:
        """Several requests on one kept connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._outbound)
        for _, method, path, body, expected in asked:
            self._tally.through += 1
            fields = b"content-length: %d\r\n" % len(body) if body else b""
            writer.write(self._head(method, path, fields) + body)
            status = await _answer(reader, method)
            self._tally.note(f"{method.decode()} {path.decode()}", expected, status)
        writer.close()

    async def _large(self) -> None:
        reader, writer = await self._begin(b"/large")
        head = await reader.readuntil(b"\r\n\r\n")
        left = LARGE
        while left:
            left -= len(await reader.read(1 << 14))
            await asyncio.sleep(0)
        self._tally.note("GET /large", 200, int(head.split()[1]))
        writer.close()

    async def _websocket(self) -> None:
        fields = b"connection: upgrade\r\nupgrade: websocket\r\n"
        reader, writer = await self._begin(b"/ws", fields)
        status = int((await reader.readuntil(b"\r\n\r\n")).split()[1])
        for turn in range(3):
            writer.write(b"message %d" % turn)
            assert await reader.readexactly(9) == b"message %d" % turn
        self._tally.note("GET /ws", 101, status)
        writer.close()

    async def _leaves(self) -> None:
        """A client that is gone in the middle of its answer."""
        reader, writer = await self._begin(b"/stream")
        await reader.readuntil(b"\r\n\r\npart")
        reset(writer)

    async def _cut(self) -> None:
        """An answer that is cut: the client must see that it is not whole."""
        reader, writer = await self._begin(b"/cut")
        got = (await reader.read()).partition(b"\r\n\r\n")[2]
        self._tally.note("cut after", 4, len(got))
        writer.close()

    async def _refused(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._inbound)
        self._tally.refused += 1
        writer.write(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")
        self._tally.note("malformed", 400, await _answer(reader, b"GET"))
        writer.close()

    async def _nowhere(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._outbound)
        self._tally.outside += 1
        writer.write(b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: a\r\n\r\n" % self._unreachable)
        self._tally.note("GET nowhere", 503, await _answer(reader, b"GET"))
        writer.close()

    async def _stalls(self) -> None:
        """A client that begins a request and leaves: nothing of it is a request."""
        _, writer = await asyncio.open_connection("127.0.0.1", self._inbound)
        writer.write(b"GET /small HTTP/1.1\r\nHo")
        await writer.drain()
        writer.close()

    async def _begin(self, path: bytes, fields: bytes = b"") -> Connection:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._outbound)
        self._tally.through += 1
        writer.write(self._head(b"GET", path, fields))
        return reader, writer

    def _head(self, method: bytes, path: bytes, fields: bytes) -> bytes:
        place = b"127.0.0.1:%d" % self._inbound
        return b"%b http://%b%b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (method, place, path, place, fields)


async def _answer(reader: asyncio.StreamReader, method: bytes) -> int:
    """Read one final answer; its status."""
    status = 100
    while status < 200:
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
    if method != b"HEAD" and status not in (204, 304) and header(head, "connection") != "close":
        await read_body(head, reader)
    return status
