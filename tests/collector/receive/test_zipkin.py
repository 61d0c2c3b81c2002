"""Zipkin over HTTP on real sockets, alone and in a whole collector."""

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.formats.zipkin_pb2 import Endpoint, ListOfSpans, Span
from collector.ingest.admission import BusyError
from collector.ingest.spool import SpoolError
from collector.otlp.values import Refusals
from collector.receive.zipkin import Zipkin
from collector.stats import Stats
from tests.collector.made import NOW
from tests.collector.running import Collector, free_port, started, until

MAX_BYTES = 200_000
PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}
ZIPPED = {**JSON, "Content-Encoding": "gzip"}


@dataclass
class Taken:
    """Takes the place of ingest."""

    url: str = ""
    stats: Stats = field(default_factory=Stats)
    spans: int = 0
    error: Exception | None = None

    async def traces(self, body: bytes) -> Refusals:
        if self.error:
            raise self.error
        request = ExportTraceServiceRequest.FromString(body)
        refused = Refusals()
        for span in (span for of in request.resource_spans for at in of.scope_spans for span in at.spans):
            if any(span.span_id):
                self.spans += 1
            else:
                refused.add("span_id", "span_id must not be all zeros")
        return refused


@asynccontextmanager
async def receiving() -> AsyncIterator[Taken]:
    taken = Taken()
    app = Zipkin(taken.traces, taken.stats, MAX_BYTES, lambda: NOW).application()
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    taken.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield taken
    finally:
        await runner.cleanup()


async def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, dict[str, str]]:
    async with (
        ClientSession() as session,
        session.post(f"{url}/api/v2/spans", data=body, headers=headers) as response,
    ):
        return response.status, await response.text(), dict(response.headers)


def spans(count: int = 1, **fields: object) -> bytes:
    one = {"traceId": "ab" * 8, "id": "cd" * 8, "timestamp": NOW // 1000, "duration": 20, **fields}
    return json.dumps([one] * count).encode()


def test_taken_spans_are_answered_with_202_and_nothing_else() -> None:
    async def run() -> None:
        async with receiving() as taken:
            proto = ListOfSpans(spans=[Span(trace_id=b"t" * 16, id=b"s" * 8)]).SerializeToString()
            for body, headers in (
                (spans(), JSON),
                (gzip.compress(spans()), ZIPPED),
                (proto, PROTOBUF),
                (b"[]", JSON),
                (spans(), {"Content-Type": "text/plain"}),
                (b"", PROTOBUF),
                (spans(1000), JSON),
            ):
                assert (await post(taken.url, body, headers))[:2] == (202, "")
            assert taken.spans == 1004
            accepted = {"transport": "zipkin", "outcome": "accepted"}
            assert taken.stats.value("spanmesh_received_requests_total", **accepted) == 7

    asyncio.run(run())


def test_good_spans_are_kept_and_bad_ones_told() -> None:
    async def run() -> None:
        async with receiving() as taken:
            bad = json.loads(spans(id="0" * 16))
            both = json.dumps([*bad, *json.loads(spans())]).encode()
            assert (await post(taken.url, both, JSON))[:2] == (
                202,
                "1 of 2 spans were left out: span_id must not be all zeros\n",
            )
            assert (await post(taken.url, json.dumps(bad).encode(), JSON))[0] == 400
            assert taken.spans == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    ("body", "headers", "status", "complaint"),
    [
        (b"broken", PROTOBUF, 400, "not a protobuf list of Zipkin spans"),
        (b"{", JSON, 400, "not a JSON list of Zipkin spans"),
        (b"", JSON, 400, "not a JSON list of Zipkin spans"),
        (spans(id="zz"), JSON, 400, "[0]: id: 'zz' is not hexadecimal"),
        (b"not gzip", ZIPPED, 400, "the body is not gzip"),
        (gzip.compress(spans())[:-9], ZIPPED, 400, "cut short"),
        (spans(), {**JSON, "Content-Encoding": "br"}, 415, "'br' is not gzip"),
        (
            bytes(MAX_BYTES + 1),
            JSON,
            413,
            "send smaller batches, or raise --max-request-bytes (SPANMESH_MAX_REQUEST_BYTES)",
        ),
        (gzip.compress(bytes(9 * MAX_BYTES)), ZIPPED, 413, "larger than 200000 bytes"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(
    body: bytes, headers: dict[str, str], status: int, complaint: str
) -> None:
    async def run() -> None:
        async with receiving() as taken:
            got, text, _ = await post(taken.url, body, headers)
            assert (got, complaint in text) == (status, True), text
            assert taken.spans == 0
            assert (await post(taken.url, spans(), JSON))[0] == 202

    asyncio.run(run())


def test_what_is_worth_a_retry_says_when() -> None:
    async def run() -> None:
        async with receiving() as taken:
            for error, status in ((SpoolError("gone"), 503), (BusyError("busy", 3), 429)):
                taken.error = error
                got, text, headers = await post(taken.url, spans(), JSON)
                assert (got, int(headers["Retry-After"]) > 0) == (status, True), text
            taken.error = RuntimeError("a defect")
            assert (await post(taken.url, spans(), JSON))[0] == 500

    asyncio.run(run())


def traces_of(collector: Collector, trace: str) -> list[Any]:
    try:
        return list(collector.get(f"/api/traces/{trace}")["data"])
    except OSError:
        return []


def test_a_shared_call_through_a_whole_collector(tmp_path: Path) -> None:
    port = free_port()
    collector = started(tmp_path, zipkin=f"127.0.0.1:{port}")
    now = time.time_ns() // 1000
    front, back = Endpoint(service_name="front"), Endpoint(service_name="back")
    trace = b"\0" * 7 + b"\x2a"
    body = ListOfSpans(
        spans=[
            Span(
                trace_id=trace,
                id=b"a" * 8,
                kind=Span.CLIENT,
                name="get",
                timestamp=now,
                duration=900,
                local_endpoint=front,
                remote_endpoint=back,
            ),
            Span(
                trace_id=trace,
                id=b"a" * 8,
                kind=Span.SERVER,
                name="get /x",
                timestamp=now + 100,
                duration=500,
                local_endpoint=back,
                shared=True,
                tags={"error": "boom"},
            ),
        ]
    ).SerializeToString()
    try:
        assert asyncio.run(post(f"http://127.0.0.1:{port}", body, PROTOBUF))[:2] == (202, "")
        (found,) = until(lambda: traces_of(collector, "2a"), "the trace to be stored")
        services = {key: process["serviceName"] for key, process in found["processes"].items()}
        assert [(services[span["processID"]], span["duration"]) for span in found["spans"]] == [
            ("front", 900),
            ("back", 500),
        ]
        first, second = found["spans"]
        assert second["references"] == [
            {"refType": "CHILD_OF", "traceID": "000000000000002a", "spanID": first["spanID"]}
        ]
        edges = until(lambda: collector.get("/api/mesh/graph")["edges"], "the call in the graph")
        assert [(edge["source"], edge["target"]) for edge in edges] == [("front", "back")]
    finally:
        collector.end()
