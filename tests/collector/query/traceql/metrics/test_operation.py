"""Arithmetic between series: which belong together, and what is missing."""

import pytest

from collector.query.traceql.metrics.operation import combined
from collector.query.traceql.metrics.series import Exemplar, Label, Series

RATE: tuple[Label, ...] = (("__name__", "rate"),)


def line(name: str, *values: float | None) -> Series:
    return Series((("k", name),), values)


@pytest.mark.parametrize(
    ("op", "values"),
    [
        ("+", [3.0, 1.0, 2.0]),
        ("-", [-1.0, 1.0, -2.0]),
        ("*", [2.0, 0.0, 0.0]),
        ("/", [0.5, None, 0.0]),
    ],
)
def test_values_of_each_moment(op: str, values: list[float | None]) -> None:
    [found] = combined(op, [Series(RATE, [1.0, 1.0, None])], [Series(RATE, [2.0, 0.0, 2.0])])
    assert list(found.values) == values
    assert found.labels == (("__name__", f"(rate {op} rate)"),)


def test_series_with_equal_labels_belong_together() -> None:
    found = combined("+", [line("a", 1.0), line("b", 2.0)], [line("b", 3.0), line("c", 4.0)])
    assert [(each.labels, list(each.values)) for each in found] == [((("k", "b"),), [5.0])]


@pytest.mark.parametrize("turned", [False, True])
def test_a_series_without_labels_belongs_to_all(turned: bool) -> None:
    sides = [[line("a", 6.0), line("b", 2.0)], [Series(RATE, [2.0])]]
    left, right = reversed(sides) if turned else sides
    found = combined("*", left, right)
    assert {each.labels: list(each.values) for each in found} == {
        (("k", "a"),): [12.0],
        (("k", "b"),): [4.0],
    }


def test_exemplars_stand_at_the_value_that_was_computed() -> None:
    exemplar = Exemplar(0, "t", "s", "n", "shop", 5, 1.0)
    [found] = combined("/", [Series(RATE, [1.0, 1.0], [exemplar])], [Series(RATE, [4.0, 0.0], [exemplar])])
    assert [each.value for each in found.exemplars] == [0.25, 0.25]


def test_nothing_with_nothing_is_nothing() -> None:
    assert combined("+", [], [Series(RATE, [1.0])]) == []
