"""Changes to tables that a store of an older version has already. Forward only.

The files of ``sql/`` make tables as they are now and leave alone what exists; what an existing table
lacks is added here. Each statement may be repeated, so several collectors may start at once and one
that is killed starts again; ``mesh_schema`` holds the names of what is done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from collector.clickhouse.cluster import cluster_statements
from collector.clickhouse.database import Database


@dataclass(frozen=True, slots=True)
class Alteration:
    """One change of one table or view: ``change`` is what follows its name in ALTER TABLE."""

    name: str
    table: str
    change: str


_COUNT: Final = "SimpleAggregateFunction(sum, UInt64)"
# Rows stored before, and those that collectors of older versions still write, have no measure: a
# request that a caller's sidecar made (Arm) was in the clear, for sidecars spoke nothing else.
_INFERRED: Final = "DEFAULT if(Protocol = 'http' AND Arm != '', Count, 0)"
_ENCRYPTION: Final = (
    f"ADD COLUMN IF NOT EXISTS Encrypted {_COUNT} CODEC(T64, ZSTD(1)), "
    f"ADD COLUMN IF NOT EXISTS Clear {_COUNT} {_INFERRED} CODEC(T64, ZSTD(1))"
)
# Spans stored before have no types: those of their values follow from the texts
# (collector.otlp.stored_values).
_TYPES: Final = (
    "ADD COLUMN IF NOT EXISTS ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(3)), "
    "ADD COLUMN IF NOT EXISTS `Events.OtlpFields` Array(LowCardinality(String)) CODEC(ZSTD(3)), "
    "ADD COLUMN IF NOT EXISTS `Links.OtlpFields` Array(LowCardinality(String)) CODEC(ZSTD(3)), "
    "ADD COLUMN IF NOT EXISTS OtlpFields LowCardinality(String) CODEC(ZSTD(3))"
)
# Tables before the views that fill them.
ALTERATIONS: Final = (
    Alteration("mesh_edges: encryption", "mesh_edges", _ENCRYPTION),
    Alteration("mesh_edges_minute: encryption", "mesh_edges_minute", _ENCRYPTION),
    Alteration("mesh_edges_minute_mv: encryption", "mesh_edges_minute_mv", "MODIFY QUERY"),
    Alteration("otel_traces: types", "otel_traces", _TYPES),
    # Services by namespace and name; what was stored before is by name, as of the default namespace.
    Alteration("mesh_trace_summaries_mv: namespaces", "mesh_trace_summaries_mv", "MODIFY QUERY"),
    Alteration("mesh_operations_mv: namespaces", "mesh_operations_mv", "MODIFY QUERY"),
    Alteration("mesh_attributes_mv: namespaces", "mesh_attributes_mv", "MODIFY QUERY"),
    # Names of operations were cut within a character before.
    Alteration("mesh_operations_mv: characters", "mesh_operations_mv", "MODIFY QUERY"),
)


def alter(database: Database, known: set[str], wanted: Mapping[str, str], cluster: str) -> None:
    """Change the tables that exist to what the files of ``wanted`` say. Raises StoreError.

    ``known`` are the names in mesh_schema: a store without any is new, its tables are made as they are now.
    """
    outstanding = [each for each in ALTERATIONS if each.name not in known]
    if not outstanding:
        return
    # A new store has no tables yet: the files of ``sql/`` make them as they are now, and every alteration
    # counts as done.
    if known:
        tables = {str(row[0]) for row in database.query("SHOW TABLES")}
        for each in outstanding:
            # A table that the store does not have yet is made by its file, as it is now.
            if each.table in tables:
                for sql in statements(each, wanted, cluster):
                    database.execute(sql)
    database.insert("mesh_schema", {"File": [each.name for each in outstanding]})


def statements(alteration: Alteration, wanted: Mapping[str, str], cluster: str) -> list[str]:
    """Return the SQL of a change; on a cluster a table is one of each shard and the distributed one above."""
    there = f" ON CLUSTER `{cluster}`" if cluster else ""
    if alteration.change == "MODIFY QUERY":
        [(name, sql)] = [each for each in wanted.items() if each[0].endswith(f"_{alteration.table}.sql")]
        # The query is taken from the file that creates the view, so that it is written in one place only.
        query = cluster_statements(name, sql, cluster)[0].partition("\nAS ")[2]
        return [f"ALTER TABLE {alteration.table}{there} MODIFY QUERY {query}"]
    # The local table first: the distributed one must not accept a column that the shards lack.
    subjects = [f"{alteration.table}_local", alteration.table] if cluster else [alteration.table]
    return [f"ALTER TABLE {subject}{there} {alteration.change}" for subject in subjects]
