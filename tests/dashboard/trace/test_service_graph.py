from dashboard.trace import service_graph
from tests.dashboard.made import span, trace

HOSTILE = "<script>alert(1)</script>"
FOUND = service_graph.elements(
    trace(
        span("a", "", 0, 100_000, "shop"),
        span("b", "a", 0, 30_000, HOSTILE, {"error": True}),
        span("c", "a", 50_000, 10_000, HOSTILE),
        span("d", "c", 51_000, 1000, HOSTILE),
    )
)


def test_nodes_are_services_with_their_self_time() -> None:
    nodes = {each["data"]["name"]: each for each in FOUND if "position" in each}
    assert nodes["shop"]["data"]["label"] == "shop\n1 span · self 60 ms"
    assert nodes[HOSTILE]["classes"] == "failed"
    assert nodes["shop"]["position"]["x"] < nodes[HOSTILE]["position"]["x"]


def test_edges_are_calls_between_services_and_ids_are_ours() -> None:
    (edge,) = (each for each in FOUND if "source" in each["data"])
    assert edge["data"]["label"] == "2×\n1 failed"
    ids = [str(each["data"].get(key)) for each in FOUND for key in ("id", "source", "target")]
    assert all(HOSTILE not in each for each in ids)


def test_both_themes_have_a_style() -> None:
    assert service_graph.stylesheet("light") != service_graph.stylesheet("dark")
