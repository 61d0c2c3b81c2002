"""What senders are told: what was left out, and what went wrong in the codes of each wire.

Source: OTLP specification, "Failures" for gRPC and HTTP: what may be repeated and when.
"""

from dataclasses import dataclass
from typing import Final

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.ingest.admission import BusyError
from collector.ingest.spool import SpoolError, SpoolFullError
from collector.otlp.body import MalformedError
from collector.otlp.values import Refusals
from proxy.contract.option import named

_FULL_RETRY_SECONDS: Final = 5
_DISK_RETRY_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Failure:
    """One outcome on both wires; ``retry_after`` is seconds, 0 when it must not be repeated."""

    outcome: str  # for the counter
    code: grpc.StatusCode
    http: int
    message: str
    retry_after: int = 0

    def status(self) -> Status:
        """The google.rpc.Status both wires carry."""
        status = Status(code=self.code.value[0], message=self.message)
        if self.retry_after:
            status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=self.retry_after)))
        return status


def failure(error: Exception) -> Failure:
    """What to answer for an error of ``collector.ingest``; anything else is a defect of ours."""
    if isinstance(error, MalformedError):
        return Failure("malformed", grpc.StatusCode.INVALID_ARGUMENT, 400, str(error))
    if isinstance(error, BusyError):
        return Failure("busy", grpc.StatusCode.RESOURCE_EXHAUSTED, 429, str(error), error.retry_after)
    if isinstance(error, SpoolFullError):
        message = (
            f"not kept, send it again: {error}; ClickHouse is slow or gone: look at it, or raise "
            f"{named('spool_bytes')}"
        )
        return Failure("spool_full", grpc.StatusCode.RESOURCE_EXHAUSTED, 429, message, _FULL_RETRY_SECONDS)
    if isinstance(error, SpoolError):
        message = f"not kept, send it again: {error}"
        return Failure("not_kept", grpc.StatusCode.UNAVAILABLE, 503, message, _DISK_RETRY_SECONDS)
    return Failure("defect", grpc.StatusCode.INTERNAL, 500, "the collector failed; see its log")


def trace_reply(refused: Refusals) -> ExportTraceServiceResponse:
    """An answer that tells of the spans left out."""
    reply = ExportTraceServiceResponse()
    if refused.count:
        reply.partial_success.rejected_spans = refused.count
        reply.partial_success.error_message = refused.message
    return reply


def metrics_reply(refused: Refusals) -> ExportMetricsServiceResponse:
    """An answer that tells of the points left out."""
    reply = ExportMetricsServiceResponse()
    if refused.count:
        reply.partial_success.rejected_data_points = refused.count
        reply.partial_success.error_message = refused.message
    return reply


def logs_reply(refused: Refusals) -> ExportLogsServiceResponse:
    """An answer that tells of the records left out."""
    reply = ExportLogsServiceResponse()
    if refused.count:
        reply.partial_success.rejected_log_records = refused.count
        reply.partial_success.error_message = refused.message
    return reply
