"""Edges and decisions on their way to the store."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from collector.clickhouse.database import Columns, Database, StatementError, Store, StoreUnavailableError
from collector.clickhouse.writer import Writer
from collector.control.mesh_rows import ZERO_BUCKET
from collector.control.mesh_writer import MeshWriter
from collector.stats import Stats
from proxy.contract.histogram import bucket_index
from proxy.contract.traffic import Arm, Protocol
from tests.collector.made import edge, stage_decision


class Sink:
    """Takes rows, or fails as told."""

    def __init__(self) -> None:
        self.taken: list[Mapping[str, Columns]] = []
        self.failures: list[Exception] = []

    async def add(self, tables: Mapping[str, Columns]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(tables)

    def rows(self, table: str) -> int:
        return sum(len(tables[table]["Time"]) for tables in self.taken if table in tables)


def test_opaque_connections_have_rows_of_their_own() -> None:
    opaque = replace(edge(1), protocol=Protocol.TCP, arm=Arm.NONE, clear=0)
    tcp = replace(opaque, count=0, open_seconds=5, sent=7, received=9)
    ended = replace(opaque, second=2, encrypted=2)
    sink, _ = run(lambda recorder, sink, stats: recorder.record([tcp, ended, edge(3)], []))
    [calls] = [tables["mesh_edges"] for tables in sink.taken if "mesh_edges" in tables]
    assert (calls["Time"], calls["Encrypted"], calls["Clear"]) == ([2, 3], [2, 0], [0, 2])
    [rows] = [tables["mesh_connections"] for tables in sink.taken if "mesh_connections" in tables]
    assert rows == {
        "Time": [1, 2],
        "Source": ["front"] * 2,
        "Target": ["back"] * 2,
        "Collector": ["c1"] * 2,
        "Protocol": ["tcp"] * 2,
        "Arm": [""] * 2,
        "Count": [0, 2],
        "Encrypted": [0, 2],
        "Clear": [0, 0],
        "Standing": [5, 0],
        "Sent": [7, 0],
        "Received": [9, 0],
    }


def run(test: Callable[[MeshWriter, Sink, Stats], None], limit: int = 100) -> tuple[Sink, Stats]:
    """Do ``test`` before the recorder starts, then let it finish."""

    async def inner() -> tuple[Sink, Stats]:
        sink, stats = Sink(), Stats()
        recorder = MeshWriter(sink.add, "c1", stats, limit=limit)
        test(recorder, sink, stats)
        task = asyncio.create_task(recorder.run())
        await asyncio.sleep(0)
        recorder.close()
        await task
        assert recorder.pending == 0
        return sink, stats

    return asyncio.run(inner())


def test_closing_stores_what_waits() -> None:
    decision = stage_decision(1, "s", "route", 5)
    sink, _ = run(lambda recorder, *_: recorder.record([edge(1), edge(2)], [decision]))
    assert (sink.rows("mesh_edges"), sink.rows("mesh_decisions")) == (2, 1)


def test_past_the_limit_the_oldest_are_given_up_and_counted() -> None:
    sink, stats = run(lambda recorder, *_: recorder.record([edge(i) for i in range(5)], []), limit=3)
    assert sink.taken[0]["mesh_edges"]["Time"] == [2, 3, 4]
    assert stats.value("spanmesh_dropped_rows_total", table="mesh_edges") == 2


def test_rows_that_can_never_be_stored_are_given_up_and_counted() -> None:
    def test(recorder: MeshWriter, sink: Sink, stats: Stats) -> None:
        sink.failures.append(StatementError("no such column"))
        recorder.record([edge(1)], [stage_decision(1, "s", "route", 5)])

    sink, stats = run(test)
    assert (sink.rows("mesh_edges"), sink.rows("mesh_decisions")) == (0, 1)
    assert stats.value("spanmesh_dropped_rows_total", table="mesh_edges") == 1


def test_a_store_that_is_gone_is_tried_again_and_keeps_the_order() -> None:
    async def inner() -> None:
        sink = Sink()
        sink.failures.append(StoreUnavailableError("gone"))
        recorder = MeshWriter(sink.add, "c1", Stats(), retry_seconds=0.01)
        task = asyncio.create_task(recorder.run())
        recorder.record([edge(1), edge(2)], [])
        await asyncio.sleep(0)
        recorder.record([edge(3)], [])
        async with asyncio.timeout(10):
            while sink.rows("mesh_edges") < 3:
                await asyncio.sleep(0.01)
        assert [second for tables in sink.taken for second in tables["mesh_edges"]["Time"]] == [1, 2, 3]
        recorder.close()
        await task

    asyncio.run(inner())


def test_the_real_tables_take_the_columns(database: Database, store: Store) -> None:
    second = int(time.time())

    async def inner() -> None:
        writer, stats = Writer(store), Stats()
        recorder = MeshWriter(writer.insert, "c1", stats)
        recorder.record([edge(second), edge(second)], [stage_decision(second, "back", "route", 25)])
        recorder.close()
        await recorder.run()
        writer.close()

    asyncio.run(inner())
    assert database.query("SELECT sum(Count), sum(Errors), sumMap(Latency) FROM mesh_edges") == [
        (4, 2, {ZERO_BUCKET: 2, bucket_index(0.01): 2})
    ]
    stored = database.query(
        "SELECT Kind, Service, JSONExtractInt(Evidence, 'to_percent') FROM mesh_decisions"
    )
    assert stored == [("stage", "back", 25)]
