"""Networks and peers that misbehave, over real sockets: what the other side of the sidecar sees."""

import asyncio

import pytest

from proxy.contract.model import Endpoint
from proxy.sockets import options
from tests.bench.process import reset
from tests.proxy.rig import App, ask, head_fields, play, service, serving, until, world
from tests.support.black_hole import black_hole

GET = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /1 HTTP/1.1\r\nHost: a\r\ncontent-length: 1\r\n\r\nx"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
SWITCHING = b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"


ENDS = {
    "length": b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody",
    "chunked": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nx-sum: 1\r\n\r\n",
    "close": b"HTTP/1.1 200 OK\r\n\r\nbody",
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_response_reset_at_any_byte_is_never_taken_for_a_whole_one(end: str, version: bytes) -> None:
    whole = ENDS[end]
    places = len(whole) + (end == "close")  # without a length, even all of it may not be all

    async def run() -> None:
        cuts = iter(range(places))

        async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(whole[: next(cuts)])
            await asyncio.sleep(0)
            reset(writer)

        async with serving(dying) as address, world(address) as w:
            for _ in range(places):
                request = b"POST / HTTP/%b\r\nHost: a\r\ncontent-length: 0\r\n\r\n" % version
                try:
                    got = await ask(w.inbound, request)
                except ConnectionResetError:
                    continue
                if got.startswith(b"HTTP/1.1 502 "):
                    assert head_fields(got)["x-spanmesh-reason"] == "upstream-reset"
                    continue
                assert got.startswith(b"HTTP/1.1 200 OK\r\n")
                fields, body = head_fields(got), got.partition(b"\r\n\r\n")[2]
                if "content-length" in fields:
                    assert len(body) < int(fields["content-length"])
                else:
                    assert fields["transfer-encoding"] == "chunked", "a clean end that is none"
                    assert not body.endswith(b"\r\n\r\n")
            await until(lambda: (w.sidecar.dialer.open, w.sidecar.inbound.open) == (0, 0))

    play(run())


def test_a_black_hole_is_left_after_the_connect_timeout_where_the_mesh_chose_it() -> None:
    async def run() -> None:
        with black_hole() as address:
            async with world(address, connect_timeout=0.2) as w:
                w.view(service("reviews", Endpoint(address, instance="hole"), percent=100))
                request = b"GET / HTTP/1.1\r\nHost: reviews\r\n\r\n"
                direct = asyncio.ensure_future(ask(w.inbound, request))
                answer = await ask(w.outbound, request)
                assert answer.startswith(b"HTTP/1.1 504 ")
                assert head_fields(answer)["x-spanmesh-reason"] == "connect-timeout"
                assert not direct.done()  # the kernel decides, as it does for the application
                direct.cancel()

    play(run())


def test_a_black_hole_among_the_endpoints_is_stepped_around() -> None:
    async def run() -> None:
        app = App()
        with black_hole() as hole:
            async with serving(app) as address, world(connect_timeout=0.2) as w:
                both = Endpoint(hole, instance="hole"), Endpoint(address, instance="r1")
                w.view(service("reviews", *both, percent=100))
                request = POST.replace(b"Host: a", b"Host: reviews")
                assert {await ask(w.outbound, request) for _ in range(8)} == {OK}
                assert len(app.heads) == 8

    play(run())


def test_a_client_that_leaves_while_a_connect_hangs_leaves_nothing_behind() -> None:
    async def run() -> None:
        with black_hole() as address:
            async with world(address) as w:
                _, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
                writer.write(GET)
                await until(lambda: w.sidecar.dialer.open == 1)
                options.reset(writer.transport)
                await until(lambda: not w.sidecar.inbound.open)
                assert w.sidecar.inbound.request_count == 1
            await until(lambda: w.sidecar.dialer.open == 0)

    play(run())


def test_a_backend_that_closes_after_each_response_loses_no_request() -> None:
    async def run() -> None:
        served = 0

        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal served
            await reader.readuntil(b"\r\n\r\n")
            served += 1
            writer.write(OK)

        async with serving(once) as address, world(address) as w:
            answers = await asyncio.gather(*(ask(w.inbound, GET * 20) for _ in range(10)))
            assert set(answers) == {OK * 20}
            assert served == 200
            assert len(await w.spans(200)) == 200
            await until(lambda: w.sidecar.dialer.open == 0)

    play(run())


def test_a_backend_that_says_it_closes_is_never_asked_twice() -> None:
    async def run() -> None:
        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\nx")
            writer.write(OK.replace(b"\r\n", b"\r\nconnection: close\r\n", 1))

        async with serving(once) as address, world(address) as w:
            answers = await asyncio.gather(*(ask(w.inbound, POST * 20) for _ in range(10)))
            assert set(answers) == {OK * 20}

    play(run())


def test_a_client_that_reads_slowly_holds_its_backend_and_nobody_else() -> None:
    size = 64 << 20

    async def run() -> None:
        written = 0

        async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal written
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"GET /small"):
                    writer.write(OK)
                    continue
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
                for _ in range(size >> 18):
                    writer.write(bytes(1 << 18))
                    await writer.drain()
                    written += 1 << 18

        async with serving(large) as address, world(address) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            held = -1
            while held != written:  # until neither side takes any more
                held = written
                for _ in range(50):
                    assert await ask(w.inbound, GET.replace(b"/1 ", b"/small ")) == OK
            assert b"content-length: %d" % size in head
            assert held < size // 2, "nobody held the backend back"
            left = size
            while left:
                left -= len(await reader.read(1 << 20))
            writer.close()
            assert written == size

    play(run())


@pytest.mark.parametrize("rest", [b"", b"nonsense\r\n\r\n"])
def test_an_interim_response_is_no_beginning_of_the_final_one(rest: bytes) -> None:
    async def run() -> None:
        async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n")
            await go.wait()
            writer.write(rest)

        go = asyncio.Event()
        async with serving(early) as address, world(address) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(GET)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 103 ")
            go.set()
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 502 ")
            writer.close()

    play(run())


@pytest.mark.parametrize("agreed", [True, False])
def test_what_follows_an_unanswered_upgrade_is_held_back(agreed: bool) -> None:
    size = 32 << 20

    async def run() -> None:
        go = asyncio.Event()
        received = written = 0

        async def undecided(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal received
            await reader.readuntil(b"\r\n\r\n")
            await go.wait()
            writer.write(SWITCHING if agreed else OK)
            while piece := await reader.read(1 << 18):
                received += len(piece)

        async def flood(writer: asyncio.StreamWriter) -> None:
            nonlocal written
            while written < size:
                writer.write(bytes(1 << 18))
                await writer.drain()
                written += 1 << 18

        async with serving(undecided) as address, world(address) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
            flooding = asyncio.ensure_future(flood(writer))
            held = -1
            while held != written:
                held = written
                await asyncio.sleep(0.1)
            assert held < size // 2, "nobody held the client back"
            go.set()
            if agreed:
                await flooding
                await until(lambda: received == size)
            else:
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
                got = await reader.read()  # and what followed was no request
                assert b"HTTP/1.1 " in got
                flooding.cancel()
            writer.transport.abort()

    play(run())
