"""The receivers on real sockets, in front of the real engine of ClickHouse."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
from aiohttp import web

from collector.admit import Admission
from collector.batch import Batcher, Insert
from collector.clickhouse.database import Store
from collector.clickhouse.writer import Writer
from collector.ingest import Ingest
from collector.receive import otlp_grpc
from collector.receive.otlp_http import OtlpHttp
from collector.stats import Stats
from tests.collector.made import RecordingEngine

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
MAX_BYTES = 1_000_000


@dataclass
class Receivers:
    grpc: str
    http: str
    engine: RecordingEngine
    stats: Stats
    admission: Admission


@asynccontextmanager
async def receiving(store: Store | None = None, insert: Insert | None = None) -> AsyncIterator[Receivers]:
    """Receivers into ``store``, or into the function ``insert``."""
    writer = Writer(store) if store else None
    into = writer.insert if writer else insert
    assert into
    stats, engine, admission = Stats(), RecordingEngine(), Admission(10 * MAX_BYTES)
    batcher = Batcher(into, 0.01, 100_000, stats)
    inserting = asyncio.create_task(batcher.run())
    ingest = Ingest(engine, batcher, admission, stats, time.time, retention_days=3)
    server = grpc.aio.server(options=otlp_grpc.options(MAX_BYTES))
    otlp_grpc.register(server, ingest, stats)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    app = OtlpHttp(ingest, stats, MAX_BYTES).application()
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    http = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield Receivers(f"127.0.0.1:{port}", http, engine, stats, admission)
    finally:
        await runner.cleanup()
        await server.stop(1)
        batcher.close()
        await inserting
        ingest.close()
        if writer:
            writer.close()
