import base64
from typing import Any, cast

import pytest

from dashboard.components.palette import Thresholds
from dashboard.topology import figure, stylesheet
from dashboard.topology.subgraph import Matched
from proxy.contract.api.analysis import Changed
from tests.dashboard.made import edge, graph, node, stats

GRAPH = graph(
    [
        node("shop"),
        node("pay", stats(600, 60), ejected=1),
        node("db", kind="database"),
        node("idle", stats(0)),
    ],
    [edge("shop", "pay", stats(600, 60)), edge("pay", "db")],
)


def nodes(look: figure.Look) -> dict[str, figure.NodeRow]:
    rows, _ = figure.rows(GRAPH, look)
    return {node["name"]: row for node, row in zip(GRAPH["nodes"], rows, strict=True)}


def edges(look: figure.Look) -> list[figure.EdgeRow]:
    return figure.rows(GRAPH, look)[1]


def test_nodes_carry_kind_and_health_and_calls_their_numbers() -> None:
    found = nodes(figure.Look())
    assert found["pay"][1] == "service bad marked"
    assert found["db"][1] == "database ok"
    assert found["idle"][0] == "idle\nidle"
    assert edges(figure.Look())[0][:2] == ("10 rps\n40 ms", "bad")


def test_who_only_calls_is_not_idle() -> None:
    shop = graph([node("batch", stats(0)), node("pay")], [edge("batch", "pay")])
    rows, _ = figure.rows(shop, figure.Look())
    assert rows[0][0] == "batch\ncalls 10 rps"


def test_what_is_selected_is_marked() -> None:
    look = figure.Look(chosen=("shop", "pay"))
    assert [row[1] for row in edges(look)] == ["bad chosen", "ok"]


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("both", "10 rps\n40 ms"),
        ("rate", "10 rps"),
        ("success", "90 %"),
        ("p50", "40 ms"),
        ("p90", "40 ms"),
        ("p99", "40 ms"),
        ("share", "100 %"),
        ("none", ""),
    ],
)
def test_a_call_says_what_was_asked_for(label: str, text: str) -> None:
    assert edges(figure.Look(label=label))[0][0] == text


@pytest.mark.parametrize(
    ("label", "text"),
    [("both", "12 open\n50 kB/s"), ("rate", "50 kB/s"), ("p99", "connect 40 ms"), ("success", "100 %")],
)
def test_opaque_tcp_says_connections_and_bytes_and_time_to_connect(label: str, text: str) -> None:
    call = edge("a", "b")
    call["tcp"] = {"open": 12, "sent": 1_000_000, "received": 2_000_000}
    assert figure.edge_label(call, label, 60.0, 10.0) == text


@pytest.mark.parametrize(
    ("encrypted", "classes", "label"),
    [
        ("yes", "ok encrypted", "TLS"),
        ("partly", "ok encrypted partly", "partly TLS"),
        ("no", "ok", "in the clear"),
        (None, "ok", "not known"),
    ],
)
def test_encrypted_calls_are_marked_and_what_is_not_known_is_said(
    encrypted: str | None, classes: str, label: str
) -> None:
    call = edge("a", "b")
    call["encrypted"] = encrypted
    [row] = figure.rows(graph([node("a"), node("b")], [call]), figure.Look(label="encrypted"))[1]
    assert (row[1], row[0]) == (classes, label)


def test_thresholds_can_be_set() -> None:
    strict = figure.Look(limits=Thresholds(warn=0.9999, bad=0.5))
    assert nodes(strict)["pay"][1] == "service warn marked"
    slow = figure.Look(limits=Thresholds(slow=30.0))
    assert nodes(slow)["db"][1] == "database warn"


def test_what_is_not_found_is_dimmed_but_not_the_ends_of_a_found_call() -> None:
    look = figure.Look(found=Matched(frozenset(), frozenset({("shop", "pay", "http")})))
    dimmed = [name for name, row in nodes(look).items() if "dim" in row[1]]
    assert dimmed == ["db", "idle"]
    assert ["dim" in row[1] for row in edges(look)] == [False, True]


def test_a_path_is_drawn() -> None:
    look = figure.Look(path=("shop", "pay"))
    assert "path" in nodes(look)["pay"][1]
    assert [row[1] for row in edges(look)] == ["bad path", "ok dim"]


def test_a_change_is_coloured_and_told_instead_of_the_figures() -> None:
    appeared = {"change": "appeared", "p": 0.0}
    told = cast(Changed, {"changes": [appeared], "before": stats(0), "after": stats()})
    look = figure.Look(nodes={"db": told}, edges={("pay", "db", "http"): told})
    assert nodes(look)["db"] == ("db\nnew: 10 rps", "database ok appeared", "")
    assert edges(look)[1][:2] == ("new: 10 rps", "ok appeared")
    assert "dim" in nodes(look)["shop"][1]


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
    assert [text for _, text in figure.marks(node("a", **given))] == marks


def test_a_hostile_name_gets_no_further_than_the_label() -> None:
    name = "<script>alert(1)</script>" * 20
    ((label, _, badges),), _ = figure.rows(graph([node(name, sidecar=False)], []), figure.Look())
    assert len(label.split("\n")[0]) <= figure.NAME_LENGTH
    assert b"script>" not in base64.b64decode(badges.partition(",")[2])


def test_more_traffic_is_wider_within_bounds() -> None:
    widths = [figure.width(rate) for rate in (0, 1, 10, 100, 10**9)]
    assert widths == sorted(widths)
    assert (widths[0], widths[-1]) == (1.5, 9.0)


def test_both_themes_style_the_same_elements() -> None:
    light, dark = stylesheet.stylesheet("light"), stylesheet.stylesheet("dark")
    assert [rule["selector"] for rule in light] == [rule["selector"] for rule in dark]
    assert light != dark
