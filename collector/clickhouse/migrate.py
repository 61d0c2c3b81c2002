"""Brings the schema up to date: every file of ``sql/`` once, in order of name, forward only.

Files are idempotent (IF NOT EXISTS), so several collectors may start at once. ``mesh_schema``
holds which files were applied.
"""

import re
from importlib.resources import files
from string import Template
from typing import Final

from collector.clickhouse.database import Database

_VERSIONS: Final = """
CREATE TABLE IF NOT EXISTS mesh_schema (File String, Applied DateTime DEFAULT now())
ENGINE = ReplacingMergeTree ORDER BY File
"""
_TTL: Final = re.compile(r"^TTL (.+)$", re.MULTILINE)
_TABLE: Final = re.compile(r"^CREATE TABLE IF NOT EXISTS (\w+)", re.MULTILINE)


def statements(retention_days: int) -> dict[str, str]:
    """File name to its SQL, in the order of application."""
    folder = files("collector.clickhouse") / "sql"
    return {
        file.name: Template(file.read_text("utf-8")).substitute(retention_days=retention_days)
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    }


def migrate(database: Database, retention_days: int) -> tuple[str, ...]:
    """Apply what is new and bring every table's TTL to ``retention_days``; the files applied.

    Raises StoreError.
    """
    database.execute(_VERSIONS)
    known = {str(row[0]) for row in database.query("SELECT DISTINCT File FROM mesh_schema")}
    wanted = statements(retention_days)
    applied = tuple(name for name in wanted if name not in known)
    for name in applied:
        database.execute(wanted[name])
        database.insert("mesh_schema", {"File": [name]})
    _retain(database, wanted, retention_days)
    return applied


def _retain(database: Database, wanted: dict[str, str], retention_days: int) -> None:
    """Change the TTL of tables made with another retention."""
    engines = {
        str(name): str(engine) for name, engine in
        database.query("SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()")
    }
    for sql in wanted.values():
        table, ttl = _TABLE.search(sql), _TTL.search(sql)
        if table and ttl and f"toIntervalDay({retention_days})" not in engines.get(table[1], ""):
            database.execute(f"ALTER TABLE {table[1]} MODIFY TTL {ttl[1]}")
