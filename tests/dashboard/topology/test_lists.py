"""The lists beside the graph: trouble first, suspects with their way, and changes by kind."""

from typing import Any, cast

from dashboard.topology import lists
from dashboard.topology.graph_url import GraphView
from proxy.contract.api.analysis import GraphDifference, Suspects
from tests.dashboard.made import graph, node, stats
from tests.dashboard.text import hrefs, words

VIEW = GraphView()


def listed(*nodes: Any) -> str:
    return words(lists.fleet(graph(list(nodes), []), VIEW, lambda _: True))


def test_nodes_in_trouble_come_first_and_users_are_none() -> None:
    said = listed(node("fine"), node("failing", stats(600, 300)), node("crowd", kind="user"))
    assert said.index("failing") < said.index("fine")
    assert "crowd" not in said
    assert "2 shown in the graph" in said


def test_only_wanted_nodes_are_listed_and_each_can_be_selected() -> None:
    nodes = graph([node("a"), node("b")], [])
    found = lists.fleet(nodes, VIEW, lambda each: each["name"] == "b")
    assert hrefs(found) == ["/?node=b"]


def test_of_very_many_the_rest_is_counted() -> None:
    found = graph([node(f"n{number}") for number in range(lists.ROWS_MAX + 5)], [])
    assert "and 5 more" in words(lists.fleet(found, VIEW, lambda _: True))


def test_marks_say_ejections_and_stage() -> None:
    assert words(lists.marks(node("a", ejected=2, stage="route", percent=25))) == "2 ejected route 25 %"
    assert lists.marks(node("a")) == []


def suspects(*services: Any, basis: str = "excess") -> Suspects:
    return cast(Suspects, {"services": list(services), "basis": basis})


def test_a_suspect_draws_the_way_from_its_callers() -> None:
    one = {
        "service": "db",
        "score": 0.8,
        "errors": {"own": 12.0},
        "time": {"own": 1500.0},
        "path": ["front", "cart", "db"],
    }
    found = lists.suspects(suspects(one), VIEW)
    said = words(found)
    assert "explains 80 %" in said
    assert "12 failed calls of its own" in said
    assert "front → cart → db" in said
    assert "path=" in hrefs(found)[0]


def test_one_failed_call_is_no_calls() -> None:
    one = {"service": "db", "score": 1.0, "errors": {"own": 1.0}, "time": {"own": 0.0}, "path": ["db"]}
    assert "1 failed call of its own" in words(lists.suspects(suspects(one), VIEW))


def test_without_trouble_nothing_stands_out() -> None:
    assert "Nothing stands out" in words(lists.suspects(suspects(), VIEW))
    one = {"service": "db", "score": 1.0, "errors": {"own": 0.0}, "time": {"own": 0.0}, "path": ["db"]}
    assert "no earlier hour" in words(lists.suspects(suspects(one, basis="total"), VIEW))


def test_without_changes_both_windows_look_alike() -> None:
    none = cast(GraphDifference, {"services": [], "edges": [], "compared": {"services": 3, "edges": 4}})
    said = words(lists.differences(none, VIEW))
    assert "3 services and 4 call paths compared" in said
    assert "only differences that chance does not explain are listed" in said
    assert "Nothing changed between the windows" in said
