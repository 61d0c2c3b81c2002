"""Orders and windows of a search in the real store."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.collector.query.search.test_routes import A, B, day, ids, number, pages
from tests.collector.query.world import NOW_US, ONE, Span, World

RANKS: dict[str, Callable[[int], Any]] = {
    "start": lambda index: -index,
    "duration": lambda index: (index * 7) % 25,
    "spans": lambda index: index % 4,
    "errors": lambda index: index % 5 == 0,
    "services": lambda index: 1 + (index % 4 > 0),
    "root": lambda index: f"GET /{index % 3}",
}


@pytest.mark.parametrize("direction", ["desc", "asc"])
@pytest.mark.parametrize("order", RANKS)
def test_every_order_is_total_over_the_whole_window(world: World, order: str, direction: str) -> None:
    day(world)
    expected = sorted(
        (number(index) for index in range(25)),
        key=lambda trace: (RANKS[order](int(trace, 16) - (1 << 100)), trace),
        reverse=direction == "desc",
    )
    found = pages(world, order=order, dir=direction, limit=7)
    assert [len(page) for page in found] == [7, 7, 7, 4]
    assert [trace for page in found for trace in page] == expected
    assert ids(world, "/api/traces", order=order, dir=direction, limit=7) == expected


def test_a_trace_belongs_to_the_window_it_starts_in(world: World) -> None:
    """Also when its later spans came in another batch, and are in the window."""
    world.spans(Span(ONE, A, at=100, took=90_000))
    world.spans(Span(ONE, B, A, "reviews", at=50))
    assert pages(world, start=NOW_US - 60_000_000) == [[]]
    assert pages(world, end=NOW_US - 60_000_000, service="reviews", operation="GET /") == [[ONE]]
