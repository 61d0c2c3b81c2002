"""In a store of an older version what was stored by name stays, and what comes is by namespace and name."""

import re
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from collector.clickhouse.database import Database, Store
from collector.clickhouse.embedded import EmbeddedStore
from collector.clickhouse.migrate import migrate
from collector.clickhouse.server import ServerStore
from tests.collector.conftest import RETENTION_DAYS
from tests.collector.made import NOW
from tests.support.native_server import serving

OLD_VIEWS = (Path(__file__).parent / "views_by_name.sql").read_text("utf-8")


@pytest.fixture
def older(store: Store) -> Iterator[Database]:
    """A store whose views know services by their name alone, with a span in it."""
    assert isinstance(store, EmbeddedStore)
    name = f"older_{token_hex(4)}"
    with serving(store) as server:
        first = ServerStore(server.url()).connect()
        first.execute(f"CREATE DATABASE {name}")
        session = ServerStore(server.url(database=name)).connect()
        migrate(session, RETENTION_DAYS)
        for file, sql in re.findall(r"-- \d+_(\w+)\.sql\n(.*?);\n", OLD_VIEWS, re.DOTALL):
            session.execute(f"DROP VIEW {file}")
            session.execute(sql)
        session.execute("DELETE FROM mesh_schema WHERE File LIKE '%: namespaces'")
        insert(session, "before")
        yield session
        session.close()
        first.execute(f"DROP DATABASE {name}")
        first.close()


def insert(session: Database, trace: str) -> None:
    """A trace of two services of one name, one in no namespace and one without a name."""
    names = ["reviews", "reviews", "mail", ""]
    spaces = ["shop", "ops", "", "shop"]
    session.insert(
        "otel_traces",
        {
            "Timestamp": [NOW] * 4,
            "TraceId": [trace] * 4,
            "SpanId": [f"{trace}{number}" for number in range(4)],
            "ParentSpanId": ["", f"{trace}0", f"{trace}0", f"{trace}0"],
            "ServiceName": names,
            "SpanName": ["GET /"] * 4,
            "SpanKind": ["Server"] * 4,
            "ResourceAttributes": [{"service.namespace": space} if space else {} for space in spaces],
        },
    )


def services(session: Database, table: str) -> list[str]:
    rows = session.query(f"SELECT DISTINCT toString(ServiceName) AS service FROM {table} ORDER BY service")
    return [row[0] for row in rows]


def test_services_are_told_apart_by_namespace_from_the_upgrade_on(older: Database) -> None:
    assert services(older, "mesh_operations") == ["mail", "reviews"]
    migrate(older, RETENTION_DAYS)
    assert services(older, "mesh_operations") == ["mail", "reviews"]  # what was stored stays as it was
    insert(older, "after")
    expected = ["mail", "ops/reviews", "reviews", "shop/reviews"]
    assert services(older, "mesh_operations") == expected
    assert services(older, "mesh_attributes") == ["", "ops/reviews", "reviews", "shop/reviews"]
    rows = older.query(
        "SELECT TraceId, arraySort(groupUniqArrayArray(Services)), max(RootService), sumMap(ServiceSpans) "
        "FROM mesh_trace_summaries GROUP BY TraceId ORDER BY TraceId"
    )
    assert [tuple(row) for row in rows] == [
        (
            "after",
            ["", "mail", "ops/reviews", "shop/reviews"],
            "shop/reviews",
            {"": 1, "mail": 1, "ops/reviews": 1, "shop/reviews": 1},
        ),
        ("before", ["", "mail", "reviews"], "reviews", {"": 1, "mail": 1, "reviews": 2}),
    ]


def test_it_is_done_once(older: Database) -> None:
    done = "SELECT count() FROM mesh_schema WHERE File LIKE '%: namespaces'"
    for _ in range(2):
        migrate(older, RETENTION_DAYS)
        assert older.query(done) == [(3,)]
