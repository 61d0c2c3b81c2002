from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from dashboard.components.graph_layout import COLUMN, arrange, extend

NAMES = st.sampled_from([f"s{i}" for i in range(12)])
LINKS = st.lists(st.tuples(NAMES, NAMES), max_size=40)


@given(LINKS, st.randoms())
def test_the_same_graph_stands_the_same_in_whatever_order_it_comes(
    links: list[tuple[str, str]], random: Random
) -> None:
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


def _many() -> tuple[list[str], list[tuple[str, str]]]:
    names = [f"s{i:04}" for i in range(1200)]
    return names, [(names[i // 4], names[i]) for i in range(1, 1200)]


def test_a_large_mesh_is_no_tower() -> None:
    places = arrange(*_many()).places.values()
    width, height = (max(side) - min(side) for side in zip(*places, strict=True))
    assert 0.5 < width / height < 4
    assert len(set(places)) == 1200


@given(LINKS)
def test_what_comes_later_moves_nothing(links: list[tuple[str, str]]) -> None:
    before = arrange({name for link in links for name in link}, links)
    after = extend(before, ["new", "newer", "lonely"], [*links, ("s0", "new"), ("new", "newer")])
    assert before.places.items() <= after.places.items()
    assert {"new", "newer", "lonely"} <= after.places.keys()
    assert len(set(after.places.values())) == len(after.places)


def test_what_comes_later_stands_right_of_its_caller() -> None:
    before = arrange("ab", [("a", "b")])
    places = extend(before, ["c"], [("a", "c")]).places
    assert places["c"][0] == places["b"][0]
    assert places["c"] != places["b"]


@given(LINKS, st.lists(st.sampled_from(["", "x", "y"]), min_size=12, max_size=12))
def test_groups_stand_in_bands_of_their_own(links: list[tuple[str, str]], given_groups: list[str]) -> None:
    groups = {f"s{i}": group for i, group in enumerate(given_groups)}
    places = arrange(groups, links, groups).places
    assert len(set(places.values())) == 12
    spans = {
        group: [y for name, (_, y) in places.items() if groups[name] == group] for group in ("x", "y", "")
    }
    seen = [spans[group] for group in ("x", "y", "") if spans[group]]
    assert all(max(above) < min(below) for above, below in pairwise(seen))
