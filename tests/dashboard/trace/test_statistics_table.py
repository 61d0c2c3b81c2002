"""The table of a trace's statistics: by service or operation, sorted by the URL's column."""

from dashboard.trace.statistics_table import view
from tests.dashboard.made import span, trace
from tests.dashboard.text import words

TRACE = trace(
    span("a", duration=1_000_000, service="front"),
    span("b", "a", 0, 300_000, service="cart", tags={"error": "true"}),
    span("c", "a", 300_000, 100_000, service="cart"),
)


def test_a_row_is_a_service_or_an_operation() -> None:
    assert "2 services" in words(view(TRACE, "", False))
    assert "3 operations" in words(view(TRACE, "", True))


def test_the_most_of_the_critical_path_comes_first_unless_told_otherwise() -> None:
    usual = words(view(TRACE, "nonsense", False))
    assert "Critical path ↓" in usual
    assert usual.index("front") < usual.index("cart")
    named = words(view(TRACE, "name", False))
    assert "Service ↑" in named
    assert named.index("cart") < named.index("front")


def test_times_and_failures_are_summed() -> None:
    row = words(view(TRACE, "count", False))
    assert "cart 2 1 400 ms" in row
    assert "600 ms · 60 %" in row


def test_of_very_many_operations_the_first_are_shown() -> None:
    many = trace(
        span("root", duration=10_000), *(span(f"s{number}", "root", number) for number in range(600))
    )
    assert "601 operations, the first 500 shown" in words(view(many, "", True))
