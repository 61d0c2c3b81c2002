"""A store of an older version gets the columns it lacks, and what it held means what it meant."""

from collections.abc import Iterator
from secrets import token_hex

import pytest

from collector.clickhouse.alterations import ALTERATIONS, statements
from collector.clickhouse.database import Database, Store
from collector.clickhouse.embedded import EmbeddedStore
from collector.clickhouse.migrate import migrate
from collector.clickhouse.migrate import statements as files
from collector.clickhouse.server import ServerStore
from collector.query.search.span_row import COLUMNS, SpanRow
from tests.collector.conftest import RETENTION_DAYS
from tests.support.native_server import serving

MINUTE = 1_795_248_000
OLD_COLUMNS = ("Encrypted", "Clear")


@pytest.fixture
def older(store: Store) -> Iterator[Database]:
    """A store in which nothing of ALTERATIONS is done, as the version before them left it."""
    assert isinstance(store, EmbeddedStore)
    name = f"older_{token_hex(4)}"
    with serving(store) as server:
        first = ServerStore(server.url()).connect()
        first.execute(f"CREATE DATABASE {name}")
        session = ServerStore(server.url(database=name)).connect()
        migrate(session, RETENTION_DAYS)
        session.execute("DROP VIEW mesh_edges_minute_mv")
        for table in ("mesh_edges", "mesh_edges_minute"):
            for column in reversed(OLD_COLUMNS):
                session.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        view = files(RETENTION_DAYS)["033_mesh_edges_minute_mv.sql"]
        session.execute(view.replace(",\n    sum(Encrypted) AS Encrypted,\n    sum(Clear) AS Clear", ""))
        for column in ("ScopeAttributes", "`Events.OtlpFields`", "`Links.OtlpFields`", "OtlpFields"):
            session.execute(f"ALTER TABLE otel_traces DROP COLUMN {column}")
        session.execute(
            "DELETE FROM mesh_schema WHERE File LIKE '%: encryption' OR File = 'otel_traces: types'"
        )
        yield session
        session.close()
        first.execute(f"DROP DATABASE {name}")
        first.close()


def insert(session: Database, count: int, **more: int) -> None:
    """A call of a sidecar, one of a user, and one over opaque TCP; ``more`` are columns of each."""
    columns: dict[str, list[object]] = {
        "Time": [MINUTE] * 3,
        "Source": ["web", "user", "web"],
        "Target": ["api", "api", "db"],
        "Protocol": ["http", "http", "tcp"],
        "Arm": ["direct", "", ""],
        "Count": [count] * 3,
    }
    session.insert("mesh_edges", {**columns, **{name: [value] * 3 for name, value in more.items()}})


def counted(session: Database, table: str) -> list[tuple[object, ...]]:
    figures = "sum(Count), sum(Encrypted), sum(Clear)"
    rows = session.query(f"SELECT Source, Target, {figures} FROM {table} GROUP BY ALL ORDER BY ALL")
    return [tuple(row) for row in rows]


def test_rows_of_before_and_of_older_collectors_mean_what_they_meant(older: Database) -> None:
    insert(older, 4)
    migrate(older, RETENTION_DAYS)
    insert(older, 3)  # a collector that is not yet replaced writes beside this one
    insert(older, 4, Encrypted=4, Clear=0)
    expected = [("user", "api", 11, 4, 0), ("web", "api", 11, 4, 7), ("web", "db", 11, 4, 0)]
    for table in ("mesh_edges", "mesh_edges_minute"):
        assert counted(older, table) == expected
        older.execute(f"OPTIMIZE TABLE {table} FINAL")
        assert counted(older, table) == expected


def test_spans_without_types_are_read_by_their_texts(older: Database) -> None:
    older.execute(
        "INSERT INTO otel_traces (Timestamp, TraceId, SpanAttributes, `Events.Timestamp`, `Events.Name`,"
        " `Events.Attributes`) VALUES (now64(9), 't', map('n', '7', 's', '1.10'), [now64(9)], ['e'],"
        " [map('b', 'true')])"
    )
    migrate(older, RETENTION_DAYS)
    older.execute(
        "INSERT INTO otel_traces (Timestamp, TraceId, SpanAttributes, OtlpFields)"
        """ VALUES (now64(9), 'u', map('n', '7'), '{"types":[]}')"""
    )
    old, new = (
        SpanRow._make(row)
        for row in older.query(f"SELECT {COLUMNS} FROM otel_traces ORDER BY TraceId = 't' DESC")
    )
    values = [each["value"] for each in old.fields.attributes("span", old.attributes)]
    assert values == [{"intValue": "7"}, {"stringValue": "1.10"}]
    [(_, name, texts, fields)] = old.events
    assert (name, fields.value("event", "b", texts["b"])) == ("e", {"boolValue": True})
    assert new.fields.attributes("span", new.attributes) == [{"key": "n", "value": {"stringValue": "7"}}]


def test_it_is_done_once_and_a_new_store_needs_none_of_it(older: Database, database: Database) -> None:
    recorded = "SELECT File FROM mesh_schema WHERE File LIKE '%: encryption' ORDER BY File"
    migrate(older, RETENTION_DAYS)
    assert migrate(older, RETENTION_DAYS) == ()
    names = sorted((each.name,) for each in ALTERATIONS if each.name.endswith(": encryption"))
    assert sorted(map(tuple, older.query(recorded))) == names
    assert sorted(map(tuple, database.query(recorded))) == names


def test_on_a_cluster_both_tables_change_and_a_view_reads_its_shard() -> None:
    made = [sql for each in ALTERATIONS for sql in statements(each, files(RETENTION_DAYS), "c")]
    assert [sql.split(" ADD ")[0].split(" MODIFY ")[0] for sql in made] == [
        "ALTER TABLE mesh_edges_local ON CLUSTER `c`",
        "ALTER TABLE mesh_edges ON CLUSTER `c`",
        "ALTER TABLE mesh_edges_minute_local ON CLUSTER `c`",
        "ALTER TABLE mesh_edges_minute ON CLUSTER `c`",
        "ALTER TABLE mesh_edges_minute_mv ON CLUSTER `c`",
        "ALTER TABLE otel_traces_local ON CLUSTER `c`",
        "ALTER TABLE otel_traces ON CLUSTER `c`",
        "ALTER TABLE mesh_trace_summaries_mv ON CLUSTER `c`",
        "ALTER TABLE mesh_operations_mv ON CLUSTER `c`",
        "ALTER TABLE mesh_attributes_mv ON CLUSTER `c`",
        "ALTER TABLE mesh_operations_mv ON CLUSTER `c`",
    ]
    assert "FROM mesh_edges_local" in made[4]
    assert all("FROM otel_traces_local" in sql for sql in made[7:])
