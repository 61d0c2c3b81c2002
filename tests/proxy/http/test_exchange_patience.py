"""A request may take as long as its two ends like, unless the mesh routes it and its policy says less."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from proxy.contract.model import Endpoint
from proxy.contract.service_id import ServiceId
from tests.proxy.rig import DEADLINE, World, ask, field, pairs, play, service, serving, until, world

DAY = 86_400.0
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Scene:
    """A client at one end of a sidecar and a server at the other, and a clock that can be put forward."""

    def __init__(
        self, w: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: bytes
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.accepted: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self._world = w
        self._host = host

    async def send(
        self, method: bytes, rest: bytes
    ) -> tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]:
        """Send a request; return its head as the server got it, and the server's connection."""
        self.writer.write(method + b" / HTTP/1.1\r\nHost: " + self._host + b"\r\n" + rest)
        while True:
            reader, writer = await self.accepted.get()
            # Health checks connect and send nothing.
            with suppress(asyncio.IncompleteReadError):
                return await reader.readuntil(b"\r\n\r\n"), reader, writer

    async def spans(self, count: int) -> list[Span]:
        """Return the spans of the sidecar, once there are ``count``."""
        while len(self._world.sink.spans) < count:
            await asyncio.sleep(0.1)
        return self._world.sink.spans

    async def a_day(self) -> None:
        """Let the listeners act on all that would have been due by tomorrow."""
        await asyncio.sleep(0.01)  # what was sent has arrived
        for context in self._world.sidecar._contexts.values():
            context.now = lambda: time.monotonic() + DAY
            context.sweep()


async def a_late_answer(scene: Scene) -> None:
    _, _, server = await scene.send(b"GET", b"\r\n")
    await scene.a_day()
    server.write(OK)
    assert await scene.reader.readexactly(len(OK)) == OK


async def an_upload_that_pauses(scene: Scene) -> None:
    _, received, server = await scene.send(b"POST", b"content-length: 4\r\n\r\nab")
    assert await received.readexactly(2) == b"ab"
    await scene.a_day()
    scene.writer.write(b"cd")
    assert await received.readexactly(2) == b"cd"
    server.write(OK)
    assert await scene.reader.readexactly(len(OK)) == OK


async def both_directions_at_once(scene: Scene) -> None:
    chunked = b"transfer-encoding: chunked\r\n\r\n"
    _, received, server = await scene.send(b"POST", chunked + b"1\r\na\r\n")
    assert await received.readuntil(b"a\r\n") == b"1\r\na\r\n"
    server.write(b"HTTP/1.1 200 OK\r\n" + chunked + b"1\r\nA\r\n")
    await scene.reader.readuntil(b"A\r\n")
    await scene.a_day()
    server.write(b"1\r\nB\r\n")
    assert await scene.reader.readuntil(b"B\r\n") == b"1\r\nB\r\n"
    await scene.a_day()
    scene.writer.write(b"1\r\nb\r\n0\r\n\r\n")
    assert await received.readuntil(b"0\r\n\r\n") == b"1\r\nb\r\n0\r\n\r\n"
    server.write(b"0\r\n\r\n")
    assert await scene.reader.readuntil(b"0\r\n\r\n") == b"0\r\n\r\n"


async def a_half_closed_client(scene: Scene) -> None:
    _, received, server = await scene.send(b"GET", b"\r\n")
    scene.writer.write_eof()
    await scene.a_day()
    assert await received.read() == b"", "the server learns of it, as without the mesh"
    await scene.a_day()
    server.write(OK)
    assert await scene.reader.read() == OK


async def a_wait_for_100_continue(scene: Scene) -> None:
    head, received, server = await scene.send(b"PUT", b"expect: 100-continue\r\ncontent-length: 2\r\n\r\n")
    assert field(head, "expect") == "100-continue"
    await scene.a_day()
    server.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert await scene.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    await scene.a_day()
    scene.writer.write(b"ab")
    assert await received.readexactly(2) == b"ab"
    server.write(OK)
    assert await scene.reader.readexactly(len(OK)) == OK


async def a_stream_of_events(scene: Scene) -> None:
    _, _, server = await scene.send(b"GET", b"\r\n")
    server.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
    assert field(await scene.reader.readuntil(b"\r\n\r\n"), "transfer-encoding") == "chunked"
    for event in (b"data: 1\n\n", b"data: 2\n\n"):
        await scene.a_day()
        server.write(event)
        assert event in await scene.reader.readuntil(b"\n\n\r\n")


