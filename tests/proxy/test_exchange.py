"""Requests through a running sidecar: forwarding, failing, streaming, recording."""

import asyncio
import resource

import pytest

from proxy.contract.model import Endpoint
from tests.proxy.rig import (
    App,
    ask,
    field,
    head_fields,
    pairs,
    play,
    read_body,
    service,
    serving,
    until,
    world,
)

GET = b"GET /items/7?q=1 HTTP/1.1\r\nHost: shop\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


def test_inbound_forwards_records_and_takes_out_what_is_ours() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            request = GET + (
                f"traceparent: 00-{TRACE}-{PARENT}-01\r\ntracestate: a=1\r\nX-Spanmesh-Caller: web\r\n"
                "Connection: X-Hop\r\nX-Hop: 1\r\nX-Kept: 2\r\n\r\n"
            ).encode()
            assert await ask(w.inbound, request) == OK
            assert app.heads[0].startswith(b"GET /items/7?q=1 HTTP/1.1\r\nhost: shop\r\n")
            assert app.field("x-kept") == "2"
            assert app.field("x-hop") is app.field("x-spanmesh-caller") is app.field("connection") is None
            [span] = await w.spans(1)
            assert app.field("traceparent") == f"00-{TRACE}-{span.span_id.hex()}-01"
            assert app.field("tracestate") == "a=1"
            assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
            assert (span.name, span.kind, span.trace_state) == ("GET /items/{id}", 2, "a=1")
            found = pairs(span.attributes)
            assert found["spanmesh.caller"] == "web"
            assert found["http.response.status_code"] == 200
            assert (found["url.path"], found["url.query"]) == ("/items/7", "q=1")
            await until(lambda: w.sink.counted("http.server.request.duration") == 1)
            _, point = w.sink.points[0]
            assert pairs(point.attributes) == {
                "spanmesh.caller": "web", "http.request.method": "GET", "http.route": "/items/{id}",
                "spanmesh.status_class": "2xx",
            }
            assert point.exemplars[0].span_id == span.span_id
            assert w.sink.resources[0]["service.name"] == "cart"

    play(run())


def test_outbound_in_observe_goes_where_the_application_said() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world() as w:
            request = f"GET http://{address}/x HTTP/1.1\r\nHost: other\r\n\r\n".encode()
            assert await ask(w.outbound, request) == OK
            assert app.field("host") == address
            assert app.field("x-spanmesh-caller") is None
            [span] = await w.spans(1)
            assert app.field("traceparent") == f"00-{span.trace_id.hex()}-{span.span_id.hex()}-03"
            found = pairs(span.attributes)
            assert found["url.full"] == f"http://{address}/x"
            assert found["peer.service"] == found["spanmesh.endpoint"] == address
            assert found["network.peer.port"] == int(address.rpartition(":")[2])
            assert span.kind == 3

    play(run())


def test_outbound_tells_an_inbound_sidecar_who_calls() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world() as w:
            w.view(service("reviews", Endpoint(address, instance="r1")))
            forged = b"GET / HTTP/1.1\r\nHost: reviews\r\nx-spanmesh-caller: forged\r\n\r\n"
            assert await ask(w.outbound, forged) == OK
            assert app.field("x-spanmesh-caller") == "cart"
            assert app.field("host") == "reviews"
            await until(lambda: w.sink.counted("http.client.request.duration") == 1)
            found = pairs(w.sink.points[0][1].attributes)
            assert found["peer.service"] == "reviews"
            assert found["spanmesh.endpoint"] == address
            assert found["spanmesh.arm"] == "direct"

    play(run())


def test_route_leaves_a_refusing_endpoint_and_tries_another() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world() as w:
            gone = Endpoint("127.0.0.1:1", instance="gone")
            w.view(service("reviews", gone, Endpoint(address, instance="r1"), percent=100))
            for _ in range(12):
                post = b"POST / HTTP/1.1\r\nHost: reviews\r\ncontent-length: 1\r\n\r\nx"
                assert await ask(w.outbound, post) == OK
            spans = await w.spans(13)
            failed = [s for s in spans if pairs(s.attributes).get("error.type") == "connect-refused"]
            assert failed
            again = [s for s in spans if s.trace_id == failed[0].trace_id]
            assert len(again) == 2
            assert again[0].parent_span_id == again[1].parent_span_id

    play(run())


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

    play(run())


def test_an_upstream_that_does_not_answer_in_time_is_a_gateway_timeout() -> None:
    async def run() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        async with serving(silent) as address, world(address, request_timeout=0.2) as w:
            got = await ask(w.inbound, GET + b"\r\n")
            assert got.startswith(b"HTTP/1.1 504 ")
            assert head_fields(got)["x-spanmesh-reason"] == "request-timeout"

    play(run())


def test_upstream_connections_are_kept_and_used_again() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            for _ in range(5):
                assert await ask(w.inbound, GET + b"\r\n") == OK
            assert app.connections == 1
            assert len(app.heads) == 5

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


def test_pipelined_requests_are_answered_in_order() -> None:
    async def run() -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = head.split(b" ")[1] + await read_body(head, reader)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

        async with serving(echo) as address, world(address) as w:
            requests = b"".join(
                b"POST /%d HTTP/1.1\r\nHost: a\r\ncontent-length: 3\r\n\r\nabc" % n for n in range(50)
            )
            got = await ask(w.inbound, requests)
            paths = [part.split(b"abc")[0] for part in got.split(b"\r\n\r\n")[1:]]
            assert paths == [b"/%d" % n for n in range(50)]

    play(run())


