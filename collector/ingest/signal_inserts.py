"""The inserts of each signal's requests into its tables."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from collector.clickhouse.writer import Stored, Writer
from collector.ingest.journal import Entry, Signal
from collector.otlp import logs, metrics
from collector.otlp.body import from_protobuf

Tables = dict[str, dict[str, list[Any]]]


class SignalInserts:
    """Inserts of journal entries with ``writer``; the pipeline has checked them, so every item is stored."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def insert(self, entries: Sequence[Entry], token: str, stored: Stored) -> None:
        """Insert entries of one signal into the tables that are not in ``stored`` yet. Raises StoreError."""
        bodies = [entry.body for entry in entries]
        if entries[0].signal is Signal.TRACES:
            # ClickHouse parses the protobuf itself, so the rows are not seen here; the pipeline counted the
            # spans.
            count = sum(entry.count for entry in entries)
            await self._writer.insert_spans(bodies, count, token, stored)
        else:
            convert = _CONVERT[entries[0].signal]
            # Concatenated requests are one request: each is a single repeated field, and protobuf
            # merges messages by appending repeated fields.
            await self._writer.insert_converted(lambda: convert(b"".join(bodies)), token, stored)


def _metric_tables(body: bytes) -> Tables:
    return metrics.convert(from_protobuf(ExportMetricsServiceRequest, body))


def _log_tables(body: bytes) -> Tables:
    return logs.convert(ExportLogsServiceRequest.FromString(body))


_CONVERT: Final[Mapping[Signal, Callable[[bytes], Tables]]] = {
    Signal.METRICS: _metric_tables,
    Signal.LOGS: _log_tables,
}
