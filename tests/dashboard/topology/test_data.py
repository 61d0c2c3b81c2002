"""The data of a view: the live window, a past one, a part in focus, and groups."""

import pytest

from dashboard.api.client import Client
from dashboard.topology import data
from dashboard.topology.graph_url import GraphView
from tests.dashboard.made import graph, node
from tests.dashboard.text import words
from tests.support.fake_traces import TraceApi

NOW = 1_800_000_000.0


@pytest.fixture
def client(api: TraceApi) -> Client:
    return Client(api.url)


def test_the_usual_view_is_live_and_another_has_its_window(client: Client) -> None:
    live = data.window(client, GraphView(), NOW)
    past = data.window(client, GraphView(at=1_700_000_000, span=300), NOW)
    assert past["end"] - past["start"] == 300_000_000
    assert live["end"] - live["start"] == pytest.approx(60_000_000, abs=2)


def test_a_part_in_focus_keeps_the_names_of_all(client: Client) -> None:
    scene = data.scene(client, GraphView(focus="reviews", hops=1), NOW)
    assert {each["name"] for each in scene.graph["nodes"]} == {"catalog", "reviews", "database"}
    assert len(scene.names) > 3
    assert scene.nodes is None


def test_a_comparison_has_what_changed(client: Client) -> None:
    scene = data.scene(client, GraphView(compare=3600), NOW)
    assert scene.nodes is not None
    assert scene.edges is not None


def test_nodes_are_grouped_by_kind_or_by_their_only_and_several_values() -> None:
    nodes = [node("a", versions=["v1", "v2"]), node("b", versions=["v1"]), node("c", kind="database")]
    found = graph(nodes, [])
    assert data.groups(found, "") == {}
    assert data.groups(found, "kind") == {"a": "service", "b": "service", "c": "database"}
    assert data.groups(found, "version") == {"a": "v1, v2", "b": "v1"}


def test_a_part_is_another_when_its_focus_or_groups_are() -> None:
    parts = {
        data.part(GraphView(), {}),
        data.part(GraphView(focus="a"), {}),
        data.part(GraphView(focus="a", hops=2), {}),
        data.part(GraphView(group="kind"), {"a": "service"}),
    }
    assert len(parts) == 4
    assert data.part(GraphView(label="rate"), {}) == data.part(GraphView(), {})


def test_an_empty_graph_says_how_to_begin_or_how_to_go_on() -> None:
    assert "spanmesh demo" in words(data.empty(GraphView()))
    assert "go live" in words(data.empty(GraphView(at=1)))
