"""Questions to the store, bounded in time; whatever goes wrong there is told as one 503."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from collector.clickhouse.database import StoreUnavailableError
from collector.clickhouse.reader import Reader
from collector.query.errors import TryLaterError

QUERY_SECONDS: Final = 15.0


class Store:
    """The reader with a deadline. Raises TryLaterError when the store is slow or down."""

    def __init__(self, reader: Reader, seconds: float = QUERY_SECONDS) -> None:
        self._reader = reader
        self._seconds = seconds

    async def rows(self, sql: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """The rows of a query with server-side parameters ``{name:Type}``."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._reader.query(sql, parameters)
        except TimeoutError:
            raise TryLaterError(
                f"the store did not answer within {self._seconds:g} s: ask for a shorter time range, or retry"
            ) from None
        except StoreUnavailableError as error:
            raise TryLaterError(f"the store cannot answer ({error}): retry, or look at ClickHouse") from None
