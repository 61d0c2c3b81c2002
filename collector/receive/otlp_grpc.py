"""OTLP over gRPC: the Export calls of the trace, the metrics and the logs service.

Messages are taken as bytes and decoded here, because a generated servicer answers a broken one
with INTERNAL, which does not tell the sender that it is at fault.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc

from collector.ingest.pipeline import Ingest
from collector.otlp.body import from_protobuf
from collector.receive.answer import Failure, count_request, failure, logs_reply, metrics_reply, trace_reply
from collector.stats import Stats

_log = logging.getLogger(__name__)

_TRACES: Final = "opentelemetry.proto.collector.trace.v1.TraceService"
_METRICS: Final = "opentelemetry.proto.collector.metrics.v1.MetricsService"
_LOGS: Final = "opentelemetry.proto.collector.logs.v1.LogsService"
_DETAILS: Final = "grpc-status-details-bin"

Context = grpc.aio.ServicerContext[Any, Any]
Handler = Callable[[bytes, Context], Awaitable[bytes]]


def options(max_request_bytes: int) -> tuple[tuple[str, int], ...]:
    """Return the channel arguments that a server needs for these services."""
    return (
        ("grpc.max_receive_message_length", max_request_bytes),
        # A second collector on the same port must fail to start, not share it.
        ("grpc.so_reuseport", 0),
    )


def register(server: grpc.aio.Server, ingest: Ingest, stats: Stats) -> None:
    """Add the three services to a server."""

    async def traces(body: bytes) -> bytes:
        return trace_reply(await ingest.traces(body, from_protobuf)).SerializeToString()

    async def metrics(body: bytes) -> bytes:
        return metrics_reply(await ingest.metrics(body, from_protobuf)).SerializeToString()

    async def logs(body: bytes) -> bytes:
        return logs_reply(await ingest.logs(body, from_protobuf)).SerializeToString()

    server.add_generic_rpc_handlers(
        (
            _service(_TRACES, _export("traces", traces, stats)),
            _service(_METRICS, _export("metrics", metrics, stats)),
            _service(_LOGS, _export("logs", logs, stats)),
        )
    )


def _service(name: str, handler: Handler) -> "grpc.GenericRpcHandler[bytes, bytes]":
    # Without a deserializer: the handler gets the bytes as they came.
    method = grpc.unary_unary_rpc_method_handler(handler)
    return grpc.method_handlers_generic_handler(name, {"Export": method})


def _export(signal: str, take: Callable[[bytes], Awaitable[bytes]], stats: Stats) -> Handler:
    async def export(body: bytes, context: Context) -> bytes:
        # CancelledError is no Exception: if the sender hangs up, only ``finally`` runs, with this outcome.
        reply, outcome = b"", "cancelled"
        problem: Failure | None = None
        try:
            reply = await take(body)
            outcome = "accepted"
        except Exception as error:
            problem = failure(error)
            outcome = problem.outcome
            if outcome == "defect":
                _log.exception("a %s request failed", signal)
        finally:
            count_request(stats, signal, "grpc", outcome, len(body))
        if problem is not None:
            # Not before the count: a sender that was refused must find its request counted.
            details = ((_DETAILS, problem.status().SerializeToString()),)
            await context.abort(problem.code, problem.message, details)
        return reply

    return export