async def a_websocket(scene: Scene) -> None:
    upgrade = b"connection: upgrade\r\nupgrade: websocket\r\n\r\n"
    _, received, server = await scene.send(b"GET", upgrade)
    await scene.a_day()
    server.write(b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade)
    await scene.reader.readuntil(b"\r\n\r\n")
    await scene.a_day()
    scene.writer.write(b"ping")
    assert await received.readexactly(4) == b"ping"
    scene.writer.write_eof()
    assert await received.read() == b""
    await scene.a_day()
    server.write(b"pong")
    assert await scene.reader.readexactly(4) == b"pong"


async def a_reader_that_stops_reading_the_last_response(scene: Scene) -> None:
    body = b"x" * 8_000_000
    _, _, server = await scene.send(b"GET", b"connection: close\r\n\r\n")
    server.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
    await asyncio.sleep(0.1)
    for _ in range(3):
        await scene.a_day()
    got = await scene.reader.read(-1)
    assert len(got.partition(b"\r\n\r\n")[2]) == len(body)


async def a_head_that_begins_to_come_during_a_long_answer(scene: Scene) -> None:
    _, received, server = await scene.send(b"GET", b"\r\nGET / HT")
    await scene.a_day()
    server.write(OK)
    assert await scene.reader.readexactly(len(OK)) == OK
    for context in scene._world.sidecar._contexts.values():
        context.sweep()
    scene.writer.write(b"TP/1.1\r\nHost: " + scene._host + b"\r\n\r\n")
    await received.readuntil(b"\r\n\r\n")
    server.write(OK)
    assert await scene.reader.readexactly(len(OK)) == OK


Case = Callable[[Scene], Awaitable[None]]
CASES: list[Case] = [
    a_late_answer,
    an_upload_that_pauses,
    both_directions_at_once,
    a_half_closed_client,
    a_wait_for_100_continue,
    a_stream_of_events,
    a_websocket,
    a_reader_that_stops_reading_the_last_response,
    a_head_that_begins_to_come_during_a_long_answer,
]


async def played(case: Case, side: str, scene_of: type[Scene] = Scene) -> None:
    """Play one case through a sidecar, with a scene of this type."""
    connections: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.put_nowait((reader, writer))
        await asyncio.Event().wait()

    async with serving(app) as address, world(address) as w:
        w.view(service("reviews", Endpoint(address), percent=100))
        port = w.inbound if side == "inbound" else w.outbound
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        host = b"reviews" if side == "routed" else address.encode()
        scene = scene_of(w, reader, writer, host)
        scene.accepted = connections
        await case(scene)
        writer.close()


@pytest.mark.parametrize("side", ["inbound", "outbound", "routed"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_day_between_two_events_ends_nothing(case: Case, side: str) -> None:
    async def run() -> None:
        async with asyncio.timeout(DEADLINE):
            await played(case, side)

    play(run())


class RealScene(Scene):
    """A scene in real time."""

    async def a_day(self) -> None:
        """Let more than a minute pass: the limit that most proxies have."""
        await asyncio.sleep(65)


async def a_client_that_closed_and_whose_server_does_not_care(scene: Scene) -> None:
    _, received, _ = await scene.send(b"GET", b"\r\n")
    scene.writer.close()
    assert await received.read() == b""
    # Its kernel forgets the connection after a minute and answers the next question with a reset.
    async with asyncio.timeout(150):
        [span] = await scene.spans(1)
    assert pairs(span.attributes)["error.type"] == "client-disconnect"


@pytest.mark.slow
@pytest.mark.parametrize("side", ["inbound", "outbound"])
def test_in_real_time(side: str) -> None:
    async def run() -> None:
        # The last one would find its connection to the server too old for the second request.
        cases = [*CASES[:-1], a_client_that_closed_and_whose_server_does_not_care]
        playing = (played(case, side, RealScene) for case in cases)
        ended = await asyncio.gather(*playing, return_exceptions=True)
        failed = zip(cases, ended, strict=True)
        assert {case.__name__: error for case, error in failed if error is not None} == {}

    play(run())


def test_a_stage_that_changes_during_a_request_changes_nothing_for_it() -> None:
    async def run() -> None:
        go = asyncio.Event()

        async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await go.wait()
            writer.write(OK)

        async with serving(app) as address, world(address) as w:
            observed = service("reviews", Endpoint(address))
            routed = replace(service("reviews", Endpoint(address), percent=100), timeout=0.1)
            for before, after, status in ((observed, routed, b"200"), (routed, observed, b"504")):
                go.clear()
                w.view(before)
                answer = asyncio.ensure_future(ask(w.outbound, b"GET / HTTP/1.1\r\nHost: reviews\r\n\r\n"))
                await until(lambda: w.sidecar.router.services[ServiceId("reviews")].open == 1)
                w.view(after)
                await asyncio.sleep(0.2)
                go.set()
                assert (await answer).startswith(b"HTTP/1.1 " + status)

    play(run())
