from dashboard.figures import waterfall
from tests.dashboard.made import span, trace

TRACE = trace(span("a", "", 1000, 1000, "shop"), span("b", "a", 1500, 250, "cart"),
              span("c", "a", 1990, 10, "cart"))


def test_bars_stand_where_and_as_long_as_their_spans() -> None:
    rows = waterfall.rows(TRACE, 0, 10)
    assert [(row.span.id, row.depth, row.left, row.width) for row in rows] == [
        ("a", 0, 0, 100), ("b", 1, 50, 25), ("c", 1, 99, 1),
    ]  # fmt: skip
    assert [row.text_at for row in rows] == ["inside", "after", "before"]


def test_a_service_has_one_colour_and_two_have_two() -> None:
    shop, cart, other = (row.colour for row in waterfall.rows(TRACE, 0, 10))
    assert cart == other != shop


def test_only_the_asked_rows_are_drawn() -> None:
    assert [row.span.id for row in waterfall.rows(TRACE, 1, 1)] == ["b"]


def test_the_ruler_spans_the_whole_trace() -> None:
    assert waterfall.ticks(TRACE, 3) == [(0, "0"), (50, "500 µs"), (100, "1 ms")]


def test_a_trace_without_length_is_drawn() -> None:
    (row,) = waterfall.rows(trace(span("a", duration=0)), 0, 1)
    assert row.left == 0
