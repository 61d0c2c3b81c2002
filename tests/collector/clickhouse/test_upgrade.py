"""A store of version 1 with spans in it is brought up to date, once, whatever interrupts it."""

import re
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.clickhouse.database import Database, Store
from collector.clickhouse.embedded import EmbeddedStore
from collector.clickhouse.migrate import migrate
from collector.clickhouse.server import ServerStore
from collector.clickhouse.upgrade import VERSION
from tests.collector.conftest import RETENTION_DAYS
from tests.collector.made import NOW
from tests.support.native_server import serving

SCHEMA = (Path(__file__).parent / "schema_v1.sql").read_text("utf-8")
HOUR = 3600 * 10**9
SPANS = 300


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    """A database of version 1 with spans of three hours, over the native protocol."""
    assert isinstance(store, EmbeddedStore)
    name = f"old_{secrets.token_hex(4)}"
    with serving(store) as server:
        first = ServerStore(server.url()).connect()
        first.execute(f"CREATE DATABASE {name}")
        session = ServerStore(server.url(database=name)).connect()
        session.execute(
            "CREATE TABLE mesh_schema (File String, Applied DateTime DEFAULT now()) "
            "ENGINE = ReplacingMergeTree ORDER BY File"
        )
        for file, sql in re.findall(r"-- (\S+\.sql)\n(.*?);\n", SCHEMA, re.DOTALL):
            session.execute(sql)
            session.insert("mesh_schema", {"File": [file]})
        session.insert(
            "otel_traces",
            {
                "Timestamp": [NOW - number % 3 * HOUR for number in range(SPANS)],
                "TraceId": [f"t{number % 50}" for number in range(SPANS)],
                "SpanId": [str(number) for number in range(SPANS)],
                "ServiceName": ["front"] * SPANS,
                "SpanName": ["GET /"] * SPANS,
                "Duration": list(range(SPANS)),
                "SpanAttributes": [{"n": str(number)} for number in range(SPANS)],
            },
        )
        session.insert("mesh_decisions", {"Kind": ["stage"], "Time": [NOW // 10**6]})
        yield server.url(database=name)
        session.close()
        first.execute(f"DROP DATABASE {name}")
        first.close()


COUNTS = """
SELECT count(), uniqExact(SpanId), sum(Duration), uniqExact(SpanAttributes),
    (SELECT sum(Spans) FROM mesh_trace_summaries), (SELECT sum(Spans) FROM mesh_operations),
    (SELECT count() > 0 FROM mesh_attributes), (SELECT count() FROM mesh_decisions),
    (SELECT count() > 0 FROM otel_traces_trace_id_ts)
FROM otel_traces
"""
WHOLE = (SPANS, SPANS, SPANS * (SPANS - 1) // 2, SPANS, SPANS, SPANS, 1, 1, 1)


def assert_whole(session: Database) -> None:
    assert session.query(COUNTS) == [WHOLE]
    assert {"otel_traces_v1", "mesh_upgrade"}.isdisjoint(row[0] for row in session.query("SHOW TABLES"))
    ((engine,),) = session.query(
        "SELECT engine_full FROM system.tables WHERE name = 'otel_traces' AND database = currentDatabase()"
    )
    assert "ORDER BY (toStartOfTenMinutes(Timestamp), ServiceName" in engine
    rows = session.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase() "
        "AND name LIKE 'otel%' AND engine LIKE '%MergeTree' "
        "AND engine_full NOT LIKE '%deduplication_window = 1000%'"
    )
    assert rows == []


def test_what_was_stored_stays_and_the_new_tables_are_filled_from_it(url: str) -> None:
    session = ServerStore(url).connect()
    migrate(session, RETENTION_DAYS)
    assert_whole(session)
    assert migrate(session, RETENTION_DAYS) == ()
    session.close()


def test_several_collectors_upgrade_at_once(url: str) -> None:
    failures: list[Exception] = []

    def start() -> None:
        session = ServerStore(url).connect()
        try:
            migrate(session, RETENTION_DAYS)
        except Exception as error:
            failures.append(error)
        session.close()

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    session = ServerStore(url).connect()
    assert_whole(session)
    session.close()


class KilledError(Exception):
    """Takes the place of a kill."""


class Cut:
    """A session that dies at the n-th insert into mesh_schema, as a killed collector does."""

    def __init__(self, session: Database, after: int) -> None:
        self._session = session
        self._left = after

    def __getattr__(self, name: str) -> object:
        return getattr(self._session, name)

    def insert(self, table: str, columns: dict[str, list[object]]) -> None:
        self._left -= table == "mesh_schema"
        if self._left < 0:
            raise KilledError
        self._session.insert(table, columns)


@pytest.mark.parametrize("after", [0, 2, 14])
def test_an_interrupted_upgrade_goes_on_without_counting_twice(url: str, after: int) -> None:
    session = ServerStore(url).connect()
    with pytest.raises(KilledError):
        migrate(Cut(session, after), RETENTION_DAYS)  # type: ignore[arg-type]
    assert session.query("SELECT 1 FROM mesh_schema WHERE File = {v:String}", {"v": VERSION}) == []
    migrate(session, RETENTION_DAYS)
    assert_whole(session)
    session.close()
