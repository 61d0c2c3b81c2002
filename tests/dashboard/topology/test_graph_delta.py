from dashboard.components.graph_layout import arrange
from dashboard.topology.figure import Look
from dashboard.topology.graph_delta import NodePlaces, Picture, Pictures, draw_picture
from proxy.contract.api.graph import Graph
from tests.dashboard.made import edge, graph, node, stats


def picture(shown: Graph, look: Look | None = None) -> Picture:
    names = [each["name"] for each in shown["nodes"]]
    return draw_picture(shown, arrange(names, [("a", "b")]), look or Look(), {})


def pair(calls: int = 600) -> Graph:
    return graph([node("a"), node("b")], [edge("a", "b", stats(calls))])


def test_a_new_browser_gets_all_and_one_that_has_it_nothing() -> None:
    pictures, shown = Pictures(), picture(pair())
    reply = pictures.reply(shown, None)
    assert reply is not None
    assert [each[0] for each in reply["nodes"]] == ["a", "b"]
    assert reply["edges"] == [[0, 1, "http"]]
    assert len(reply["nodeRows"]) == 2
    assert pictures.reply(shown, reply) is None


def test_afterwards_only_what_changed_is_sent() -> None:
    pictures = Pictures()
    first = pictures.reply(picture(pair()), None)
    reply = pictures.reply(picture(pair(1200)), first)
    assert first is not None
    assert reply is not None
    assert "nodes" not in reply
    assert (reply["base"], reply["nodeRows"]) == (first["version"], [])
    assert [at for at, _ in reply["edgeRows"]] == [0]


def test_a_browser_that_holds_what_is_forgotten_gets_all_rows() -> None:
    first = Pictures().reply(picture(pair()), None)
    reply = Pictures().reply(picture(pair(1200)), first)
    assert reply is not None
    assert (reply["base"], len(reply["nodeRows"]), len(reply["edgeRows"])) == ("", 2, 1)


def test_another_skeleton_is_sent_whole() -> None:
    pictures = Pictures()
    first = pictures.reply(picture(pair()), None)
    reply = pictures.reply(picture(graph([node("a")], [])), first)
    assert reply is not None
    assert [each[0] for each in reply["nodes"]] == ["a"]


def test_a_call_to_a_node_that_is_not_there_is_left_out() -> None:
    assert picture(graph([node("a")], [edge("a", "gone")])).edges == []


def test_groups_are_numbered() -> None:
    shown = pair()
    found = draw_picture(shown, arrange("ab", [("a", "b")]), Look(), {"a": "zone-a"})
    assert (found.groups, [each[3] for each in found.nodes]) == (["zone-a"], [0, -1])


def test_a_node_that_pauses_keeps_its_place() -> None:
    standing = NodePlaces()
    both = standing.layout("", pair(), {})
    assert standing.layout("", graph([node("b")], []), {}) == both


def test_a_few_new_nodes_move_nobody_many_draw_anew() -> None:
    names = [f"s{i}" for i in range(20)]
    calls = [edge(names[i], names[i + 1]) for i in range(19)]
    standing = NodePlaces()
    before = standing.layout("", graph([node(name) for name in names], calls), {})
    more = graph([node(name) for name in [*names, "new"]], [*calls, edge("s0", "new")])
    after = standing.layout("", more, {})
    assert before.places.items() <= after.places.items()
    assert "new" in after.places
    many = [*names, *(f"t{i}" for i in range(20))]
    assert standing.layout("", graph([node(name) for name in many], calls), {}).places.keys() == set(many)


def test_calls_that_come_after_their_nodes_are_drawn_left_to_right() -> None:
    standing = NodePlaces()
    standing.layout("", graph([node("a"), node("b")], []), {})
    places = standing.layout("", pair(), {}).places
    assert places["a"][0] < places["b"][0]
