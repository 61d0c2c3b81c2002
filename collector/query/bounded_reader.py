"""Queries of the store with a deadline. A store that is slow or down is one error, a 503."""

import asyncio
from typing import Any, Final

from collector.clickhouse.database import StoreUnavailableError
from collector.clickhouse.reader import Reader
from collector.query.errors import TryLaterError
from collector.query.sql import Sql

# Below the 30 s after which the store itself ends a query.
QUERY_SECONDS: Final = 15.0


class BoundedReader:
    """The reader with a deadline. Raises TryLaterError when the store is slow or down."""

    def __init__(self, reader: Reader, seconds: float = QUERY_SECONDS) -> None:
        self._reader = reader
        self._seconds = seconds

    async def rows(self, query: Sql) -> list[tuple[Any, ...]]:
        """Return the rows of a query; the server puts the parameters in."""
        try:
            async with asyncio.timeout(self._seconds):
                # The thread goes on with a query that is given up here, until the store's own limit ends it.
                return await self._reader.query(query.text, query.parameters)
        except TimeoutError:
            raise TryLaterError(
                f"the store did not answer within {self._seconds:g} s: ask for a shorter time range, or retry"
            ) from None
        except StoreUnavailableError as error:
            raise TryLaterError(f"the store cannot answer ({error}): retry, or look at ClickHouse") from None
