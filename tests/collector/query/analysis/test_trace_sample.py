"""The choice of traces: bounded, the same again, a larger one including the smaller."""

from collector.query.analysis import trace_sample
from collector.query.params import Window
from collector.query.sql import Sql
from tests.collector.query.world import NOW_US, Span, World

WINDOW = Window(NOW_US - 3_600_000_000, NOW_US)


def stored(world: World) -> None:
    world.spans(
        *(
            Span(f"{index + 1:032x}", at=60, took=index, status="Error" if index % 4 == 0 else "Unset")
            for index in range(100)
        )
    )


def test_a_larger_choice_includes_the_smaller_and_counts_are_of_all(world: World) -> None:
    stored(world)
    for of in (trace_sample.traces(WINDOW, "", ""), trace_sample.traces(WINDOW, "frontend", "GET /")):
        few, many = (trace_sample.sample(of, size) for size in (5, 50))
        one, other = (world.database.query(each.text, each.parameters) for each in (few, many))
        assert other[:5] == one
        assert {row[1] for row in other} == {100}


def test_each_side_has_its_own_choice(world: World) -> None:
    stored(world)
    for of in (trace_sample.traces(WINDOW, "frontend", ""), trace_sample.traces(WINDOW, "", "")):
        began = trace_sample.stretches(of, Sql("failed"))
        [(stretch, ones, others)] = world.database.query(began.text, began.parameters)
        assert (ones, others) == (25, 75)
        load = trace_sample.load(WINDOW)
        assert world.database.query(load.text, load.parameters) == [(stretch, 100)]
        for among, found in (([stretch], {0: 30, 1: 25}), ([stretch - 600], {0: 0, 1: 0})):
            asked = trace_sample.sample_of_sides(of, Sql("failed"), 30, among)
            rows = world.database.query(asked.text, asked.parameters)
            assert {side: sum(row[1] == side for row in rows) for side in (0, 1)} == found


def test_what_is_looked_at_is_bounded_and_has_both_sides() -> None:
    found = [(600 * number, int(number in (3, 7)), 5 * (number != 7)) for number in range(20)]
    spans = {600 * number: 100 for number in range(20)}
    assert trace_sample.affordable(found, spans, 10_000) == [600 * number for number in range(20)]
    few = trace_sample.affordable(found, spans, 200)
    assert few == [1800], "the only one that has both"
    assert set(few) < set(trace_sample.affordable(found, spans, 600))
    assert trace_sample.affordable([(0, 1, 0), (600, 0, 1)], {0: 9, 600: 9}, 1) == [0, 600]
    assert trace_sample.affordable([], spans, 200) == []


def test_the_threshold_is_what_a_share_took_at_most(world: World) -> None:
    stored(world)
    asked = trace_sample.threshold(trace_sample.traces(WINDOW, "", ""), 0.95)
    assert world.database.query(asked.text, asked.parameters) == [(100, 95_000_000)]
