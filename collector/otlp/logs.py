"""Log records: refusal of those that cannot be stored, and the columns of otel_logs."""

from typing import Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from collector.otlp.stored_values import text
from collector.otlp.values import Limits, RefusalError, Refusals, attributes, check_time
from proxy.contract.attributes import SERVICE_NAME, UNKNOWN_SERVICE

_TABLE: Final = "otel_logs"
_TRACE: Final = 16
_SPAN: Final = 8
_BYTE: Final = 255

# Requests were pruned when they arrived; the columns are made without limits.
_ANY: Final = Limits()

Values = dict[str, Any]


def prune(request: ExportLogsServiceRequest, arrived: int, limits: Limits) -> Refusals:
    """Delete the records of a request that cannot be stored, and count them.

    A record without any time gets ``arrived``, nanoseconds since the epoch, as the time it was observed:
    logs.proto requires the observed time, yet many senders leave it out.
    """
    refused = Refusals()
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            try:
                _shared_columns(resource, scope, limits)
            except RefusalError as error:
                for _ in scope.log_records:
                    refused.add(error.reason, str(error))
                del scope.log_records[:]
                continue
            bad = []
            for index, record in enumerate(scope.log_records):
                if not _time(record):
                    record.observed_time_unix_nano = arrived
                try:
                    _check(record, limits)
                except RefusalError as error:
                    refused.add(error.reason, str(error))
                    bad.append(index)
            # From the end, so that the other indices stay valid.
            for index in reversed(bad):
                del scope.log_records[index]
    return refused


def count(request: ExportLogsServiceRequest) -> int:
    """Return the number of records in a request."""
    return sum(len(scope.log_records) for resource in request.resource_logs for scope in resource.scope_logs)


def convert(request: ExportLogsServiceRequest) -> dict[str, dict[str, list[Any]]]:
    """Return the columns, by table, of a pruned request."""
    columns: dict[str, list[Any]] = {}
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            shared = _shared_columns(resource, scope, _ANY)
            for record in scope.log_records:
                for values in (shared, _row(record)):
                    for name, value in values.items():
                        columns.setdefault(name, []).append(value)
    return {_TABLE: columns} if columns else {}


def _time(record: LogRecord) -> int:
    """Return the event's time, or else the time it was observed."""
    return record.time_unix_nano or record.observed_time_unix_nano


def _check(record: LogRecord, limits: Limits) -> None:
    """Check the time, attributes and body of a record. Raises RefusalError."""
    check_time("time_unix_nano", _time(record), limits)
    attributes(record.attributes, limits)
    if len(text(record.body)) > limits.length:
        raise RefusalError("body_length", f"a log body has more than {limits.length} characters")


def _shared_columns(resource: ResourceLogs, scope: ScopeLogs, limits: Limits) -> Values:
    """Return the columns that all records of a scope share. Raises RefusalError."""
    labels = attributes(resource.resource.attributes, limits)
    return {
        "ServiceName": labels.get(SERVICE_NAME) or UNKNOWN_SERVICE,
        "ResourceSchemaUrl": resource.schema_url,
        "ResourceAttributes": labels,
        "ScopeSchemaUrl": scope.schema_url,
        "ScopeName": scope.scope.name,
        "ScopeVersion": scope.scope.version,
        "ScopeAttributes": attributes(scope.scope.attributes, limits),
    }


def _row(record: LogRecord) -> Values:
    """Return the columns of one record."""
    return {
        "Timestamp": _time(record),
        "TraceId": _id(record.trace_id, _TRACE),
        "SpanId": _id(record.span_id, _SPAN),
        # The low byte of the flags is W3C's trace flags; the other bits are reserved (LogRecordFlags).
        "TraceFlags": record.flags & _BYTE,
        "SeverityText": record.severity_text,
        # 1 to 24 by the specification; clamped, since the column is a byte and senders write what they like.
        "SeverityNumber": min(max(record.severity_number, 0), _BYTE),
        "Body": text(record.body),
        "LogAttributes": attributes(record.attributes, _ANY),
        "EventName": record.event_name,
    }


def _id(value: bytes, size: int) -> str:
    """Return an id in hexadecimal; empty if invalid: the record then belongs to no trace (logs.proto)."""
    return value.hex() if len(value) == size and any(value) else ""
