"""The interface to ClickHouse, embedded or remote, that everything above the engine is written for."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

# Column name to its values, all of one length. Times are integers in the unit of the column's
# type (nanoseconds since the epoch for DateTime64(9)). The session may change the lists.
Columns = Mapping[str, list[Any]]
Row = tuple[Any, ...]
Params = Mapping[str, object]


class StoreError(Exception):
    """A statement failed; the text is one line."""


class StoreUnavailableError(StoreError):
    """The server is gone, overloaded, read-only or out of space: the same may succeed later."""


class StatementError(StoreError):
    """The statement, its parameters or its data are wrong: repeating it is useless."""


class Database(Protocol):
    """A session; used by one thread at a time. Every method raises StoreError."""

    def execute(self, sql: str) -> None:
        """Run a statement that returns no rows."""

    def insert(self, table: str, columns: Columns, token: str = "") -> None:
        """Insert rows given as columns; on return they are committed, all or none.

        An insert with the ``token`` of one of the table's last thousand inserts adds nothing; one without a
        token always adds its rows.
        """

    def insert_spans(self, requests: Sequence[bytes], token: str = "") -> None:
        """Insert the spans of OTLP trace requests (protobuf, plain attribute values only)."""

    def query(self, sql: str, params: Params | None = None) -> list[Row]:
        """Return the rows of a SELECT; ``params`` fill ``{name:Type}`` in the SQL."""

    def close(self) -> None:
        """End the session."""


class Store(Protocol):
    """A factory of sessions; safe to use from several threads."""

    def connect(self, settings: Mapping[str, int | str] | None = None) -> Database:
        """Open a session with the given ClickHouse settings. Raises StoreError."""

    def close(self) -> None:
        """Release the store, once all sessions are closed."""


def deduplication(token: str) -> dict[str, str | int]:
    """Return the settings of an insert for its token."""
    # Without a token ClickHouse compares contents: two late calls over one edge in one second would be taken
    # for one insert and its repetition.
    return {"insert_deduplication_token": token} if token else {"insert_deduplicate": 0}


# Error codes of ClickHouse (src/Common/ErrorCodes.cpp) after which the same statement may succeed, some of
# them only after an operator's action. Every other code counts as final: a statement that is repeated for
# ever would stop the drain, while one that is given up leaves its request in the dead letters.
_TRANSIENT: Final = frozenset(
    {
        75,  # CANNOT_WRITE_TO_FILE_DESCRIPTOR
        76,  # CANNOT_OPEN_FILE
        159,  # TIMEOUT_EXCEEDED
        160,  # TOO_SLOW
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        225,  # NO_ZOOKEEPER
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS
        285,  # TOO_FEW_LIVE_REPLICAS
        319,  # UNKNOWN_STATUS_OF_INSERT
        394,  # QUERY_WAS_CANCELLED
        425,  # SYSTEM_ERROR
        497,  # ACCESS_DENIED
        516,  # AUTHENTICATION_FAILED
        999,  # KEEPER_EXCEPTION
    }
)


def store_error(code: int, text: str) -> StoreError:
    """Return the error for a ClickHouse error code, its text cut to one line."""
    line = " ".join(text.split("Stack trace")[0].split())[:500]
    return (StoreUnavailableError if code in _TRANSIENT else StatementError)(line)
