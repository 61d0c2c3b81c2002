"""The answers to senders: what was left out, and failures in the codes of each wire.

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
from collector.receive.inflate import EncodingError, TooLargeError, UnknownEncodingError
from collector.stats import Stats
from proxy.contract.option import named

_FULL_RETRY_SECONDS: Final = 5
_DISK_RETRY_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Failure:
    """One outcome on every wire; ``retry_after`` is seconds, 0 when the request must not be repeated."""

    outcome: str  # for the counter
    code: grpc.StatusCode
    http: int
    message: str
    retry_after: int = 0

    def status(self) -> Status:
        """Return the google.rpc.Status that both OTLP wires carry."""
        status = Status(code=self.code.value[0], message=self.message)
        if self.retry_after:
            # OTLP: a sender may repeat RESOURCE_EXHAUSTED only if the answer has a RetryInfo.
            status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=self.retry_after)))
        return status


class ContentTypeError(ValueError):
    """The body is in a format that is not taken here."""


def failure(error: Exception) -> Failure:
    """Return the answer for an error of this package or ``collector.ingest``; others are defects of ours."""
    if isinstance(error, TooLargeError):
        message = f"{error}; send smaller batches, or raise {named('max_request_bytes')}"
        return Failure("too_large", grpc.StatusCode.INVALID_ARGUMENT, 413, message)
    if isinstance(error, ContentTypeError):
        return Failure("content_type", grpc.StatusCode.INVALID_ARGUMENT, 415, str(error))
    if isinstance(error, UnknownEncodingError):
        return Failure("content_encoding", grpc.StatusCode.INVALID_ARGUMENT, 415, str(error))
    if isinstance(error, MalformedError | EncodingError):
        return Failure("malformed", grpc.StatusCode.INVALID_ARGUMENT, 400, str(error))
    if isinstance(error, BusyError):
        return Failure("busy", grpc.StatusCode.RESOURCE_EXHAUSTED, 429, str(error), error.retry_after)
    # Before SpoolError, of which it is a kind.
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


def count_request(stats: Stats, signal: str, transport: str, outcome: str, size: int) -> None:
    """Count a request of ``size`` bytes; ``outcome`` is "accepted", "cancelled" or that of a failure."""
    stats.count("spanmesh_received_requests_total", signal=signal, transport=transport, outcome=outcome)
    stats.count("spanmesh_received_bytes_total", size, signal=signal, transport=transport)


def trace_reply(refused: Refusals) -> ExportTraceServiceResponse:
    """Return an answer that says how many spans were left out, and why the first was."""
    reply = ExportTraceServiceResponse()
    if refused.count:
        reply.partial_success.rejected_spans = refused.count
        reply.partial_success.error_message = refused.message
    return reply


def metrics_reply(refused: Refusals) -> ExportMetricsServiceResponse:
    """Return an answer that says how many points were left out, and why the first was."""
    reply = ExportMetricsServiceResponse()
    if refused.count:
        reply.partial_success.rejected_data_points = refused.count
        reply.partial_success.error_message = refused.message
    return reply


def logs_reply(refused: Refusals) -> ExportLogsServiceResponse:
    """Return an answer that says how many records were left out, and why the first was."""
    reply = ExportLogsServiceResponse()
    if refused.count:
        reply.partial_success.rejected_log_records = refused.count
        reply.partial_success.error_message = refused.message
    return reply
