"""The collector process: what is started in which order, and stopped in reverse."""

import asyncio
import gc
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import uvloop
from aiohttp import web

from collector.clickhouse.database import Store, StoreError
from collector.clickhouse.migrate import migrate
from collector.clickhouse.open_store import open_store
from collector.clickhouse.reader import Reader
from collector.clickhouse.retention import parse
from collector.clickhouse.writer import Writer
from collector.config import CollectorConfig
from collector.control.engine_loop import MeshLoop
from collector.control.mesh_writer import Recorder
from collector.control.policy_file import MeshFile
from collector.control.prober import Prober
from collector.federation.stored_stages import stored_stages
from collector.federation.sync import Neighbours
from collector.ingest.admission import Admission
from collector.ingest.dead_letters import DeadLetters
from collector.ingest.drain import Drain
from collector.ingest.journal import Journal
from collector.ingest.pipeline import Ingest
from collector.ingest.recent_requests import RecentRequests
from collector.ingest.signal_inserts import SignalInserts
from collector.ingest.spool import Spool
from collector.otlp.body import from_protobuf
from collector.otlp.values import Refusals
from collector.query.app import build, register_queries
from collector.receive import otlp_grpc
from collector.receive.otlp_http import OtlpHttp
from collector.receive.zipkin import Zipkin
from collector.stats import Stats
from proxy.contract.failure import ConfigError
from proxy.contract.transport import grpc_ports, http_site
from topology.engine import Engine
from topology.settings import EngineSettings
from topology.xds.server import OPTIONS, XdsServer

_log = logging.getLogger(__name__)

