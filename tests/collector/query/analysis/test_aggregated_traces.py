"""Many stored traces as one tree, over real HTTP on the real store."""

from tests.collector.query.world import Span, World


def test_traces_of_the_store_as_one_tree(world: World) -> None:
    a, b = "a" * 16, "b" * 16
    for index in range(30):
        trace = f"{index + 1:032x}"
        world.spans(
            Span(trace, a, at=60 + index, took=100),
            Span(
                trace,
                b,
                a,
                "cart",
                "read",
                at=59.99 + index,
                took=50,
                status="Error" if index % 3 == 0 else "Unset",
            ),
        )
    found = world.get("/api/mesh/aggregate", service="frontend", operation="GET /")
    assert (found["matching"], found["traces"], found["cut"]) == (30, 30, False)
    [root] = found["nodes"]
    assert root["self"]["p50"] == 50.0
    assert (root["children"][0]["errors"], root["children"][0]["offset"]) == (10, 10.0)
    some = world.get("/api/mesh/aggregate", service="frontend", operation="GET /", limit=7)
    assert (some["matching"], some["traces"]) == (30, 7)
    none = world.get("/api/mesh/aggregate", service="frontend", operation="nothing")
    assert (none["matching"], none["traces"], none["nodes"]) == (0, 0, [])
