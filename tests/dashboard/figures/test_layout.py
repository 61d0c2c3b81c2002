from random import Random

from hypothesis import given
from hypothesis import strategies as st

from dashboard.figures.layout import COLUMN, arrange

NAMES = st.sampled_from([f"s{i}" for i in range(12)])
LINKS = st.lists(st.tuples(NAMES, NAMES), max_size=40)


@given(LINKS, st.randoms())
def test_the_same_graph_stands_the_same_in_whatever_order_it_comes(links: list[tuple[str, str]],
                                                                   random: Random) -> None:
    names = {name for link in links for name in link}
    shuffled = list(links)
    random.shuffle(shuffled)
    assert arrange(names, links) == arrange(sorted(names, reverse=True), shuffled)


@given(LINKS)
def test_no_two_nodes_share_a_place_even_in_loops(links: list[tuple[str, str]]) -> None:
    names = {name for link in links for name in link}
    places = arrange(names, links).places
    assert places.keys() == names
    assert len(set(places.values())) == len(names)


def test_callers_stand_left_of_whom_they_call() -> None:
    places = arrange("abcd", [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")]).places
    assert [places[name][0] / COLUMN for name in "abcd"] == [0, 1, 2, 3]


def test_a_call_over_several_layers_bends_around_what_is_between() -> None:
    links = [("a", "b"), ("b", "c"), ("a", "c")]
    arranged = arrange("abc", links)
    assert set(arranged.bends) == {("a", "c")}
    ((weight, distance),) = arranged.bends["a", "c"]
    assert 0.3 < weight < 0.7
    assert abs(distance) > 30


def test_a_large_mesh_is_arranged() -> None:
    names = [f"s{i:04}" for i in range(1200)]
    links = [(names[i], names[(i * 7 + j * 131) % 1200]) for i in range(1200) for j in range(4)]
    assert len(arrange(names, links).places) == 1200
