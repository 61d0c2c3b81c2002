"""Migration of the schema, forward only: every file of ``sql/`` is applied once, in order of name.

Files hold the schema of now and are idempotent (IF NOT EXISTS), so several collectors may start at
once. What an older store needs beside them is in ``alterations`` (columns its tables lack) and
``upgrade`` (spans to copy). ``mesh_schema`` holds what was applied.
"""

import re
from importlib.resources import files
from string import Template
from typing import Final

from collector.clickhouse.alterations import alter
from collector.clickhouse.cluster import cluster_statements
from collector.clickhouse.database import Database
from collector.clickhouse.retention import Retention, days
from collector.clickhouse.upgrade import upgrade

_VERSIONS: Final = """
CREATE TABLE IF NOT EXISTS mesh_schema (File String, Applied DateTime DEFAULT now())
ENGINE = ReplacingMergeTree ORDER BY File
"""
_TTL: Final = re.compile(r"^TTL (.+)$", re.MULTILINE)
_TABLE: Final = re.compile(r"^CREATE TABLE IF NOT EXISTS (\w+)", re.MULTILINE)
# The settings in ``sql/`` that came with recent releases of ClickHouse; an unknown one fails the whole
# CREATE.
_SETTING: Final = re.compile(r",\s*(\w*map\w*|string_serial\w+|merge_sel\w+) = ('\w+'|[\d.]+)")


def statements(retention: Retention) -> dict[str, str]:
    """Return the SQL of each file by name, in the order of application."""
    folder = files("collector.clickhouse") / "sql"
    return {
        file.name: Template(file.read_text("utf-8")).substitute(retention_days=days(file.name, retention))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    }


def migrate(database: Database, retention: Retention, cluster: str = "") -> tuple[str, ...]:
    """Apply what is new and bring every table's TTL to ``retention``; return the files applied.

    With ``cluster`` tables are made on that cluster, replicated and distributed. Raises StoreError.
    """
    for sql in cluster_statements("mesh_schema", _VERSIONS, cluster):
        database.execute(sql)
    known = {str(row[0]) for row in database.query("SELECT DISTINCT File FROM mesh_schema")}
    wanted = _understood(database, statements(retention))

    def create() -> tuple[str, ...]:
        applied = tuple(name for name in wanted if name not in known)
        for name in applied:
            for sql in cluster_statements(name, wanted[name], cluster):
                database.execute(sql)
            # After each file and not at the end: a start that is killed goes on where it was.
            database.insert("mesh_schema", {"File": [name]})
        return applied

    # Columns before files: a view that is created now may write to a column that an old table lacks.
    alter(database, known, wanted, cluster)
    applied = upgrade(database, known, wanted, create)
    _retain(database, wanted, retention, cluster)
    return applied


def _understood(database: Database, wanted: dict[str, str]) -> dict[str, str]:
    """Return the statements without the table settings that an older server does not know."""
    known = {row[0] for row in database.query("SELECT name FROM system.merge_tree_settings")}
    return {
        name: _SETTING.sub(lambda found: found[0] if found[1] in known else "", sql)
        for name, sql in wanted.items()
    }


def _retain(database: Database, wanted: dict[str, str], retention: Retention, cluster: str) -> None:
    """Change the TTL of tables made with another retention."""
    engines = {
        str(name): str(engine)
        for name, engine in database.query(
            "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"
        )
    }
    for name, sql in wanted.items():
        table, ttl = _TABLE.search(sql), _TTL.search(sql)
        if not table or not ttl or "toIntervalDay" not in ttl[1]:
            continue
        subject = f"{table[1]}_local" if cluster else table[1]
        # Compared first: MODIFY TTL makes ClickHouse rewrite parts, which must not happen at each start.
        if f"toIntervalDay({days(name, retention)})" not in engines.get(subject, ""):
            there = f" ON CLUSTER `{cluster}`" if cluster else ""
            database.execute(f"ALTER TABLE {subject}{there} MODIFY TTL {ttl[1]}")
