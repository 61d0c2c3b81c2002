"""Log records: which can be kept, and those as columns of otel_logs."""

from typing import Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from collector.otlp.values import Limits, Refused, RefusedError, attributes, check_time, text
from proxy.contract.attributes import SERVICE_NAME

_TABLE: Final = "otel_logs"
_TRACE: Final = 16
_SPAN: Final = 8
_BYTE: Final = 255

# Of what was pruned everything is kept.
_ANY: Final = Limits()

Values = dict[str, Any]


def prune(request: ExportLogsServiceRequest, arrived: int, limits: Limits) -> Refused:
    """Delete from a request what cannot be kept, and count it.

    A record that tells no time at all was observed when it ``arrived``, nanoseconds since the epoch.
    """
    refused = Refused()
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            try:
                _head(resource, scope, limits)
            except RefusedError as error:
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
                except RefusedError as error:
                    refused.add(error.reason, str(error))
                    bad.append(index)
            for index in reversed(bad):
                del scope.log_records[index]
    return refused


def count(request: ExportLogsServiceRequest) -> int:
    """How many records it holds."""
    return sum(len(scope.log_records) for resource in request.resource_logs for scope in resource.scope_logs)


def convert(request: ExportLogsServiceRequest) -> dict[str, dict[str, list[Any]]]:
    """Columns by table of a request that was pruned."""
    columns: dict[str, list[Any]] = {}
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            head = _head(resource, scope, _ANY)
            for record in scope.log_records:
                for values in (head, _row(record)):
                    for name, value in values.items():
                        columns.setdefault(name, []).append(value)
    return {_TABLE: columns} if columns else {}


def _time(record: LogRecord) -> int:
    """When it happened, or else when it was seen."""
    return record.time_unix_nano or record.observed_time_unix_nano


def _check(record: LogRecord, limits: Limits) -> None:
    """Raises RefusedError."""
    check_time("time_unix_nano", _time(record), limits)
    attributes(record.attributes, limits)
    if len(text(record.body)) > limits.length:
        raise RefusedError("body_length", f"a log body has more than {limits.length} characters")


def _head(resource: ResourceLogs, scope: ScopeLogs, limits: Limits) -> Values:
    labels = attributes(resource.resource.attributes, limits)
    return {
        "ServiceName": labels.get(SERVICE_NAME, ""),
        "ResourceSchemaUrl": resource.schema_url,
        "ResourceAttributes": labels,
        "ScopeSchemaUrl": scope.schema_url,
        "ScopeName": scope.scope.name,
        "ScopeVersion": scope.scope.version,
        "ScopeAttributes": attributes(scope.scope.attributes, limits),
    }


def _row(record: LogRecord) -> Values:
    """What a record adds to the head."""
    return {
        "Timestamp": _time(record),
        "TraceId": _id(record.trace_id, _TRACE),
        "SpanId": _id(record.span_id, _SPAN),
        "TraceFlags": record.flags & _BYTE,
        "SeverityText": record.severity_text,
        "SeverityNumber": min(max(record.severity_number, 0), _BYTE),
        "Body": text(record.body),
        "LogAttributes": attributes(record.attributes, _ANY),
        "EventName": record.event_name,
    }


def _id(value: bytes, size: int) -> str:
    """Hexadecimal text; empty for what is no id: such a record belongs to no trace (logs.proto)."""
    return value.hex() if len(value) == size and any(value) else ""
