"""The composition of the collector: its parts are started in order, and stopped in reverse."""

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

import uvloop

from collector.clickhouse.database import Store, StoreError
from collector.clickhouse.migrate import migrate
from collector.clickhouse.open_store import open_store
from collector.clickhouse.reader import Reader
from collector.clickhouse.retention import parse
from collector.clickhouse.writer import Writer
from collector.clock import MeshClock
from collector.config import CollectorConfig
from collector.control.engine_loop import EngineLoop
from collector.control.mesh_writer import MeshWriter
from collector.control.policy_file import PolicyFile
from collector.control.prober import Prober
from collector.federation.stored_stages import stored_stages
from collector.federation.sync import FederationSync
from collector.ingest.admission import Admission
from collector.ingest.dead_letters import DeadLetters
from collector.ingest.drain import Drain
from collector.ingest.journal import Journal
from collector.ingest.pipeline import Ingest
from collector.ingest.recent_requests import RecentRequests
from collector.ingest.signal_inserts import SignalInserts
from collector.ingest.spool import Spool
from collector.query.app import build
from collector.receive.otlp_http import OtlpHttp
from collector.servers import serve_grpc, serve_http, serve_query_grpc, serve_zipkin
from collector.stats import Stats
from proxy.contract.failure import ConfigError
from topology.engine import Engine
from topology.settings import EngineSettings
from topology.xds.server import XdsServer

_log = logging.getLogger(__name__)

