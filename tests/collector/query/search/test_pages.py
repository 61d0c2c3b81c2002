"""Pages of a search: one follows the other whatever arrives meanwhile."""

from tests.collector.query.search.test_routes import A, B, day, ids, shop
from tests.collector.query.world import NOW_US, ONE, TWO, Span, World


def test_traces_that_arrive_between_pages_shift_nothing(world: World) -> None:
    day(world)
    before = ids(world, order="duration", limit=7)
    first = world.get("/api/mesh/search", order="duration", limit=7)
    world.now += 30
    world.spans(Span(ONE, A, at=-20, took=9000), Span(TWO, A, at=-21, took=0.001))
    second = world.get("/api/mesh/search", order="duration", limit=7, cursor=first["next"])
    assert [trace["traceId"] for trace in first["traces"] + second["traces"]] == before[:14]
    assert second["window"] == first["window"]
    assert world.get("/api/mesh/search", order="duration", limit=1)["traces"][0]["traceId"] == ONE


def test_the_spans_that_matched_are_told(world: World) -> None:
    shop(world)
    [line] = world.get("/api/mesh/search", q="{ status = error }")["traces"]
    assert line["matched"] == 1
    assert line["matchedSpans"] == [
        {"spanId": B, "name": "read", "start": NOW_US - 19_900_000, "duration": 800.0},
    ]


def test_a_cursor_of_another_search_is_refused(world: World) -> None:
    day(world, 5)
    cursor = world.get("/api/mesh/search", order="spans", limit=2)["next"]
    status, told = world.refused("/api/mesh/search", order="errors", cursor=cursor)
    assert (status, "it belongs to another search" in told) == (400, True)
    assert world.get("/api/mesh/search", order="spans", limit=3, cursor=cursor)["traces"]
