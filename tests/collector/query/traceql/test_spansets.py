"""TraceQL run against the store: what bounds do, and that they are told."""

import asyncio
from typing import Any

import pytest

from collector.clickhouse.database import StatementError
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import TryLaterError
from collector.query.params import Window
from collector.query.traceql import Compiled, TraceQLError, compiled, parse, spansets
from collector.query.traceql.spansets import Answer, Spansets
from tests.collector.query.world import NOW_US, BrokenReader, Span, World

HOUR = Window(NOW_US - 3_600_000_000, NOW_US)
A, B = "a" * 16, "b" * 16
STRUCTURE = "{ } > { name = `child` }"


def query(said: str) -> Compiled:
    return compiled(parse(said), HOUR)


def search(world: World, said: str, limit: int = 20) -> Answer:
    return asyncio.run(Spansets(BoundedReader(world.reader)).search(query(said), limit))


def ids(answer: Answer) -> list[int]:
    return [int(match.trace_id, 16) for match in answer.matches]


def pairs(count: int) -> list[Span]:
    """Traces 1, 2, …, the last the newest; in every second one the child is of another parent."""
    return [
        span
        for number in range(1, count + 1)
        for span in (
            Span(f"{number:032x}", A, at=100 - number),
            Span(f"{number:032x}", B, A if number % 2 else "c" * 16, name="child", at=99.5 - number),
        )
    ]


def test_newest_first(world: World) -> None:
    world.spans(*pairs(6))
    assert ids(search(world, "{ }")) == [6, 5, 4, 3, 2, 1]
    assert ids(search(world, "{ }", 2)) == [6, 5]
    assert ids(search(world, STRUCTURE)) == [5, 3, 1]


def test_structure_is_looked_for_batch_by_batch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spansets, "BATCH", 2)
    world.spans(*pairs(9))
    answer = search(world, STRUCTURE)
    assert (ids(answer), answer.partial) == ([9, 7, 5, 3, 1], False)


def test_a_bound_on_candidates_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spansets, "CANDIDATES_MAX", 4)
    world.spans(*pairs(9))
    answer = search(world, STRUCTURE)
    assert (ids(answer), answer.partial) == ([9, 7], True)
    # What was asked for was found within the bound.
    answer = search(world, STRUCTURE, 2)
    assert (ids(answer), answer.partial) == ([9, 7], False)
    # Without structure the store decides by itself and the bound does not apply.
    answer = search(world, "{ name = `child` }")
    assert (len(answer.matches), answer.partial) == (9, False)


def test_a_trace_too_large_is_left_out_and_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spansets, "ROWS_MAX", 3)
    large = [Span("f" * 32, f"{number:016x}", A, name="child", at=1) for number in range(1, 6)]
    world.spans(*pairs(5), *large, Span("f" * 32, A, at=2))
    answer = search(world, STRUCTURE)
    assert (ids(answer), answer.partial) == ([5, 3, 1], True)


@pytest.mark.parametrize("said", ["{ name = `child` }", STRUCTURE])
def test_a_selection_is_sql_that_finds_the_same(world: World, said: str) -> None:
    world.spans(*pairs(6))
    condition, partial = asyncio.run(Spansets(BoundedReader(world.reader)).selection(query(said)))
    found = world.database.query(condition.text, condition.parameters)
    assert sorted(int(row[0], 16) for row in found) == sorted(ids(search(world, said)))
    assert not partial


def test_a_selection_of_nothing(world: World) -> None:
    condition, partial = asyncio.run(Spansets(BoundedReader(world.reader)).selection(query(STRUCTURE)))
    assert world.database.query(condition.text, condition.parameters) == []
    assert not partial


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("a(", "missing )"),
        ("(?=a)", "invalid perl operator"),
        ("(a)\\1", "invalid escape sequence"),
        ("a{2000}", "invalid repetition size"),
        ("[z-a]", "invalid character class range"),
    ],
)
def test_what_is_no_regular_expression_is_pointed_at(world: World, pattern: str, words: str) -> None:
    made = query(f"{{ name = `x` && .k =~ `{pattern}` }}")
    runner = Spansets(BoundedReader(world.reader))
    for ask in (lambda: runner.search(made, 1), lambda: runner.selection(made)):
        with pytest.raises(TraceQLError) as caught:
            asyncio.run(ask())
        assert (caught.value.column, caught.value.length) == (23, len(pattern) + 2)
        assert words in caught.value.message


def test_a_store_that_does_not_answer() -> None:
    reader: Any = BrokenReader(None)
    with pytest.raises(TryLaterError):
        asyncio.run(Spansets(BoundedReader(reader, 0.01)).search(query("{ }"), 1))
    reader = BrokenReader(StatementError("Code: 60"))
    with pytest.raises(StatementError):
        asyncio.run(Spansets(BoundedReader(reader)).search(query("{ }"), 1))
