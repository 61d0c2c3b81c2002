import pytest

from dashboard.pages.traces import ordered
from dashboard.query import SORTS, TraceQuery
from tests.dashboard.made import span, trace

SLOW = trace(span("a", duration=900), trace_id="slow")
QUICK = trace(span("a", duration=5, tags={"error": True}), trace_id="quick")


@pytest.mark.parametrize(("column", "first"), [("duration", "slow"), ("errors", "quick")])
def test_the_largest_comes_first(column: str, first: str) -> None:
    found = ordered([QUICK, SLOW], TraceQuery(sort=column))
    assert found[0].id == first
    assert ordered([QUICK, SLOW], TraceQuery(sort=column, order="asc"))[-1].id == first


@pytest.mark.parametrize("column", SORTS)
def test_equals_keep_one_order(column: str) -> None:
    same = [trace(span("a"), trace_id=name) for name in "cab"]
    query = TraceQuery(sort=column)
    assert ordered(same, query) == ordered(same[::-1], query)
