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


@pytest.fixture(scope="module")
def module_world(module_database: Database, store: Store) -> Iterator[World]:
    """A world that the tests of a module share: its fixture of spans fills it, its tests only ask."""
    made = World(module_database, store)
    reader = made.reader
    yield made
    reader.close()
