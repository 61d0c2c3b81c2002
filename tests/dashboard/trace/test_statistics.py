from dashboard.trace.critical_path import critical_path
from dashboard.trace.statistics import by_group, sort_rows
from tests.dashboard.made import span, trace

TRACE = trace(
    span("a", "", 0, 100, "shop"),
    span("b", "a", 10, 30, "cart", {"error": True}),
    span("c", "a", 50, 40, "cart"),
    span("d", "a", 50, 10, "stock"),
)


def test_a_service_has_its_counts_times_and_share_of_the_path() -> None:
    rows = {row.service: row for row in by_group(TRACE, critical_path(TRACE), by_operation=False)}
    assert list(rows) == ["cart", "shop", "stock"]
    cart = rows["cart"]
    assert (cart.count, cart.errors, cart.total, cart.own, cart.path) == (2, 1, 70, 70, 70)
    assert (cart.p50, cart.p95, cart.operation) == (30, 40, "")
    assert (rows["shop"].own, rows["shop"].path, rows["stock"].path) == (30, 30, 0)


def test_operations_are_rows_of_their_own() -> None:
    rows = by_group(TRACE, critical_path(TRACE), by_operation=True)
    assert [(row.service, row.operation) for row in rows][:2] == [("cart", "op c"), ("cart", "op b")]


def test_rows_sort_by_any_column() -> None:
    rows = by_group(TRACE, critical_path(TRACE), by_operation=False)
    assert [row.service for row in sort_rows(rows, "total")] == ["shop", "cart", "stock"]
    assert sort_rows(rows, "errors")[0].service == "cart"
    assert [row.service for row in sort_rows(rows, "name")] == ["cart", "shop", "stock"]
