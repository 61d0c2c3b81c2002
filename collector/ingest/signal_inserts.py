"""Requests of each signal into their tables."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from collector.clickhouse.writer import Stored, Writer
from collector.ingest.journal import Entry, Signal
from collector.otlp import logs, metrics

Tables = dict[str, dict[str, list[Any]]]


class Sink:
    """Inserts with ``writer``; requests were examined when they came, so all of them is kept."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def insert(self, entries: Sequence[Entry], token: str, stored: Stored) -> None:
        """Requests of one signal, into the tables not in ``stored`` yet. Raises StoreError."""
        bodies = [entry.body for entry in entries]
        if entries[0].signal is Signal.TRACES:
            count = sum(entry.count for entry in entries)
            await self._writer.spans(bodies, count, token, stored)
        else:
            convert = _CONVERT[entries[0].signal]
            # Requests one after the other are one request: each is one field, repeated.
            await self._writer.converted(lambda: convert(b"".join(bodies)), token, stored)


def _points(body: bytes) -> Tables:
    return metrics.convert(ExportMetricsServiceRequest.FromString(body))


def _records(body: bytes) -> Tables:
    return logs.convert(ExportLogsServiceRequest.FromString(body))


_CONVERT: Final[Mapping[Signal, Callable[[bytes], Tables]]] = {Signal.METRICS: _points, Signal.LOGS: _records}
