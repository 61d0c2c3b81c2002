"""The statements of ``sql/`` for a cluster: replicated tables on every node, a distributed one above. Pure.

``NAME_local`` keeps a shard's rows and views fill each other on their shard; ``NAME`` is what is written
and read. Rows of a trace go to one shard, by ``cityHash64(TraceId)``; rows without a trace id by what
keeps those together that add up. Nodes need the macros ``shard`` and ``replica``.
"""

import re
from typing import Final

_NAME: Final = re.compile(r"^CREATE (TABLE|MATERIALIZED VIEW) IF NOT EXISTS (\w+)", re.MULTILINE)
_ENGINE: Final = re.compile(r"^ENGINE = (\w*MergeTree)(?:\(\))?", re.MULTILINE)
_VIEW_TARGET: Final = re.compile(r"^TO (\w+)", re.MULTILINE)
_VIEW_SOURCE: Final = re.compile(r"\bFROM ((?:otel|mesh)_\w+)")
_KEYS: Final = {
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


def clustered(name: str, sql: str, cluster: str) -> list[str]:
    """Return the statements of a file for ``cluster``; the file's own without one. Raises ValueError."""
    if not cluster:
        return [sql]
    found = _NAME.search(sql)
    if not found:
        raise ValueError(f"{name} creates no table or view")
    kind, subject = found.groups()
    there = f" ON CLUSTER `{cluster}`"
    if kind == "MATERIALIZED VIEW":
        made = sql.replace(found[0], f"{found[0]}{there}", 1)
        made = _VIEW_TARGET.sub(r"TO \1_local", made)
        return [_VIEW_SOURCE.sub(r"FROM \1_local", made)]
    local = f"{subject}_local"
    made = sql.replace(found[0], f"CREATE TABLE IF NOT EXISTS {local}{there}", 1)
    path = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
    made = _ENGINE.sub(lambda engine: f"ENGINE = Replicated{engine[1]}({path})", made)
    made = made.replace("non_replicated_deduplication_window", "replicated_deduplication_window")
    above = (
        f"CREATE TABLE IF NOT EXISTS {subject}{there} AS {local}\n"
        f"ENGINE = Distributed(`{cluster}`, currentDatabase(), {local}, {_key(subject, sql)})\n"
    )
    return [made, above]


def _key(table: str, sql: str) -> str:
    for start, key in _KEYS.items():
        if table == start or (start == "otel_metrics" and table.startswith(start)):
            return key
    return "cityHash64(TraceId)" if re.search(r"^\s+TraceId ", sql, re.MULTILINE) else "rand()"
