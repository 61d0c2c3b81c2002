from typing import Any, cast

import pytest

from dashboard.topology import changes
from proxy.contract.api.analysis import Changed, ChangedEdge, GraphDifference
from tests.dashboard.made import edge, graph, node, stats


def changed(*told: dict[str, Any]) -> Changed:
    about = {"changes": list(told), "before": stats(600, 6), "after": stats(600, 60)}
    return cast(Changed, about)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"change": "appeared"}, "new: 10 rps"),
        ({"change": "vanished"}, "was 10 rps"),
        ({"change": "broke", "difference": 0.09}, "1 → 10 % failed"),
        ({"change": "slowed", "quantile": 0.99, "before": 12.0, "after": 1400.0}, "12 ms → 1.4 s p99"),
        ({"change": "faster", "quantile": 0.5, "before": 12.0, "after": 4.0}, "12 ms → 4 ms p50"),
    ],
)
def test_a_change_is_told_with_both_figures(change: dict[str, Any], words: str) -> None:
    told = changed({"p": 0.0, **change})
    assert changes.describe(told, told["changes"][0]) == words


def test_what_fails_comes_before_what_is_slow() -> None:
    told = changed({"change": "slowed", "p": 0.0}, {"change": "broke", "p": 1e-9})
    assert changes.worst(told)["change"] == "broke"


def test_what_vanished_is_still_there_to_be_drawn() -> None:
    before = graph([node("a"), node("b"), node("c")], [edge("a", "b"), edge("a", "c")])
    after = graph([node("a")], [])
    gone: ChangedEdge = {
        "source": "a",
        "target": "b",
        "protocol": "http",
        **changed({"change": "vanished", "p": 0.0}),
    }
    difference = GraphDifference(
        before={"start": 0, "end": 1, "source": "store"},
        after={"start": 1, "end": 2, "source": "store"},
        edges=[gone],
        services=[],
        compared={"edges": 2, "services": 3, "level": 1e-4},
    )
    whole = changes.merge(before, after, difference)
    assert [(each["name"], each["count"]) for each in whole["nodes"]] == [("a", 600), ("b", 0)]
    assert [(each["source"], each["target"], each["count"]) for each in whole["edges"]] == [("a", "b", 0)]
