import base64
from typing import Any

import pytest

from dashboard.figures import topology
from dashboard.figures.layout import arrange
from tests.dashboard.made import edge, graph, node, stats

GRAPH = graph(
    [node("shop"), node("pay", stats(600, 60), ejected=1), node("db", kind="database"),
     node("idle", stats(0))],
    [edge("shop", "pay", stats(600, 60)), edge("pay", "db"), edge("shop", "gone")],
)
LAYOUT = arrange(["shop", "pay", "db", "idle"], [("shop", "pay"), ("pay", "db")])


def test_nodes_carry_kind_and_health_and_calls_their_numbers() -> None:
    found = {one["data"]["id"]: one for one in topology.elements(GRAPH, LAYOUT)}
    assert found["n:pay"]["classes"] == "service bad"
    assert found["n:db"]["classes"] == "database ok"
    assert found["n:idle"]["data"]["label"] == "idle\nidle"
    assert found["e:shop\x1fpay"]["data"]["label"] == "10 rps\n40 ms"
    assert found["e:shop\x1fpay"]["classes"] == "bad"


def test_a_call_to_a_node_that_is_not_there_is_left_out() -> None:
    assert not [one for one in topology.elements(GRAPH, LAYOUT) if one["data"].get("to") == "gone"]


def test_what_is_selected_is_marked() -> None:
    marked = [one["data"]["id"] for one in topology.elements(GRAPH, LAYOUT, ("shop", "pay"))
              if "chosen" in one["classes"]]
    assert marked == ["e:shop\x1fpay"]


@pytest.mark.parametrize(
    ("given", "marks"),
    [
        ({"ejected": 2}, ["2 ejected"]),
        ({"stage": "route", "percent": 25}, ["route 25 %"]),
        ({"sidecar": False}, ["no sidecar"]),
        ({"sidecar": False, "kind": "database"}, []),
    ],
)
def test_special_nodes_say_so(given: dict[str, Any], marks: list[str]) -> None:
    assert [text for _, text in topology.marks(node("a", **given))] == marks


def test_a_hostile_name_gets_no_further_than_the_label() -> None:
    name = "<script>alert(1)</script>" * 20
    (one,) = topology.elements(graph([node(name)], []), arrange([name], []))
    assert len(one["data"]["label"].split("\n")[0]) <= topology.NAME_LENGTH
    assert b"script>" not in base64.b64decode(one["data"]["badges"].partition(",")[2])


def test_more_traffic_is_wider_within_bounds() -> None:
    widths = [topology.width(rate) for rate in (0, 1, 10, 100, 10**9)]
    assert widths == sorted(widths)
    assert (widths[0], widths[-1]) == (1.5, 9.0)


def test_both_themes_style_the_same_elements() -> None:
    light, dark = topology.stylesheet("light"), topology.stylesheet("dark")
    assert [rule["selector"] for rule in light] == [rule["selector"] for rule in dark]
    assert light != dark
