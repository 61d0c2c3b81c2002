"""Requests through a running sidecar: forwarding, failing, streaming, recording."""

import asyncio

from proxy.contract.model import Endpoint
from tests.proxy.rig import (
    App,
    ask,
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


def test_calls_of_an_application_that_passes_on_b3_alone_hang_below_its_own_span() -> None:
    async def run() -> None:
        app, callee = App(), App()
        async with serving(app) as address, serving(callee) as target, world(address) as w:
            w.view(service("shop", Endpoint(target)))
            await ask(w.inbound, GET + f"b3: {TRACE}-{PARENT}-1\r\n\r\n".encode())
            await ask(w.outbound, GET + f"b3: {app.field('b3')}\r\n\r\n".encode())
            server, client = await w.spans(2)
            assert (server.parent_span_id.hex(), client.parent_span_id) == (PARENT, server.span_id)
            assert {span.trace_id.hex() for span in (server, client)} == {TRACE}
            assert callee.field("b3") == f"{TRACE}-{client.span_id.hex()}-1-{server.span_id.hex()}"

    play(run())


def test_no_client_hides_its_request_by_an_unreadable_tracestate() -> None:
    async def run() -> None:
        async with serving(App()) as address, world(address) as w:
            fields = b"traceparent: 00-%b-%b-01\r\ntracestate: a=\xff,ot=th:8\r\n\r\n"
            await ask(w.inbound, GET + fields % (TRACE.encode(), PARENT.encode()))
            [span] = await w.spans(1)
            assert (span.trace_id.hex(), span.trace_state) == (TRACE, "ot=th:8")

    play(run())


def test_inbound_forwards_records_and_takes_out_what_is_ours() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            request = (
                GET
                + (
                    f"traceparent: 00-{TRACE}-{PARENT}-01\r\ntracestate: a=1\r\nX-Spanmesh-Caller: web\r\n"
                    "Connection: X-Hop\r\nX-Hop: 1\r\nX-Kept: 2\r\n\r\n"
                ).encode()
            )
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
                "spanmesh.caller": "web",
                "http.request.method": "GET",
                "http.route": "/items/{id}",
                "spanmesh.status_class": "2xx",
                "tls.established": "false",
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


def test_upstream_connections_are_kept_and_used_again() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            for _ in range(5):
                assert await ask(w.inbound, GET + b"\r\n") == OK
            assert app.connections == 1
            assert len(app.heads) == 5

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
