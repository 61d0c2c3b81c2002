"""The receivers on real sockets, in front of the real engine of ClickHouse."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from aiohttp import web

from collector.clickhouse.database import Store
from collector.clickhouse.writer import Writer
from collector.ingest.admission import Admission
from collector.ingest.dead_letters import DeadLetters
from collector.ingest.drain import Drain, Insert
from collector.ingest.journal import Journal
from collector.ingest.pipeline import Ingest
from collector.ingest.recent_requests import RecentRequests
from collector.ingest.signal_inserts import SignalInserts
from collector.ingest.spool import Spool
from collector.receive import otlp_grpc
from collector.receive.otlp_http import OtlpHttp
from collector.stats import Stats
from tests.collector.made import RecordingEngine

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
MAX_BYTES = 1_000_000


@dataclass
class Receivers:
    grpc: str
    http: str
    engine: RecordingEngine
    stats: Stats
    admission: Admission
    spool: Spool

    async def drained(self) -> None:
        """Wait until the store has what was acknowledged."""
        while self.spool.segments:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def receiving(
    store: Store | None = None, insert: Insert | None = None, spool_bytes: int = 1 << 30
) -> AsyncIterator[Receivers]:
    """Receivers into ``store``, or into the function ``insert``."""
    writer = Writer(store) if store else None
    into = SignalInserts(writer).insert if writer else insert
    assert into
    stats, engine, admission = Stats(), RecordingEngine(), Admission(10 * MAX_BYTES)
    with tempfile.TemporaryDirectory() as name:
        spool = Spool(Path(name), spool_bytes)
        journal = Journal(spool, RecentRequests(Path(name) / "seen"), 0.01, sync=False)
        drain = Drain(journal, into, DeadLetters(Path(name) / "aside", 1 << 20), stats, retry_seconds=0.01)
        tasks = [asyncio.create_task(part.run()) for part in (journal, drain)]
        ingest = Ingest(engine, journal, admission, stats, time.time, retention_days=3)
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
            yield Receivers(f"127.0.0.1:{port}", http, engine, stats, admission, spool)
        finally:
            await runner.cleanup()
            await server.stop(1)
            journal.close()
            await tasks[0]
            drain.close()
            await tasks[1]
            journal.release()
            ingest.close()
            if writer:
                writer.close()
