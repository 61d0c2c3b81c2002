from typing import Any, cast

from dashboard.aggregate.page import flat
from proxy.contract.api.analysis import Step


def branch(name: str, *children: Step) -> Step:
    made: dict[str, Any] = {"operation": name, "children": list(children)}
    return cast(Step, made)


def test_branches_come_parents_before_children_in_their_order() -> None:
    nodes = [branch("a", branch("b", branch("c")), branch("d")), branch("e")]
    assert [(node["operation"], depth) for node, depth in flat(nodes)] == [
        ("a", 0),
        ("b", 1),
        ("c", 2),
        ("d", 1),
        ("e", 0),
    ]
