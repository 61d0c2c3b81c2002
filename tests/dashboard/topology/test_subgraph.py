from dashboard.topology.subgraph import Matched, around, idle, matched
from tests.dashboard.made import edge, graph, node, stats

CHAIN = graph(
    [node(name) for name in "abcdx"],
    [edge("a", "b"), edge("b", "c"), edge("c", "d"), edge("x", "c"), edge("b", "b")],
)


def names(found: object) -> str:
    return "".join(each["name"] for each in found["nodes"])  # type: ignore[index]


def test_hops_go_in_one_direction_each() -> None:
    assert names(around(CHAIN, "b", 1, "both")) == "abc"  # not x: it is no caller of b
    assert names(around(CHAIN, "c", 1, "callers")) == "bcx"
    assert names(around(CHAIN, "c", 2, "callers")) == "abcx"
    assert names(around(CHAIN, "b", 9, "callees")) == "bcd"


def test_only_calls_between_what_is_left_are_left() -> None:
    kept = around(CHAIN, "b", 1, "callees")["edges"]
    assert [(each["source"], each["target"]) for each in kept] == [("b", "c"), ("b", "b")]


def test_around_nothing_is_everything() -> None:
    assert around(CHAIN, "gone", 1, "both") == CHAIN


def test_an_expression_matches_nodes_and_edges() -> None:
    found = matched(CHAIN, "name = a or (from = a and rate > 1)")
    assert found == Matched(frozenset({"a"}), frozenset({("a", "b", "http")}))


def test_a_wrong_expression_says_where() -> None:
    found = matched(CHAIN, "rate > fast")
    assert found.error is not None
    assert found.error.column == 8
    assert not found.nodes


def test_a_caller_of_traffic_is_not_idle_though_nobody_calls_it() -> None:
    calls = [edge("a", "b"), edge("c", "b", stats(0))]
    still = graph([node("a", stats(0)), node("b"), node("c", stats(0))], calls)
    found = idle(still)
    assert found == Matched(frozenset({"c"}), frozenset({("c", "b", "http")}))
