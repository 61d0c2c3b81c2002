"""The upgrade of spans stored by version 1, whose table had another order. Forward only.

One collector at a time does it: creating ``mesh_upgrade`` fails for all but one, the others wait. That one
writes heartbeats to it; after ten minutes without one another collector takes over where the first was:
every step is recorded in ``mesh_schema``, and each hour is copied with a deduplication token.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from collector.clickhouse.database import Database, StoreError, StoreUnavailableError

_log = logging.getLogger(__name__)

VERSION: Final = "version 2"
_OLD: Final = "otel_traces_v1"
_STALE_SECONDS: Final = 600
_POLL_SECONDS: Final = 0.5
_WAIT_SECONDS: Final = 7200

Create = Callable[[], tuple[str, ...]]


def upgrade(database: Database, known: set[str], wanted: dict[str, str], create: Create) -> tuple[str, ...]:
    """Bring an older store to VERSION around ``create``, which makes what is missing; its answer.

    Raises StoreError.
    """
    if VERSION in known or not known:
        applied = create()
        if not known:
            database.insert("mesh_schema", {"File": [VERSION]})
        return applied
    if not _alone(database):
        return create()
    try:
        _move_aside(database, known)
        applied = create()
        _recognise_repeats(database, wanted)
        _copy(database)
        database.insert("mesh_schema", {"File": [VERSION]})
    finally:
        database.execute("DROP TABLE IF EXISTS mesh_upgrade")
    return applied


def _alone(database: Database) -> bool:
    """True if this collector has the upgrade to do; False once another has done it. Raises StoreError."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            database.execute("CREATE TABLE mesh_upgrade (Alive DateTime) ENGINE = MergeTree ORDER BY Alive")
            _beat(database)
            # Between the look at mesh_schema and here another may have finished.
            if not _done(database):
                return True
            database.execute("DROP TABLE IF EXISTS mesh_upgrade")
            return False
        except StoreError:
            if _done(database):
                return False
            _clear_stale(database)
        time.sleep(_POLL_SECONDS)
    raise StoreUnavailableError("another collector has been upgrading the store for two hours; start again")


def _done(database: Database) -> bool:
    rows = database.query("SELECT 1 FROM mesh_schema WHERE File = {version:String}", {"version": VERSION})
    return bool(rows)


def _beat(database: Database) -> None:
    database.execute("INSERT INTO mesh_upgrade SELECT now()")


# Right after it was made the table has no row yet: then its own age counts.
_AGE: Final = """
SELECT toUnixTimestamp(now()) - toUnixTimestamp(greatest(
    (SELECT max(Alive) FROM mesh_upgrade),
    (SELECT max(metadata_modification_time) FROM system.tables
     WHERE database = currentDatabase() AND name = 'mesh_upgrade')))
"""


def _clear_stale(database: Database) -> None:
    try:
        rows = database.query(_AGE)
    except StoreError:  # gone meanwhile
        return
    if rows and rows[0][0] > _STALE_SECONDS:
        database.execute("DROP TABLE IF EXISTS mesh_upgrade")


def _tables(database: Database) -> set[str]:
    return {str(row[0]) for row in database.query("SHOW TABLES")}


def _move_aside(database: Database, known: set[str]) -> None:
    """Rename the spans of version 1, and drop their summaries: the copy makes them again."""
    if _OLD not in _tables(database) and "copied" not in known:
        for view in ("otel_traces_trace_id_ts_mv", "mesh_trace_summaries_mv"):
            database.execute(f"DROP TABLE IF EXISTS {view}")
        database.execute("DROP TABLE IF EXISTS mesh_trace_summaries")
        database.execute(f"RENAME TABLE otel_traces TO {_OLD}")
    # The tables and views of these files are gone: the files are applied again.
    known -= {
        "010_otel_traces.sql",
        "012_otel_traces_trace_id_ts_mv.sql",
        "020_mesh_trace_summaries.sql",
        "021_mesh_trace_summaries_mv.sql",
    }


def _recognise_repeats(database: Database, wanted: dict[str, str]) -> None:
    """Turn on deduplication of inserts, which tables of version 1 lack."""
    tables = _tables(database)
    for name in wanted:
        table = name.partition("_")[2].removesuffix(".sql")
        if table in tables and not table.endswith("_mv"):
            database.execute(f"ALTER TABLE {table} MODIFY SETTING non_replicated_deduplication_window = 1000")


def _copy(database: Database) -> None:
    """Copy the old spans hour by hour into the new table, whose views fill the tables beside it."""
    if _OLD not in _tables(database):
        return
    columns = ", ".join(f"`{row[0]}`" for row in database.query(f"DESCRIBE TABLE {_OLD}"))
    hours = [
        int(row[0])
        for row in database.query(
            f"SELECT DISTINCT intDiv(toUnixTimestamp(Timestamp), 3600) AS hour FROM {_OLD} ORDER BY hour"
        )
    ]
    copied = {str(row[0]) for row in database.query("SELECT DISTINCT File FROM mesh_schema")}
    for hour in hours:
        step = f"{VERSION}: hour {hour}"
        if step in copied:
            continue
        # One thread reads a table that nobody writes: a repeat is cut into the same blocks.
        database.execute(
            f"INSERT INTO otel_traces ({columns}) SELECT {columns} FROM {_OLD} "
            f"WHERE intDiv(toUnixTimestamp(Timestamp), 3600) = {hour} SETTINGS max_threads = 1, "
            f"max_insert_threads = 1, max_partitions_per_insert_block = 0, "
            f"insert_deduplication_token = '{step}'"
        )
        database.insert("mesh_schema", {"File": [step]})
        _beat(database)
        _log.info("upgrade of the store: %s copied", step)
    database.insert("mesh_schema", {"File": ["copied"]})
    database.execute(f"DROP TABLE IF EXISTS {_OLD}")
