"""The ports of the collector: HTTP sites and gRPC servers, each closed again by the stack it is opened on."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

import grpc
from aiohttp import web

from collector.clickhouse.reader import Reader
from collector.config import CollectorConfig
from collector.ingest.pipeline import Ingest
from collector.otlp.body import from_protobuf
from collector.otlp.values import Refusals
from collector.query.app import register_queries
from collector.receive import otlp_grpc
from collector.receive.zipkin import Zipkin
from collector.stats import Stats
from proxy.contract.transport import grpc_ports, http_site
from topology.engine import Engine
from topology.xds.server import OPTIONS, XdsServer

_STOP_SECONDS: Final = 10.0  # for requests that are being stored
_STREAM_SECONDS: Final = 0.2  # for streams that never end by themselves


async def serve_http(stack: AsyncExitStack, option: str, address: str, app: web.Application) -> int:
    """Serve an application on the address of an option and return its port. Raises ConfigError."""
    # Receivers inflate bodies themselves: aiohttp would do so without a limit.
    runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=_STOP_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    return await http_site.serve(runner, option, address)


async def serve_zipkin(
    stack: AsyncExitStack, config: CollectorConfig, ingest: Ingest, stats: Stats, clock: Callable[[], float]
) -> None:
    """Serve the receiver of Zipkin spans, if it has an address. Raises ConfigError."""

    async def traces(body: bytes) -> Refusals:
        return await ingest.traces(body, from_protobuf)

    if config.zipkin:
        receiver = Zipkin(traces, stats, config.max_request_bytes, lambda: int(clock() * 1e9))
        await serve_http(stack, "zipkin", config.zipkin, receiver.application())


async def serve_grpc(
    stack: AsyncExitStack, config: CollectorConfig, ingest: Ingest, xds: XdsServer, stats: Stats
) -> int:
    """Serve OTLP and xDS, which share a port so that sidecars need one address. Raises ConfigError."""
    server = grpc.aio.server(options=(*OPTIONS, *otlp_grpc.options(config.max_request_bytes)))
    otlp_grpc.register(server, ingest, stats)
    xds.register(server)
    port = grpc_ports.add_port(server, "grpc", config.grpc)
    await server.start()

    async def stop() -> None:
        # ``stop`` refuses new calls at once and waits for those under way; the streams of sidecars
        # would use up all of that time, so they are cut once the exports are answered.
        stopping = asyncio.ensure_future(server.stop(_STOP_SECONDS))
        await ingest.wait_idle(_STOP_SECONDS)
        await server.stop(_STREAM_SECONDS)
        await stopping

    stack.push_async_callback(stop)
    return port


async def serve_query_grpc(
    stack: AsyncExitStack,
    config: CollectorConfig,
    reader: Reader,
    engine: Engine,
    clock: Callable[[], float],
) -> None:
    """Serve Jaeger's gRPC API, if it has an address. Raises ConfigError."""
    if not config.query_grpc:
        return
    # Without a bound on message sizes: requests of this API are small, and replies have no limit by default.
    server = grpc.aio.server()
    register_queries(server, reader, engine, clock)
    grpc_ports.add_port(server, "query_grpc", config.query_grpc)
    await server.start()
    stack.push_async_callback(server.stop, _STOP_SECONDS)
