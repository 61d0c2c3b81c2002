"""Requests of each signal into their tables, in the real store."""

import asyncio

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.clickhouse.database import Database, Store
from collector.clickhouse.writer import Stored, Writer
from collector.ingest.journal import Entry, Signal
from collector.ingest.recent_requests import digest
from collector.ingest.signal_inserts import SignalInserts
from tests.collector.made import NOW, client_metrics, span, trace_request


def logs() -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=NOW)
    return request


def insert(store: Store, signal: Signal, messages: list[Message], stored: Stored, token: str) -> None:
    async def run() -> None:
        writer = Writer(store)
        bodies = [message.SerializeToString() for message in messages]
        try:
            entries = [Entry(signal, digest(body), 2, body) for body in bodies]
            await SignalInserts(writer).insert(entries, token, stored)
        finally:
            writer.close()

    asyncio.run(run())


def count(database: Database, table: str) -> int:
    [(rows,)] = database.query(f"SELECT count() FROM {table}")
    return int(rows)


def test_requests_of_one_signal_are_one_insert_into_each_of_its_tables(
    database: Database, store: Store
) -> None:
    stored: Stored = {}
    insert(store, Signal.TRACES, [trace_request([span(), span()]) for _ in range(3)], stored, "a")
    insert(store, Signal.METRICS, [client_metrics([0.1]), client_metrics([0.2])], stored, "b")
    insert(store, Signal.LOGS, [logs(), logs()], stored, "c")
    assert stored == {
        "otel_traces": 6,
        "otel_metrics_exponential_histogram": 2,
        "otel_metrics_gauge": 4,
        "otel_logs": 2,
    }
    assert {table: count(database, table) for table in stored} == stored


def test_a_repeated_insert_adds_nothing_and_skips_the_tables_it_is_told_of(
    database: Database, store: Store
) -> None:
    request = client_metrics([0.1])
    insert(store, Signal.METRICS, [request], {"otel_metrics_gauge": 2}, "a")
    assert (count(database, "otel_metrics_gauge"), count(database, "otel_metrics_exponential_histogram")) == (
        0,
        1,
    )
    for _ in range(2):
        insert(store, Signal.METRICS, [request], {}, "a")
    assert (count(database, "otel_metrics_gauge"), count(database, "otel_metrics_exponential_histogram")) == (
        2,
        1,
    )
