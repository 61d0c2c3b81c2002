"""The ClickHouse engine inside this process (chdb): its sessions and its data directory."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from chdb.state.sqlitelike import Connection

from collector.clickhouse import spans
from collector.clickhouse.database import (
    Columns,
    Database,
    Params,
    Row,
    StatementError,
    StoreError,
    deduplication,
    store_error,
)
from collector.clickhouse.dedup_log_repair import forget_unfinished
from collector.clickhouse.native import column_types, decode, decode_columns, encode, parameter
from collector.directory_lock import lock_directory
from proxy.contract.failure import ConfigError
from proxy.contract.option import named

_CODE: Final = re.compile(r"Code: (\d+)")
# An insert returns when its part is written, not when it is queued.
_SETTINGS: Final[Mapping[str, int | str]] = {"async_insert": 0, "session_timezone": "UTC"}
_LOCK_NAME: Final = "collector.lock"
_DATA: Final = named("data")


def _store_error(error: Exception) -> StoreError:
    """Return the StoreError for chdb's RuntimeError, whose text holds ClickHouse's error code."""
    text = str(error)
    match = _CODE.search(text)
    return store_error(int(match[1]) if match else 0, text)


class EmbeddedSession:
    """A ``Database`` on the engine in this process."""

    def __init__(self, path: Path, settings: Mapping[str, int | str]) -> None:
        # Settings travel in the path as a query string, hence no '?' in the directory's name (see ``_lock``).
        options = "&".join(f"{key}={value}" for key, value in {**_SETTINGS, **settings}.items())
        try:
            self._connection = Connection(f"{path}?{options}")
        except RuntimeError as error:
            raise _store_error(error) from None
        self._types: dict[str, dict[str, str]] = {}

    def execute(self, sql: str) -> None:
        self._run(sql, None)

    def query(self, sql: str, params: Params | None = None) -> list[Row]:
        return decode(self._run(sql, params))

    def insert(self, table: str, columns: Columns, token: str = "") -> None:
        # Cached: the schema does not change under a session, since migration runs before all of them.
        types = self._types.get(table)
        if types is None:
            types = self._types[table] = column_types(self.query(f"DESCRIBE TABLE {table}"))
        block = encode(types, columns)
        names = ", ".join(f"`{name}`" for name in columns)
        sql = f"INSERT INTO {table} ({names}){_settings(**deduplication(token))}"
        try:
            # Binary columns rather than VALUES in the SQL: no escaping, and less work (see
            # ``native``).
            with self._connection.send_insert(sql, "Native") as insert:
                insert.append(block)
                insert.finish()
        except RuntimeError as error:
            raise _store_error(error) from None

    def insert_spans(self, requests: Sequence[bytes], token: str = "") -> None:
        settings = _settings(**spans.SETTINGS, insert_deduplication_token=token)
        names = ", ".join(f"`{name}`" for name in spans.NAMES)
        self._convert(
            requests,
            lambda *file: f"INSERT INTO {spans.TABLE} ({names}) {spans.select(*file)}{settings}",
        )

    def span_columns(self, requests: Sequence[bytes]) -> Columns:
        """Return the columns of otel_traces that ``insert_spans`` would insert."""
        settings = _settings(**spans.SETTINGS)
        converted = self._convert(requests, lambda *file: f"{spans.select_integer_times(*file)}{settings}")
        return decode_columns(converted)

    def _convert(self, requests: Sequence[bytes], sql: Callable[[str, bool], str]) -> bytes:
        """Run ``sql(path, repeated_keys)`` over the requests."""
        with spans.memory_file(requests) as path:
            try:
                return self._run(sql(path, False), None)
            except StatementError as error:
                if spans.REPEATED_KEY not in str(error):
                    raise
                return self._run(sql(path, True), None)

    def close(self) -> None:
        self._connection.close()

    def _run(self, sql: str, params: Params | None) -> bytes:
        texts = {key: parameter(value) for key, value in params.items()} if params else None
        try:
            answer: bytes = self._connection.query(sql, "Native", params=texts).bytes()
        except RuntimeError as error:
            raise _store_error(error) from None
        return answer


def in_memory() -> EmbeddedSession:
    """Open an engine without a directory, to convert spans with. Raises StoreError."""
    return EmbeddedSession(Path(":memory:"), {})


def _settings(**settings: str | int) -> str:
    """Return a SETTINGS clause of the settings that are not empty.

    Values are not escaped: they are tokens and constants of ours, and none holds a quote.
    """
    pairs = ", ".join(f"{name} = {value!r}" for name, value in settings.items() if value != "")
    return f" SETTINGS {pairs}" if pairs else ""


class EmbeddedStore:
    """The ``Store`` in a data directory, locked by this process: two engines would corrupt it."""

    def __init__(self, directory: Path) -> None:
        """Lock and repair the directory. Raises ConfigError when it cannot be created, written or locked."""
        self._path = directory.absolute()
        # The lock first: the repair must not rewrite logs under an engine that runs.
        self._lock = _lock(self._path)
        forget_unfinished(self._path / "clickhouse")

    def connect(self, settings: Mapping[str, int | str] | None = None) -> Database:
        return EmbeddedSession(self._path / "clickhouse", settings or {})

    def close(self) -> None:
        os.close(self._lock)


def _lock(path: Path) -> int:
    """Return the open lock file of a data directory. Raises ConfigError."""
    if "?" in str(path):
        raise ConfigError(
            f"{_DATA} is {str(path)!r}: the path must not contain '?'; choose another directory"
        )
    try:
        return lock_directory(path, _LOCK_NAME)
    except BlockingIOError:
        raise ConfigError(
            f"{_DATA} is {str(path)!r}: in use by another collector; "
            "stop that one or choose another directory"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{_DATA} is {str(path)!r}: {error.strerror}; make it writable or choose another directory"
        ) from None
