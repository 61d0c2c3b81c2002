"""The schema on a cluster, statement by statement."""

from pathlib import Path

import pytest

from collector.clickhouse.cluster import cluster_statements
from collector.clickhouse.migrate import statements

SNAPSHOT = Path(__file__).parent / "cluster.sql"


def generated() -> str:
    parts = [
        sql.strip()
        for name, one in statements(3).items()
        for sql in cluster_statements(name, one, "spanmesh")
    ]
    return ";\n\n".join(parts) + ";\n"


def test_the_statements_are_those_of_the_snapshot() -> None:
    """After a wanted change: write ``generated()`` to the snapshot and read the difference."""
    assert generated() == SNAPSHOT.read_text("utf-8")


def test_every_table_is_replicated_and_has_a_distributed_one_above_it() -> None:
    for name, sql in statements(3).items():
        subject = name.partition("_")[2].removesuffix(".sql")
        made = cluster_statements(name, sql, "spanmesh")
        assert all(" ON CLUSTER `spanmesh`" in each for each in made)
        if subject.endswith("_mv"):
            (view,) = made
            assert f"TO {subject.removesuffix('_mv')}_local\n" in view
            assert "FROM otel_traces\n" not in view
            continue
        local, above = made
        assert f"EXISTS {subject}_local " in local
        assert "ENGINE = Replicated" in local
        assert "non_replicated" not in local
        assert f"EXISTS {subject} " in above
        assert f"Distributed(`spanmesh`, currentDatabase(), {subject}_local, cityHash64(" in above


@pytest.mark.parametrize("table", ["otel_traces", "otel_traces_trace_id_ts", "mesh_trace_summaries"])
def test_a_trace_is_on_one_shard(table: str) -> None:
    for name, sql in statements(3).items():
        if name.partition("_")[2] == f"{table}.sql":
            assert cluster_statements(name, sql, "c")[1].rstrip().endswith("cityHash64(TraceId))")


def test_without_a_cluster_nothing_is_changed() -> None:
    for name, sql in statements(3).items():
        assert cluster_statements(name, sql, "") == [sql]
