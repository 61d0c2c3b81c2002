"""Routes about traces and logs: the words they take are those that the collector knows."""

from collector.query.analysis import attribute_comparison
from collector.query.logs.records import SEVERITIES
from collector.query.search.page_sql import Order
from collector.query.search.suggest import Kind
from proxy.contract.api import trace_routes


def test_the_words_are_those_of_the_collector() -> None:
    assert trace_routes.ORDER.choices == tuple(Order)
    assert trace_routes.SUGGESTED.choices == tuple(Kind)
    assert trace_routes.SEVERITY.choices == tuple(SEVERITIES)


def test_what_is_slow_without_a_duration_is_what_the_collector_says() -> None:
    assert trace_routes.SLOW.absent == f"longer than {attribute_comparison.SLOW_SHARE:.0%}".replace("%", " %")


def test_pages_have_a_cursor_and_a_size() -> None:
    for route in (trace_routes.SEARCH, trace_routes.LOGS):
        assert {"cursor", "limit", "dir"} <= {each.name for each in route.parameters}
