"""SQL is put together from text of ours; what a user said is a parameter and never part of the text."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.query.sql import Sql, join
from tests.collector.query.world import World

VALUES = st.text() | st.integers() | st.lists(st.text(), max_size=3)


def test_fragments_take_their_places_and_bring_their_parameters() -> None:
    template = Sql("SELECT {columns} FROM t WHERE {where} LIMIT {limit:UInt32}").bind(limit=3)
    where = join(" AND ", (Sql("a = {a:String}", {"a": "x"}), Sql("b IN ({other})").fill(other=Sql("c"))))
    query = template.fill(columns="a, b", where=where)
    assert query == Sql(
        "SELECT a, b FROM t WHERE a = {a:String} AND b IN (c) LIMIT {limit:UInt32}", {"limit": 3, "a": "x"}
    )


def test_one_fragment_may_stand_in_several_places() -> None:
    assert Sql("{a} OR NOT {a}").fill(a=Sql("x = {x:Int8}", {"x": 1})) == Sql(
        "x = {x:Int8} OR NOT x = {x:Int8}", {"x": 1}
    )


@pytest.mark.parametrize("given_", [{}, {"a": "1"}, {"a": "1", "b": "2", "c": "3"}])
def test_every_place_is_filled_and_every_fragment_has_one(given_: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        Sql("{a} {b}").fill(**given_)


_CLASHES: tuple[Callable[[Sql, Sql], Sql], ...] = (
    lambda one, other: one + other,
    lambda one, other: join("", (one, other)),
    lambda one, other: Sql("{o}").fill(o=one).bind(**other.parameters),
)


def test_two_fragments_cannot_mean_different_values_by_one_name() -> None:
    one, other = Sql("a = {x:Int8}", {"x": 1}), Sql("b = {x:Int8}", {"x": 2})
    assert (one + one).parameters == {"x": 1}
    for build in _CLASHES:
        with pytest.raises(ValueError, match="two fragments bind x: 1 and 2"):
            build(one, other)


@given(VALUES, VALUES, VALUES)
def test_the_text_does_not_depend_on_the_values(one: object, two: object, three: object) -> None:
    def build(first: object, second: object, third: object) -> Sql:
        part = Sql("a = {a:String} AND ", {"a": first}) + Sql("b = {b:String}").bind(b=second)
        return Sql("SELECT 1 WHERE {where} LIMIT {c:String}").fill(where=part).bind(c=third)

    query = build(one, two, three)
    assert query.text == build("x", "y", "z").text
    assert query.parameters == {"a": one, "b": two, "c": three}
    assert set(re.findall(r"\{(\w+):\w+\}", query.text)) == query.parameters.keys()


@pytest.mark.parametrize(
    "value", ["{where}", "{a:String}", "'; DROP TABLE t; --", "\\', 1", "`", "\0", "é\n"]
)
def test_the_engine_gives_back_what_was_bound(world: World, value: str) -> None:
    """What looks like a fragment, a parameter or the end of a text is a value like any other."""
    query = Sql("SELECT {columns}").fill(columns=Sql("{a:String}", {"a": value}) + Sql(", {b:Array(String)}"))
    query = query.bind(b=[value, value])
    assert world.database.query(query.text, query.parameters) == [(value, [value, value])]