# Rows are many short-lived containers without cycles: with the interpreter's own thresholds a
# quarter of the time to take spans apart goes into looking for cycles in them. A full collection
# looks at all the mesh remembers and stops everything for a third of a second: hardly ever.
_COLLECT: Final = (50_000, 20, 1000)
_STOP_SECONDS: Final = 10.0  # for requests that are being stored
_STREAM_SECONDS: Final = 0.2  # for streams that never end by themselves


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the collector listens."""

    grpc: int
    http: int
    query: int


def run(config: CollectorConfig, settings: EngineSettings) -> None:
    """Serve until SIGTERM or SIGINT. Raises ConfigError when it cannot start."""
    gc.set_threshold(*_COLLECT)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_signal(config, settings))


async def _until_signal(config: CollectorConfig, settings: EngineSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(config, settings):
        await stop.wait()


@asynccontextmanager
async def serving(config: CollectorConfig, settings: EngineSettings) -> AsyncIterator[Ports]:
    """The whole collector for the time of the block. Raises ConfigError when it cannot start."""
    mesh_file = MeshFile(config.config)
    engine = Engine(mesh_file.load(), settings)
    stats = Stats()
    async with AsyncExitStack() as stack:
        store = _opened(stack, config)
        reader = Reader(store)
        stack.callback(reader.close)
        writer = Writer(store)
        stack.callback(writer.close)
        journal = _journal(stack, writer, config, stats)
        ingest = _ingest(stack, engine, journal, config, stats)
        xds = XdsServer(engine)
        beside = _beside(stack, store, config)
        await _mesh(stack, engine, xds, beside or writer, reader, mesh_file, config, stats)
        if beside is not None:
            _neighbours(stack, engine, store, beside, mesh_file, config, stats)
        state = _State("starting")
        api = build(reader, engine, time.time, stats, lambda: state.reason)
        otlp = OtlpHttp(ingest, stats, config.max_request_bytes).application()
        ports = Ports(
            query=await _http(stack, "query", config.query, api),
            http=await _http(stack, "http", config.http, otlp),
            grpc=await _grpc(stack, config, ingest, xds, stats),
        )
        await _zipkin(stack, config, ingest, stats)
        await _query_grpc(stack, config, reader, engine)
        state.reason = ""
        yield ports
        state.reason = "stopping"


@dataclass(slots=True)
class _State:
    """Why the collector is not ready; empty when it is."""

    reason: str


def _opened(stack: AsyncExitStack, config: CollectorConfig) -> Store:
    store = open_store(config.data, config.clickhouse, config.cluster)
    stack.callback(store.close)
    try:
        session = store.connect()
        migrate(session, parse(config.retention, config.retention_days), config.cluster)
        session.close()
    except StoreError as error:
        raise ConfigError(
            f"the tables cannot be made: {error}; let this user create tables in the database, or start "
            "on an empty one"
        ) from None
    return store


def _journal(stack: AsyncExitStack, writer: Writer, config: CollectorConfig, stats: Stats) -> Journal:
    """The spool and what takes it to the store."""
    directory = Path(config.spool or f"{config.data}/spool")
    spool = Spool(directory, config.spool_bytes, config.batch_bytes)
    stats.add_gauge("spanmesh_spool_bytes", lambda: spool.size)
    stats.add_gauge("spanmesh_spool_segments", lambda: spool.segments)
    stats.add_gauge(
        "spanmesh_spool_oldest_seconds", lambda: time.time() - spool.oldest if spool.oldest else 0
    )
    stats.add_gauge("spanmesh_spool_lost_bytes", lambda: spool.lost)
    journal = Journal(spool, RecentRequests(directory / "seen"), config.batch_seconds, config.sync)
    stack.callback(journal.release)
    dead_letters = DeadLetters(directory / "aside", config.aside_bytes)
    drain = Drain(journal, SignalInserts(writer).insert, dead_letters, stats)
    _task(stack, drain.run(), drain.close)
    _task(stack, journal.run(), journal.close)
    return journal


def _ingest(
    stack: AsyncExitStack, engine: Engine, journal: Journal, config: CollectorConfig, stats: Stats
) -> Ingest:
    admission = Admission(config.max_pending_bytes)
    stats.add_gauge("spanmesh_pending_bytes", lambda: admission.pending)
    kept = max(parse(config.retention, config.retention_days).values())
    ingest = Ingest(engine, journal, admission, stats, time.time, kept)
    stack.callback(ingest.close)
    return ingest


async def _mesh(
    stack: AsyncExitStack,
    engine: Engine,
    xds: XdsServer,
    writer: Writer,
    reader: Reader,
    mesh_file: MeshFile,
    config: CollectorConfig,
    stats: Stats,
) -> None:
    """The step of the mesh and what stores its results."""
    recorder = Recorder(writer.insert, _name(config), stats)
    stats.add_gauge("spanmesh_pending_mesh_rows", lambda: recorder.pending)
    _task(stack, recorder.run(), recorder.close)
    try:
        engine.follow(await stored_stages(reader, mesh_file.changed_at))
    except StoreError as error:
        raise ConfigError(f"stored stages cannot be read: {error}; check the store and start again") from None
    prober = Prober(engine, stats, time.time)
    stack.push_async_callback(prober.close)
    loop = MeshLoop(engine, xds.publish, recorder, mesh_file, stats, time.time, prober.ask)
    _task(stack, loop.run(), loop.stop)


def _beside(stack: AsyncExitStack, store: Store, config: CollectorConfig) -> Writer | None:
    """On a server others wait for what the mesh stores: it does not queue behind spans."""
    if not config.clickhouse:
        return None
    writer = Writer(store)
    stack.callback(writer.close)
    return writer


def _neighbours(
    stack: AsyncExitStack,
    engine: Engine,
    store: Store,
    writer: Writer,
    mesh_file: MeshFile,
    config: CollectorConfig,
    stats: Stats,
) -> None:
    reader = Reader(store, threads=1)
    stack.callback(reader.close)
    neighbours = Neighbours(
        engine, reader, writer.insert, _name(config), stats, time.time, lambda: mesh_file.changed_at
    )
    _task(stack, neighbours.run(), neighbours.stop)


def _name(config: CollectorConfig) -> str:
    return config.name or socket.gethostname()


def _task(stack: AsyncExitStack, work: Coroutine[Any, Any, None], stop: Callable[[], None]) -> None:
    """Run ``work`` beside the rest; on the way out call ``stop`` and wait for it to return."""
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(_report)

    async def finish() -> None:
        stop()
        await task

    stack.push_async_callback(finish)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.critical("a part of the collector ended: restart it", exc_info=error)


async def _http(stack: AsyncExitStack, option: str, address: str, app: web.Application) -> int:
    # auto_decompress: bodies are inflated within limits by whoever reads them.
    runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=_STOP_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    return await http_site.serve(runner, option, address)


async def _zipkin(stack: AsyncExitStack, config: CollectorConfig, ingest: Ingest, stats: Stats) -> None:
    async def traces(body: bytes) -> Refusals:
        return await ingest.traces(body, from_protobuf)

    if config.zipkin:
        receiver = Zipkin(traces, stats, config.max_request_bytes, time.time_ns)
        await _http(stack, "zipkin", config.zipkin, receiver.application())


async def _grpc(
    stack: AsyncExitStack, config: CollectorConfig, ingest: Ingest, xds: XdsServer, stats: Stats
) -> int:
    server = grpc.aio.server(options=(*OPTIONS, *otlp_grpc.options(config.max_request_bytes)))
    otlp_grpc.register(server, ingest, stats)
    xds.register(server)
    port = grpc_ports.add_port(server, "grpc", config.grpc)
    await server.start()

    async def stop() -> None:
        # Streams of sidecars never end by themselves: wait for exports only.
        stopping = asyncio.ensure_future(server.stop(_STOP_SECONDS))
        await ingest.wait_idle(_STOP_SECONDS)
        await server.stop(_STREAM_SECONDS)
        await stopping

    stack.push_async_callback(stop)
    return port


async def _query_grpc(stack: AsyncExitStack, config: CollectorConfig, reader: Reader, engine: Engine) -> None:
    if not config.query_grpc:
        return
    server = grpc.aio.server()
    register_queries(server, reader, engine, time.time)
    grpc_ports.add_port(server, "query_grpc", config.query_grpc)
    await server.start()
    stack.push_async_callback(server.stop, _STOP_SECONDS)
