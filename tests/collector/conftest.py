"""The real engine (chdb) for every test of the collector: one data directory in a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.clickhouse.database import Database, Store
from collector.clickhouse.embedded import EmbeddedStore
from collector.clickhouse.migrate import migrate, statements

RETENTION_DAYS = 3650  # tests use fixed dates; nothing of theirs may expire


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An embedded store with the schema applied."""
    directory: Path = tmp_path_factory.mktemp("store")
    opened = EmbeddedStore(directory)
    session = opened.connect()
    migrate(session, RETENTION_DAYS)
    session.close()
    yield opened
    opened.close()


@pytest.fixture
def database(store: Store) -> Iterator[Database]:
    """A session on empty tables."""
    yield from _empty(store)


@pytest.fixture(scope="module")
def module_database(store: Store) -> Iterator[Database]:
    """A session on tables that are emptied once a module: for tests that only read what they share."""
    yield from _empty(store)


def _empty(store: Store) -> Iterator[Database]:
    session = store.connect()
    for name in statements(RETENTION_DAYS):
        table = name.partition("_")[2].removesuffix(".sql")
        if not table.endswith("_mv"):
            session.execute(f"TRUNCATE TABLE IF EXISTS {table}")
    yield session
    session.close()
