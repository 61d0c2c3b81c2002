"""The statements of ``sql/`` for a cluster: replicated tables on every node under a distributed one. Pure.

``NAME_local`` holds the rows of one shard, and views fill local tables from local tables; ``NAME`` is the
distributed table that is written and read. All rows of a trace go to one shard, by ``cityHash64(TraceId)``,
so that joins of a trace stay within it. Tables without trace ids are sharded by what they are aggregated by,
so that rows that merge are on one shard. Nodes need the macros ``shard`` and ``replica``.
"""

import re
from typing import Final

# Text replacement rather than a parser of SQL: the files are ours, and a test compares all that comes out.
_NAME: Final = re.compile(r"^CREATE (TABLE|MATERIALIZED VIEW) IF NOT EXISTS (\w+)", re.MULTILINE)
_ENGINE: Final = re.compile(r"^ENGINE = (\w*MergeTree)(?:\(\))?", re.MULTILINE)
_VIEW_TARGET: Final = re.compile(r"^TO (\w+)", re.MULTILINE)
_VIEW_SOURCE: Final = re.compile(r"\bFROM ((?:otel|mesh)_\w+)")
# Sharding keys of tables without trace ids; an unknown table without one is spread by rand().
_KEYS: Final = {
    # By the leading columns of the table's ORDER BY, as rows with equal keys are what merges.
    "mesh_schema": "cityHash64(File)",
    "mesh_operations": "cityHash64(ServiceName)",
    "mesh_attributes": "cityHash64(ServiceName)",
    "mesh_edges": "cityHash64(Source, Target)",
    "mesh_edges_minute": "cityHash64(Source, Target)",
    "mesh_connections": "cityHash64(Source, Target)",
    "mesh_decisions": "cityHash64(Service)",
    "mesh_members": "cityHash64(Collector)",
    "otel_metrics": "cityHash64(ServiceName, MetricName)",
}


def cluster_statements(name: str, sql: str, cluster: str) -> list[str]:
    """Return the statements of a file on ``cluster``, or its own without one. Raises ValueError."""
    if not cluster:
        return [sql]
    match = _NAME.search(sql)
    if not match:
        raise ValueError(f"{name} creates no table or view")
    kind, subject = match.groups()
    on_cluster = f" ON CLUSTER `{cluster}`"
    if kind == "MATERIALIZED VIEW":
        view = sql.replace(match[0], f"{match[0]}{on_cluster}", 1)
        view = _VIEW_TARGET.sub(r"TO \1_local", view)
        return [_VIEW_SOURCE.sub(r"FROM \1_local", view)]
    # The plain name goes to the distributed table, so that queries and inserts are the same with a cluster
    # and without.
    local = f"{subject}_local"
    created = sql.replace(match[0], f"CREATE TABLE IF NOT EXISTS {local}{on_cluster}", 1)
    # The replicas of a shard share this path in Keeper; ClickHouse fills in the macros.
    path = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
    created = _ENGINE.sub(lambda engine: f"ENGINE = Replicated{engine[1]}({path})", created)
    # Each engine has its own setting for the same thing; the other one would be refused.
    created = created.replace("non_replicated_deduplication_window", "replicated_deduplication_window")
    distributed = (
        f"CREATE TABLE IF NOT EXISTS {subject}{on_cluster} AS {local}\n"
        f"ENGINE = Distributed(`{cluster}`, currentDatabase(), {local}, {_key(subject, sql)})\n"
    )
    return [created, distributed]


def _key(table: str, sql: str) -> str:
    """Return the sharding key of a table."""
    for start, key in _KEYS.items():
        if table == start or (start == "otel_metrics" and table.startswith(start)):
            return key
    return "cityHash64(TraceId)" if re.search(r"^\s+TraceId ", sql, re.MULTILINE) else "rand()"
