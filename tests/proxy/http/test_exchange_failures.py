"""Upstreams that refuse, die, stall or talk nonsense, and clients that leave: what each side is told."""

import asyncio

import pytest

from proxy.contract.model import Endpoint
from proxy.contract.service_id import ServiceId
from proxy.sockets import options
from tests.proxy.rig import (
    ask,
    field,
    head_fields,
    pairs,
    play,
    service,
    serving,
    until,
    world,
)

GET = b"GET /items/7?q=1 HTTP/1.1\r\nHost: shop\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@pytest.mark.parametrize(("side", "status"), [("inbound", 503), ("outbound", 503)])
def test_a_refusing_upstream_is_answered_with_its_reason(side: str, status: int) -> None:
    async def run() -> None:
        async with world("127.0.0.1:1") as w:
            port = w.sidecar.ports[side]
            answer = await ask(port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 %d " % status)
            assert head_fields(answer)["x-spanmesh-reason"] == "connect-refused"
            [span] = await w.spans(1)
            assert pairs(span.attributes)["error.type"] == "connect-refused"
            assert span.status.code == 2
            await until(lambda: bool(w.sink.points))
            found = pairs(w.sink.points[0][1].attributes)
            assert found["error.type"] == "connect-refused"
            assert found["spanmesh.status_class"] == ("5xx" if side == "inbound" else "error")

    play(run())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n",
    ],
)
def test_an_upstream_that_dies_in_its_response_gives_no_clean_end(answer: bytes) -> None:
    async def run() -> None:
        async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()

        async with serving(dying) as address, world(address) as w:
            got = await ask(w.inbound, GET + b"\r\n", close=False)
            assert b"part" in got
            assert not got.endswith(b"\r\n0\r\n\r\n")
            [span] = await w.spans(1)
            found = pairs(span.attributes)
            assert (found["error.type"], found["http.response.status_code"]) == ("upstream-reset", 200)
            await until(lambda: bool(w.sink.points))
            assert pairs(w.sink.points[0][1].attributes)["spanmesh.status_class"] == "error"

    play(run())


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (b"", 502, "upstream-reset"),
        (b"nonsense\r\n\r\n", 502, "upstream-malformed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx", 502, "upstream-malformed"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 502, "upstream-malformed"),
    ],
)
def test_an_upstream_that_says_nothing_sound_is_a_bad_gateway(
    answer: bytes, status: int, reason: str
) -> None:
    async def run() -> None:
        async def bad(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)

        async with serving(bad) as address, world(address) as w:
            got = await ask(w.inbound, GET + b"\r\n")
            assert got.startswith(b"HTTP/1.1 %d " % status)
            assert head_fields(got)["x-spanmesh-reason"] == reason
            head, _, body = got.partition(b"\r\n\r\n")
            assert field(head + b"\r\n", "content-length") == str(len(body))

    play(run())


def test_a_stale_pooled_connection_is_not_noticed() -> None:
    async def run() -> None:
        served = 0

        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal served
            await reader.readuntil(b"\r\n\r\n")
            served += 1
            writer.write(OK)
            await writer.drain()
            await reader.read(1)  # takes the next request and dies of it

        async with serving(once) as address, world(address) as w:
            assert await ask(w.inbound, GET + b"\r\n") == OK
            assert await ask(w.inbound, GET + b"\r\n") == OK
            post = b"POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 0\r\n\r\n"
            assert b"upstream-reset" in await ask(w.inbound, post)
            assert served == 2
            assert len(await w.spans(3)) == 3

    play(run())


@pytest.mark.parametrize("how", ["ends", "resets"])
def test_a_client_that_leaves_takes_its_upstream_request_along(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.http.http1.client_connection._HALF_CLOSED", 0.0)

    async def run() -> None:
        arrived, gone = asyncio.Event(), asyncio.Event()

        async def waiting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            arrived.set()
            try:
                await reader.read()
            finally:
                gone.set()

        async with serving(waiting) as address, world(address) as w:
            _, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(GET + b"\r\n")
            async with asyncio.timeout(5):
                await arrived.wait()
                if how == "resets":
                    options.reset(writer.transport)
                else:
                    writer.close()
                # The server hears of it, as it would without the mesh, and gives up.
                await gone.wait()
            [span] = await w.spans(1)
            assert pairs(span.attributes)["error.type"] == "client-disconnect"
            await until(lambda: bool(w.sink.points))
            assert pairs(w.sink.points[0][1].attributes)["spanmesh.status_class"] == "4xx"

    play(run())


def test_a_client_that_half_closed_and_then_left_is_noticed_though_its_server_does_not_care() -> None:
    async def run() -> None:
        async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.Event().wait()

        async with serving(deaf) as address, world(address) as w:
            for request in (GET + b"\r\n", GET + b"\r\n" + GET + b"\r\n"):  # the second with one that waits
                before = w.sidecar.inbound.request_count
                _, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
                writer.write(request)
                writer.write_eof()
                await until(lambda: w.sidecar.inbound.open == 1)
                # As its kernel does when it has forgotten a connection that was closed.
                options.reset(writer.transport)
                await until(lambda: w.sidecar.inbound.open == 0)
                assert w.sidecar.inbound.request_count == before + 1

    play(run())


def test_a_long_response_is_open_but_not_stalled() -> None:
    async def run() -> None:
        go = asyncio.Event()

        async def streaming(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no")
            await go.wait()
            writer.write(b"k")

        async with serving(streaming) as address, world() as w:
            w.view(service("reviews", Endpoint(address, instance="r1"), percent=100))
            [candidate] = w.sidecar.router.services[ServiceId("reviews")].candidates
            reader, writer = await asyncio.open_connection("127.0.0.1", w.outbound)
            writer.write(b"GET / HTTP/1.1\r\nHost: reviews\r\n\r\n")
            await reader.readuntil(b"\r\n\r\no")
            assert (candidate.open, candidate.waiting) == (1, {})
            go.set()
            assert await reader.readexactly(1) == b"k"
            await until(lambda: candidate.open == 0)
            writer.close()

    play(run())


def test_a_response_cut_at_any_byte_is_never_taken_for_a_whole_one() -> None:
    whole = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"

    async def run() -> None:
        cuts = iter(range(len(whole)))

        async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(whole[: next(cuts)])
            await writer.drain()

        async with serving(dying) as address, world(address) as w:
            for _ in whole:
                got = await ask(w.inbound, b"POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 0\r\n\r\n")
                if got.startswith(b"HTTP/1.1 502 "):
                    assert head_fields(got)["x-spanmesh-reason"] == "upstream-reset"
                else:
                    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
                    assert not got.endswith(b"0\r\n\r\n")
            spans = await w.spans(len(whole))
            assert {pairs(span.attributes)["error.type"] for span in spans} == {"upstream-reset"}

    play(run())
