"""How long rows of each signal are kept."""

import pytest

from collector.clickhouse.retention import days, parse


def test_signals_that_are_not_named_are_kept_as_long_as_the_default() -> None:
    assert parse("traces=7, metrics=30", 5) == {"traces": 7, "metrics": 30, "logs": 5, "mesh": 5}
    assert parse("") == {"traces": 3, "metrics": 3, "logs": 3, "mesh": 3}


@pytest.mark.parametrize(
    "text", ["traces", "traces=0", "traces=x", "spans=3", "traces=4000", "traces=3;logs=2"]
)
def test_what_is_not_understood_is_told_with_the_fix(text: str) -> None:
    with pytest.raises(ValueError, match=r"write traces=7,metrics=30 .* signals are traces, metrics, logs"):
        parse(text)


def test_a_table_is_kept_as_its_signal_is() -> None:
    kept = parse("traces=1,metrics=2,logs=3,mesh=4")
    wanted = {
        "otel_traces": 1,
        "mesh_trace_summaries": 1,
        "mesh_operations": 1,
        "otel_metrics_sum": 2,
        "otel_logs": 3,
        "mesh_edges_minute": 4,
        "mesh_decisions": 4,
    }
    assert {table: days(table, kept) for table in wanted} == wanted
