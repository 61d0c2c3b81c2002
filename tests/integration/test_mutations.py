"""Any mutation of a valid stream, through a whole sidecar: it ends, nothing breaks, nothing slips past."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.recording import OK, Backend
from tests.proxy.http.http1.test_requests import cut, requests
from tests.proxy.rig import DEADLINE, Handler, World, ask, serving, world
from tests.support.extent import sized

_STATUS = re.compile(rb"HTTP/1\.1 (\d\d\d) ")
_GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

# What matters to framing, and what must never matter.
_inserted = st.one_of(
    st.binary(min_size=1, max_size=4),
    st.sampled_from(
        [
            b"\r",
            b"\n",
            b"\r\n",
            b"\r\n\r\n",
            b" ",
            b"\t",
            b":",
            b"\0",
            b"0\r\n\r\n",
            b"ffffffffffffffff",
            b"Content-Length: 1\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Connection: close\r\n",
            b"Connection: upgrade\r\nUpgrade: websocket\r\n",
            b"Host: b\r\n",
            b"Expect: 100-continue\r\n",
            b"GET /slipped HTTP/1.1\r\nHost: a\r\n\r\n",
            b"CONNECT ",
            b"HTTP/1.0",
            b"HTTP/1.1 101 x\r\n\r\n",
        ]
    ),
)
_place = st.integers(0, 5000)
_mutation = st.tuples(st.sampled_from(["put", "cut", "over", "again", "end"]), _place, _place, _inserted)


def mutated(data: bytes, kind: str, start: int, length: int, new: bytes) -> bytes:
    """One change at one place."""
    start %= len(data) + 1
    end = min(start + length % 12, len(data))
    changed = {
        "put": data[:start] + new + data[start:],
        "cut": data[:start] + data[end:],
        "over": data[:start] + new + data[start + len(new) :],
        "again": data[:end] + data[start:],
        "end": data[:start],
    }
    return changed[kind]


@contextmanager
def lab(app: Handler) -> Iterator[tuple[asyncio.Runner, World, list[dict[str, Any]]]]:
    """A sidecar before ``app`` for many examples, and what went wrong in its loop."""
    broken: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: broken.append(context))
        stack = AsyncExitStack()
        address = runner.run(stack.enter_async_context(serving(app)))
        sidecar = runner.run(stack.enter_async_context(world(address, sample=0.0)))
        try:
            yield runner, sidecar, broken
        finally:
            runner.run(stack.aclose())


async def _rest(sidecar: World) -> None:
    """Until nothing is open any more on account of a client."""
    inside = sidecar.sidecar
    async with asyncio.timeout(DEADLINE):
        while inside.inbound.open or inside.dialer.open > inside.pool.idle:
            await asyncio.sleep(0)


async def _send(port: int, pieces: list[bytes]) -> bytes:
    """Send in pieces, each likely a read of its own; half-close; read to the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        writer.write_eof()
        async with asyncio.timeout(DEADLINE):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def test_a_mutated_request_stream_never_breaks_hangs_or_slips_past() -> None:
    backend = Backend()
    with lab(backend) as (runner, sidecar, broken):

        async def one(pieces: list[bytes]) -> None:
            backend.arrived.clear()
            got = await _send(sidecar.inbound, pieces)
            await _rest(sidecar)
            statuses = [int(each) for each in _STATUS.findall(got)]
            whole = [each for each in backend.arrived if not each.endswith(" …") and "raw " not in each]
            final = [status for status in statuses if status >= 200]
            answered = [status for status in final if status < 300]
            assert len(answered) == len(whole), (pieces, final, backend.arrived)
            assert [status for status in final[:-1] if status >= 300] == [], "answers after a refusal"
            assert len(backend.arrived) - len(whole) <= 1

        @settings(max_examples=sized(300, 60))
        @given(
            st.lists(requests(), min_size=1, max_size=3),
            st.lists(_mutation, min_size=1, max_size=3),
            st.lists(_place, max_size=4),
        )
        def check(
            messages: list[bytes], changes: list[tuple[str, int, int, bytes]], points: list[int]
        ) -> None:
            data = b"".join(messages)
            for change in changes:
                data = mutated(data, *change)
            runner.run(one(cut(data, points)))
            assert broken == []

        check()
        assert runner.run(ask(sidecar.inbound, _GET)).startswith(b"HTTP/1.1 200 ")


_RESPONSES = st.sampled_from(
    [
        OK,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nuntil the end",
        b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" + OK,
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n",
    ]
)


def one_response(got: bytes) -> tuple[int, bool]:
    """Status and completeness of the one response in ``got``. Fails when there is more than one."""
    status = 100
    while status < 200:
        head, blank, got = got.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        found = re.fullmatch(rb"HTTP/1\.1 (\d\d\d) [^\r\n\0]*", lines[0])
        assert found, lines[0]
        assert blank, "a head without an end"
        status = int(found[1])
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
    if status in (204, 304):
        assert got == b""
        return status, True
    length = fields.get(b"content-length")
    if length is not None:
        assert b"transfer-encoding" not in fields
        assert len(got) <= int(length)
        return status, len(got) == int(length)
    assert fields[b"transfer-encoding"] == b"chunked"
    while True:
        size, blank, got = got.partition(b"\r\n")
        if not blank:
            return status, False
        count = int(size, 16)
        if not count:
            assert got.endswith(b"\r\n")
            assert b"\r\n\r\n" not in got[:-2].removesuffix(b"\r\n"), "more than one response"
            return status, True
        if len(got) < count + 2:
            return status, False
        assert got[count : count + 2] == b"\r\n"
        got = got[count + 2 :]


def test_a_mutated_response_never_breaks_hangs_or_becomes_two() -> None:
    answers: list[list[bytes]] = [[OK]]

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in answers[-1]:
            if not writer.transport.is_closing():
                writer.write(piece)
                await asyncio.sleep(0)

    with lab(app) as (runner, sidecar, broken):

        async def one(data: bytes) -> None:
            got = await _send(sidecar.inbound, [b"POST" + _GET[3:]])
            assert got, "no answer at all"
            status, whole = one_response(got)
            if status == 502:
                assert b"x-spanmesh-reason: upstream-" in got or b"502" in data
                assert whole
            await _rest(sidecar)

        @settings(max_examples=sized(300, 60))
        @given(_RESPONSES, st.lists(_mutation, min_size=1, max_size=3), st.lists(_place, max_size=4))
        def check(data: bytes, changes: list[tuple[str, int, int, bytes]], points: list[int]) -> None:
            for change in changes:
                data = mutated(data, *change)
            answers.append(cut(data, points))
            runner.run(one(data))
            assert broken == []

        check()