# Rows are many short-lived containers without cycles: with the interpreter's own thresholds a
# quarter of the time to take spans apart goes into looking for cycles in them. A full collection
# looks at all the mesh remembers and stops everything for a third of a second: hardly ever.
_COLLECT: Final = (50_000, 20, 1000)


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports that were bound."""

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
    """Run the whole collector for the time of the block. Raises ConfigError when it cannot start."""
    policy_file = PolicyFile(config.config)
    engine = Engine(policy_file.load(), settings)
    clock = MeshClock(time.time, _uptime)
    stats = Stats()
    stats.add_gauge("spanmesh_clock_ahead_seconds", lambda: clock.ahead)
    async with AsyncExitStack() as stack:
        # The stack closes in reverse: what uses a part comes after it here, and so stops before it.
        store = _open_store(stack, config)
        reader = Reader(store)
        stack.callback(reader.close)
        writer = Writer(store)
        stack.callback(writer.close)
        journal = _journal(stack, writer, config, stats)
        ingest = _ingest(stack, engine, journal, config, stats, clock)
        xds = XdsServer(engine, clock)
        mesh_writer = _mesh_writer(stack, store, config)
        await _mesh(stack, engine, xds, mesh_writer or writer, reader, policy_file, config, stats, clock)
        if mesh_writer is not None:
            _federation(stack, engine, store, mesh_writer, policy_file, config, stats, clock)
        # /ready names this reason until all ports are open, and again once the stop begins.
        state = _State("starting")
        api = build(reader, engine, clock, stats, lambda: state.reason)
        otlp = OtlpHttp(ingest, stats, config.max_request_bytes).application()
        # The query port first: probes of liveness are answered while the other ports open.
        ports = Ports(
            query=await serve_http(stack, "query", config.query, api),
            http=await serve_http(stack, "http", config.http, otlp),
            grpc=await serve_grpc(stack, config, ingest, xds, stats),
        )
        await serve_zipkin(stack, config, ingest, stats, clock)
        await serve_query_grpc(stack, config, reader, engine, clock)
        state.reason = ""
        yield ports
        state.reason = "stopping"


def _uptime() -> float:
    """Return seconds since the machine started, with those it slept where the system counts them (Linux)."""
    boot: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


@dataclass(slots=True)
class _State:
    """The reason why the collector is not ready; empty when it is."""

    reason: str


def _open_store(stack: AsyncExitStack, config: CollectorConfig) -> Store:
    store = open_store(config.data, config.clickhouse, config.cluster)
    stack.callback(store.close)
    try:
        # A session of its own and closed again: migration writes, and the reader's sessions are read-only.
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
    """Open the spool, and start what writes to it and what takes it to the store."""
    directory = Path(config.spool or f"{config.data}/spool")
    spool = Spool(directory, config.spool_bytes, config.batch_bytes)
    stats.add_gauge("spanmesh_spool_bytes", lambda: spool.size)
    stats.add_gauge("spanmesh_spool_segments", lambda: spool.segments)
    stats.add_gauge(
        "spanmesh_spool_oldest_seconds", lambda: time.time() - spool.oldest if spool.oldest else 0
    )
    stats.add_gauge("spanmesh_spool_lost_bytes", lambda: spool.lost)
    journal = Journal(spool, RecentRequests(directory / "seen"), config.batch_seconds, config.sync)
    # Registered before the two tasks, so it runs after both have returned: they use the spool until then.
    stack.callback(journal.release)
    dead_letters = DeadLetters(directory / "aside", config.aside_bytes)
    drain = Drain(journal, SignalInserts(writer).insert, dead_letters, stats)
    # The drain before the journal, hence stopped after it: the journal's last segment is still drained.
    _task(stack, drain.run(), drain.close)
    _task(stack, journal.run(), journal.close)
    return journal


def _ingest(
    stack: AsyncExitStack,
    engine: Engine,
    journal: Journal,
    config: CollectorConfig,
    stats: Stats,
    clock: MeshClock,
) -> Ingest:
    admission = Admission(config.max_pending_bytes)
    stats.add_gauge("spanmesh_pending_bytes", lambda: admission.pending)
    # The longest of all signals: a table with a shorter one deletes what is too old for it by its own TTL.
    kept = max(parse(config.retention, config.retention_days).values())
    ingest = Ingest(engine, journal, admission, stats, clock, kept)
    stack.callback(ingest.close)
    return ingest


async def _mesh(
    stack: AsyncExitStack,
    engine: Engine,
    xds: XdsServer,
    writer: Writer,
    reader: Reader,
    policy_file: PolicyFile,
    config: CollectorConfig,
    stats: Stats,
    clock: MeshClock,
) -> None:
    """Start the step of the mesh and what stores its results."""
    queue = MeshWriter(writer.insert, _name(config), stats)
    stats.add_gauge("spanmesh_pending_mesh_rows", lambda: queue.pending)
    _task(stack, queue.run(), queue.close)
    try:
        # Before the first step, or the mesh would run with the stages of mesh.yaml until the next change over
        # the API.
        engine.follow(await stored_stages(reader, policy_file.changed_at))
    except StoreError as error:
        raise ConfigError(f"stored stages cannot be read: {error}; check the store and start again") from None
    prober = Prober(engine, stats, clock)
    stack.push_async_callback(prober.close)
    loop = EngineLoop(engine, xds.publish, queue, policy_file, stats, clock, prober.ask)
    _task(stack, loop.run(), loop.stop)


def _mesh_writer(stack: AsyncExitStack, store: Store, config: CollectorConfig) -> Writer | None:
    """Return a writer for the tables of the mesh alone, where several collectors share a server.

    The others wait for what the mesh stores: it must not queue behind spans.
    """
    if not config.clickhouse:
        return None
    writer = Writer(store)
    stack.callback(writer.close)
    return writer


def _federation(
    stack: AsyncExitStack,
    engine: Engine,
    store: Store,
    writer: Writer,
    policy_file: PolicyFile,
    config: CollectorConfig,
    stats: Stats,
    clock: MeshClock,
) -> None:
    """Exchange members, calls and decisions with the other collectors on the store."""
    # Not the reader of the query API: long searches would delay what other collectors have to say.
    reader = Reader(store, threads=1)
    stack.callback(reader.close)
    sync = FederationSync(
        engine, reader, writer.insert, _name(config), stats, clock, lambda: policy_file.changed_at
    )
    _task(stack, sync.run(), sync.stop)


def _name(config: CollectorConfig) -> str:
    return config.name or socket.gethostname()


def _task(stack: AsyncExitStack, work: Coroutine[Any, Any, None], stop: Callable[[], None]) -> None:
    """Run ``work`` in the background; on the way out call ``stop`` and wait for it to return."""
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(_report)

    async def finish() -> None:
        stop()
        await task

    stack.push_async_callback(finish)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.critical("a part of the collector ended: restart it", exc_info=error)
