"""A world for each test of the query API."""

from collections.abc import Iterator

import pytest

from collector.clickhouse.database import Database, Store
from tests.collector.query.world import World


@pytest.fixture
def world(database: Database, store: Store) -> Iterator[World]:
    made = World(database, store)
    reader = made.reader
    yield made
    reader.close()
