"""The query API as one aiohttp application: its routes, its health, and one shape for every error.

The same queries are served over gRPC by ``register_queries``.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

import grpc
from aiohttp import web
from aiohttp.typedefs import Middleware
from multidict import MultiDict

from collector.clickhouse.reader import Reader
from collector.clock import MeshClock
from collector.query.analysis.routes import GraphAnalysisRoutes
from collector.query.analysis.trace_routes import TraceAnalysisRoutes
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import QueryError, TryLaterError
from collector.query.jaeger.grpc_v3 import QueryService
from collector.query.jaeger.v1 import V1Routes
from collector.query.jaeger.v1_extras import V1ExtraRoutes
from collector.query.jaeger.v3 import V3Routes
from collector.query.logs.routes import LogRoutes
from collector.query.mesh.event_stream import EventRoutes
from collector.query.mesh.live_or_stored import TrafficQueries
from collector.query.mesh.routes import MeshRoutes
from collector.query.mesh.storage import StorageRoutes
from collector.query.mesh.stored_edges import StoredEdges
from collector.query.replies import failure, indented, rendered
from collector.query.search.routes import SearchRoutes
from collector.query.service_directory import ServiceDirectory
from collector.query.serving import KNOWN_SERVICES, SERVICE_IN_PATH, ApiRequest, serve
from collector.query.tempo.metric_routes import MetricRoutes
from collector.query.tempo.routes import TempoRoutes
from collector.stats import Stats
from proxy.contract.api import openapi, routes
from topology.engine import Engine

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logging.getLogger(__name__)
_BODY_MAX: Final = 64 * 1024  # a stage change is a few dozen bytes


def build(
    reader: Reader, engine: Engine, clock: MeshClock, stats: Stats, ready: Callable[[], str]
) -> web.Application:
    """Build the application; ``clock`` is the mesh's, ``ready`` gives "" or why the collector is not."""
    store = BoundedReader(reader)
    directory = ServiceDirectory(store, engine.live.known, clock)
    app = web.Application(middlewares=[_errors, _pretty, _named(directory)], client_max_size=_BODY_MAX)
    app[KNOWN_SERVICES] = directory.known
    edges = StoredEdges(store, engine.live.names)
    traffic = TrafficQueries(edges, engine, clock)
    app.add_routes(V1Routes(store, engine, clock).routes())
    app.add_routes(StorageRoutes(store, stats).routes())
    app.add_routes(V1ExtraRoutes(store, clock).routes())
    app.add_routes(V3Routes(store, edges, engine, clock).routes())
    app.add_routes(MeshRoutes(store, traffic, engine, clock).routes())
    app.add_routes(GraphAnalysisRoutes(store, traffic).routes())
    app.add_routes(SearchRoutes(store, clock).routes())
    app.add_routes(TraceAnalysisRoutes(store, clock).routes())
    app.add_routes(LogRoutes(store, clock).routes())
    app.add_routes(TempoRoutes(store, clock).routes())
    app.add_routes(MetricRoutes(store, clock).routes())
    events = EventRoutes(engine)
    app.add_routes(events.routes())
    app.on_shutdown.append(events.stop)
    app.add_routes(_health(stats, ready))
    app.add_routes([web.get(openapi.PATH, _openapi)])
    return app


def register_queries(
    server: grpc.aio.Server, reader: Reader, engine: Engine, clock: Callable[[], float]
) -> None:
    """Serve Jaeger's API over gRPC on ``server``; ``clock`` gives epoch seconds."""
    store = BoundedReader(reader)
    directory = ServiceDirectory(store, engine.live.known, clock)
    edges = StoredEdges(store, engine.live.names)
    QueryService(store, edges, directory, engine, clock).register(server)


def _health(stats: Stats, ready: Callable[[], str]) -> list[web.RouteDef]:
    async def alive(request: ApiRequest) -> routes.Health:
        return {"status": "alive"}

    async def readiness(request: ApiRequest) -> routes.Health:
        if reason := ready():
            raise TryLaterError(f"not ready: {reason}")
        return {"status": "ready"}

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(text=stats.render(), headers={"Content-Type": routes.METRICS.media})

    return [
        serve(routes.ALIVE, alive),
        serve(routes.READY, readiness),
        web.get(routes.METRICS.path, metrics),
    ]


async def _openapi(request: web.Request) -> web.Response:
    return await rendered(openapi.document)


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error with the envelope; what nobody expected goes to the log, not to the caller."""
    try:
        return await handler(request)
    # Expected: the text names what to change. Anything else may hold internals, and goes to the log alone.
    except QueryError as error:
        return failure(error.status, str(error), request.path, error.where())
    except web.HTTPException as error:
        return _http_failure(request, error)
    except Exception:
        reference = secrets.token_hex(4)
        _log.exception("%s %s failed, reference %s", request.method, request.path, reference)
        message = f"the collector failed to answer: look for {reference} in its log, and report it"
        return failure(500, message, request.path)


_SERVICE_KEYS: Final = frozenset({"service", "query.serviceName"})


def _named(directory: ServiceDirectory) -> Middleware:
    """Read names of services in the case in which they are stored, whichever API they come by, and refuse
    plain ones that several namespaces have."""

    @web.middleware
    async def named(request: web.Request, handler: Handler) -> web.StreamResponse:
        if SERVICE_IN_PATH in request.match_info:
            text = request.match_info[SERVICE_IN_PATH]
            stored = await directory.stored_name(text)
            # In full only where it was asked for so: a list behind a path shows what it was asked for.
            if stored.lower() == text.lower():
                request.match_info[SERVICE_IN_PATH] = stored
        query: MultiDict[str] = MultiDict()
        for key, value in request.query.items():
            query.add(key, await directory.stored_name(value) if key in _SERVICE_KEYS else value)
        if query != request.query:
            request = request.clone(rel_url=request.rel_url.with_query(query))
        return await handler(request)

    return named


@web.middleware
async def _pretty(request: web.Request, handler: Handler) -> web.StreamResponse:
    """JSON with line breaks for ``prettyPrint``, as Jaeger gives it."""
    # Outside of the errors' middleware, so that errors are indented too.
    response = await handler(request)
    wanted = request.query.get("prettyPrint", "") not in ("", "false")
    if wanted and isinstance(response, web.Response) and response.content_type == "application/json":
        response.text = await asyncio.to_thread(indented, response.text or "null")
    return response


def _http_failure(request: web.Request, error: web.HTTPException) -> web.Response:
    if isinstance(error, web.HTTPNotFound):
        message = (
            f"there is nothing at {request.path}: the API is listed in docs/api.md and at {openapi.PATH}"
        )
        return failure(404, message, request.path)
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        reply = failure(405, f"{request.method} is not for {request.path}: use {allowed}")
        reply.headers["Allow"] = allowed
        return reply
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return failure(413, f"the body is too large: send at most {_BODY_MAX} bytes")
    return failure(error.status, error.reason)
