"""Traces in one line: counts, root, orphans, true end."""

from collector.query.search.summaries import SummarySpan, summary
from tests.collector.query.world import ONE


def test_a_trace_with_a_root() -> None:
    found = summary(
        [
            SummarySpan(ONE, "c", "b", "reviews", "GET /r", 1, 1_000_000_030, 999_999_999_999),
            SummarySpan(ONE, "a", "", "frontend", "GET /", 0, 1_000_000_000, 500),
            SummarySpan(ONE, "b", "a", "frontend", "GET", 1, 1_000_000_010, 400),
        ]
    )
    assert found == {
        "traceId": ONE,
        "rootServiceName": "frontend",
        "rootOperationName": "GET /",
        "minStartTimeUnixNano": "1000000000",
        "maxEndTimeUnixNano": "1001000000029",
        "spanCount": 3,
        "errorSpanCount": 2,
        "orphanSpanCount": 0,
        "services": [
            {"name": "frontend", "spanCount": 2, "errorSpanCount": 1},
            {"name": "reviews", "spanCount": 1, "errorSpanCount": 1},
        ],
    }


def test_a_trace_without_its_root() -> None:
    found = summary([SummarySpan(ONE, "b", "lost", "frontend", "GET", 0, 10, 5)])
    assert (found["rootServiceName"], found["rootOperationName"], found["orphanSpanCount"]) == ("", "", 1)
