from dashboard.pages.topology import remember
from tests.dashboard.made import edge, graph, node


def test_a_node_that_pauses_keeps_its_place() -> None:
    both = graph([node("a"), node("b")], [edge("a", "b")])
    seen = remember(None, both)
    assert remember(seen, graph([node("a")], [])) == seen


def test_what_is_new_is_added() -> None:
    seen = remember({"names": ["a"], "links": []}, graph([node("b")], [edge("b", "a")]))
    assert seen == {"names": ["a", "b"], "links": [["b", "a"]]}