def test_bodies_pass_both_ways_whatever_their_framing() -> None:
    async def run() -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await read_body(head, reader)
                half = len(body) // 2
                writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n")
                for part in (body[:half], body[half:]):
                    writer.write(b"%x\r\n%b\r\n" % (len(part), part))
                writer.write(b"0\r\nx-sum: 9\r\n\r\n")

        async with serving(echo) as address, world(address) as w:
            chunked = b"POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n"
            got = await ask(w.inbound, chunked + b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")
            assert got.endswith(b"3\r\nabc\r\n3\r\ndef\r\n0\r\nx-sum: 9\r\n\r\n")
            old = await ask(w.inbound, b"POST / HTTP/1.0\r\ncontent-length: 6\r\n\r\nabcdef")
            assert old.split(b"\r\n\r\n")[1] == b"abcdef"
            assert field(old, "connection") == "close"

    play(run())


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"),
        (b"GET", b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 299 Odd\r\ncontent-length: 0\r\n\r\n"),
    ],
)
def test_responses_without_a_body_keep_the_connection(method: bytes, answer: bytes) -> None:
    async def run() -> None:
        app = App(answer)
        async with serving(app) as address, world(address) as w:
            request = method + b" / HTTP/1.1\r\nHost: a\r\n\r\n"
            assert await ask(w.inbound, request * 2) == answer * 2
            assert app.connections == 1

    play(run())


def test_a_response_that_ends_with_its_connection_is_passed_on_chunked() -> None:
    async def run() -> None:
        async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")
            await writer.drain()

        async with serving(closing) as address, world(address) as w:
            got = await ask(w.inbound, GET + b"\r\n")
            assert got.endswith(b"9\r\nall of it\r\n0\r\n\r\n")

    play(run())


def test_continue_is_relayed_before_the_body_is_sent() -> None:
    async def run() -> None:
        async def patient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await reader.readexactly(3)
            writer.write(OK)

        async with serving(patient) as address, world(address) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
            async with asyncio.timeout(5):
                assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
                writer.write(b"abc")
                assert await reader.readexactly(len(OK)) == OK
            writer.close()

    play(run())


def test_an_early_answer_arrives_and_the_connection_ends() -> None:
    async def run() -> None:
        async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno")
            await writer.drain()
            await reader.read()

        async with serving(hasty) as address, world(address) as w:
            post = b"POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 999\r\n\r\npart"
            got = await ask(w.inbound, post, close=False)
            assert got.startswith(b"HTTP/1.1 413 ")
            assert head_fields(got)["connection"] == "close"
            assert got.endswith(b"no")

    play(run())


def test_websocket_and_connect_become_tunnels() -> None:
    async def run() -> None:
        async def upgrading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nhi")
            writer.write(b"<" + await reader.readexactly(7) + b">")
            assert await reader.read() == b""

        upgrade = GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        async with serving(upgrading) as address, world(address) as w:
            got = await ask(w.inbound, upgrade + b"message")
            assert got.startswith(b"HTTP/1.1 101 ")
            assert got.endswith(b"\r\n\r\nhi<message>")
            through = b"CONNECT " + address.encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n"
            got = await ask(w.outbound, through + upgrade + b"message")
            assert got.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 101 ")
            assert got.endswith(b"<message>")
            assert {s.kind for s in await w.spans(2)} == {2, 3}

    play(run())


def test_a_declined_upgrade_goes_on_as_http() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            upgrade = GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            assert await ask(w.inbound, upgrade + GET + b"\r\n") == OK * 2

    play(run())


def test_a_large_body_streams_in_constant_memory_past_a_slow_reader() -> None:
    size = 96 << 20

    async def run() -> None:
        received = 0

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal received
            await reader.readuntil(b"\r\n\r\n")
            while received < size:
                received += len(await reader.read(1 << 18))
                await asyncio.sleep(0)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
            for _ in range(size >> 20):
                writer.write(bytes(1 << 20))
                await writer.drain()

        async with serving(slow) as address, world(address) as w:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\ncontent-length: %d\r\n\r\n" % size)
            for _ in range(size >> 20):
                writer.write(bytes(1 << 20))
                await writer.drain()
            await reader.readuntil(b"\r\n\r\n")
            left = size
            while left:
                left -= len(await reader.read(1 << 18))
            writer.close()
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            assert received == size
            assert grown < 24 << 10, f"grew by {grown} KB"

    play(run())


def test_a_client_that_leaves_takes_its_upstream_request_along() -> None:
    async def run() -> None:
        arrived, gone = asyncio.Event(), asyncio.Event()

        async def waiting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            arrived.set()
            try:
                await reader.read()
            finally:
                gone.set()

        async with serving(waiting) as address, world(address, half_close_time=0.1) as w:
            _, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(GET + b"\r\n")
            async with asyncio.timeout(5):
                await arrived.wait()
                writer.transport.abort()
                await gone.wait()
            [span] = await w.spans(1)
            assert pairs(span.attributes)["error.type"] == "client-disconnect"
            await until(lambda: bool(w.sink.points))
            assert pairs(w.sink.points[0][1].attributes)["spanmesh.status_class"] == "4xx"

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
            [candidate] = w.sidecar.router.services["reviews"].candidates
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


def test_every_request_of_many_clients_is_counted_once() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            request = b"GET /many HTTP/1.1\r\nHost: a\r\n\r\n"
            answers = await asyncio.gather(*(ask(w.inbound, request * 10) for _ in range(40)))
            assert set(answers) == {app.answer * 10}
            await w.spans(400)
            await until(lambda: w.sink.counted("http.server.request.duration") >= 400)
            assert len({span.span_id for span in w.sink.spans}) == len(w.sink.spans) == 400
            assert w.sink.counted("http.server.request.duration") == 400
            assert not w.sidecar.inbound.open

    play(run())
