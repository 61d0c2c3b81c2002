"""Spans of traces by id are read from where the traces lie in time, and only there."""

from collector.query.search import spans_by_id
from tests.collector.query.search.test_traces import A, B, C
from tests.collector.query.world import ONE, Span, World


def test_traces_by_id_are_read_from_the_ten_minutes_they_lie_in(world: World) -> None:
    """And from all of those, also of a trace that goes on for hours."""
    for hours in (0, 2, 4, 6, 8):
        world.spans(Span(f"{hours:032x}" if hours else ONE, A, at=3600 * hours))
    world.spans(Span(ONE, B, A, at=3600 * 8), Span(ONE, C, A, at=3600 * 3))
    world.database.execute("OPTIMIZE TABLE otel_traces FINAL")
    ids = [f"{4:032x}"]
    where = spans_by_id.extents(ids)
    extents = world.database.query(where.text, where.parameters)
    asked = spans_by_id.spans("SpanId", ids, 10, extents)
    assert asked
    rows = world.database.query("EXPLAIN indexes = 1 " + asked.text, asked.parameters)
    plan = "\n".join(str(row[0]) for row in rows)
    used = plan[plan.index("PrimaryKey") :]
    assert "toStartOfTenMinutes(Timestamp)" in used[: used.index("Skip")]
    [trace] = world.get(f"/api/traces/{ONE}")["data"]
    assert len(trace["spans"]) == 3
