"""A slow or absent store is a 503 that says what to do; a wrong statement is our own fault."""

import asyncio

import pytest

from collector.clickhouse.database import StatementError, StoreUnavailableError
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import TryLaterError
from collector.query.sql import Sql
from tests.collector.query.world import BrokenReader


def ask(error: Exception | None) -> None:
    asyncio.run(BoundedReader(BrokenReader(error), seconds=0.01).rows(Sql("SELECT 1")))


def test_a_slow_store() -> None:
    with pytest.raises(TryLaterError, match=r"did not answer within 0\.01 s: ask for a shorter time range"):
        ask(None)


def test_an_absent_store() -> None:
    with pytest.raises(TryLaterError, match=r"cannot answer .connection refused.: retry"):
        ask(StoreUnavailableError("connection refused"))


def test_a_wrong_statement_is_not_the_callers_fault() -> None:
    with pytest.raises(StatementError):
        ask(StatementError("no such column"))
