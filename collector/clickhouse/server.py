"""Sessions on a ClickHouse server over its native protocol (clickhouse-driver)."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from clickhouse_driver import Client
from clickhouse_driver import errors as driver
from clickhouse_driver.util.helpers import parse_url

from collector.clickhouse import spans
from collector.clickhouse.database import (
    Columns,
    Database,
    Params,
    Row,
    StoreError,
    StoreUnavailableError,
    deduplication,
    store_error,
)
from collector.clickhouse.embedded import EmbeddedSession, in_memory
from proxy.contract.failure import ConfigError
from proxy.contract.option import named

_CONNECT_TIMEOUT: Final = 5  # seconds
_TIMEOUT: Final = 60  # seconds for one answer
# async_insert would answer before the rows are stored, and the spool deletes what was answered for.
_SETTINGS: Final[Mapping[str, int | str]] = {"async_insert": 0, "session_timezone": "UTC"}
_EXAMPLE: Final = "clickhouse://user:password@host:9000/database"


class ServerSession:
    """A ``Database`` on a server; it connects on first use and again after a failure."""

    def __init__(self, client: Client, converter: Callable[[], EmbeddedSession]) -> None:
        self._client = client
        self._converter = converter
        self._local: EmbeddedSession | None = None

    def execute(self, sql: str) -> None:
        self._run(sql, None)

    def query(self, sql: str, params: Params | None = None) -> list[Row]:
        return list(self._run(sql, dict(params) if params else None))

    def insert(self, table: str, columns: Columns, token: str = "") -> None:
        names = ", ".join(f"`{name}`" for name in columns)
        self._run(
            f"INSERT INTO {table} ({names}) VALUES",
            list(columns.values()),
            columnar=True,
            settings=deduplication(token),
        )

    def insert_spans(self, requests: Sequence[bytes], token: str = "") -> None:
        # Only the writer's session inserts spans: the other ones never start an engine.
        if self._local is None:
            self._local = self._converter()
        self.insert(spans.TABLE, self._local.span_columns(requests), token)

    def close(self) -> None:
        self._client.disconnect()
        if self._local is not None:
            self._local.close()

    def _run(self, sql: str, data: Any, **options: Any) -> Any:
        try:
            return self._client.execute(sql, data, **options)
        except Exception as error:
            # What the server sends next may belong to the statement that failed: start anew.
            self._client.disconnect()
            raise _store_error(error) from None


def _store_error(error: Exception) -> StoreError:
    """Return the StoreError for an error of the driver or the socket."""
    if isinstance(error, driver.ServerException):
        return store_error(error.code, error.message)
    # What became of the statement is unknown here; inserts with a token may be repeated safely.
    if isinstance(error, OSError | EOFError | driver.NetworkError | driver.SocketTimeoutError):
        return StoreUnavailableError(" ".join(str(error).split()) or "the connection was closed")
    return store_error(0, str(error))


class ServerStore:
    """The ``Store`` on the server at a URL.

    The native protocol carries columns, not protobuf, so spans are converted here: ``converter`` opens an
    engine in this process for it. That moves the work off the server, of which there may be one for many
    collectors.
    """

    def __init__(self, url: str, converter: Callable[[], EmbeddedSession] = in_memory) -> None:
        """Connect to nothing yet. Raises ConfigError for a URL that is not ClickHouse's."""
        check_url(url)
        # The driver logs each failed connection with its traceback, beside the error it raises.
        logging.getLogger("clickhouse_driver").setLevel(logging.ERROR)
        self.host, self._options = parse_url(url)
        self._converter = converter

    def connect(self, settings: Mapping[str, int | str] | None = None) -> Database:
        options = dict(self._options)
        options.setdefault("connect_timeout", _CONNECT_TIMEOUT)
        options.setdefault("send_receive_timeout", _TIMEOUT)
        options["settings"] = {
            **_SETTINGS,
            **options.get("settings", {}),
            **(settings or {}),
            # The driver would otherwise put parameters into the SQL itself, in its own syntax and escaping.
            "server_side_params": True,
        }
        return ServerSession(Client(self.host, **options), self._converter)

    def close(self) -> None:
        """Do nothing: sessions hold all there is to release."""


def check_url(url: str) -> None:
    """Check that ``url`` is a ClickHouse URL. Raises ConfigError with an example."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("clickhouse", "clickhouses") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise ConfigError(
            f"{named('clickhouse')} is {url!r}: write it as {_EXAMPLE} (clickhouses:// for TLS)"
        )
