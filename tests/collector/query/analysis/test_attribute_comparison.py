"""What is different about failing, slow or chosen traces, on the real store over real HTTP."""

from typing import Any

import pytest

from tests.collector.query.world import Span, World

A, B = "a" * 16, "b" * 16


def shop(world: World, count: int = 200) -> None:
    """Every fourth trace reads from instance r-3; of these all but every fifth fail, and all are slow."""
    spans = []
    for index in range(count):
        third = index % 4 == 0
        spans.append(
            Span(
                f"{index + 1:032x}",
                A,
                at=60 + index,
                took=400 if third else 40,
                status="Error" if third and index % 5 else "Unset",
                attributes={"tenant": f"t{index % 3}", "request.id": f"r{index}"},
            )
        )
        spans.append(
            Span(
                f"{index + 1:032x}",
                B,
                A,
                "reviews",
                "read",
                at=60 + index,
                resource={"instance": "r-3" if third else f"r-{index % 2 + 1}", "zone": "eu"},
            )
        )
    world.spans(*spans)


def first(found: Any) -> tuple[str, ...]:
    return tuple(found["attributes"][0][key] for key in ("service", "scope", "key", "value"))


def test_what_failing_traces_have_that_others_have_not(world: World) -> None:
    shop(world)
    found = world.get("/api/mesh/search/different", selection="errors")
    assert found["selected"] == {"traces": 40, "sampled": 40}
    assert found["rest"] == {"traces": 160, "sampled": 160}
    assert first(found) == ("reviews", "resource", "instance", "r-3")
    told = found["attributes"][0]
    assert (told["selected"], told["rest"]) == (
        {"count": 40, "share": 1.0},
        {"count": 10, "share": 0.0625},
    )
    assert told["lift"] == 16
    assert 0.7 < told["separation"] < 1
    assert told["p"] < 1e-9
    keys = {each["key"] for each in found["attributes"]}
    assert keys == {"instance"}, "neither tenants nor ids nor what all have tells them apart"


def test_slow_ones_by_share_or_by_a_duration(world: World) -> None:
    shop(world)
    found = world.get("/api/mesh/search/different", selection="slow", min_duration="100ms")
    assert (found["selected"]["traces"], found["threshold"]) == (50, 100.0)
    assert first(found) == ("reviews", "resource", "instance", "r-3")
    assert found["attributes"][0]["separation"] == pytest.approx(1)
    assert found["attributes"][0]["lift"] is None
    assert world.get("/api/mesh/search/different", selection="slow")["threshold"] == 400.0


def test_a_selection_in_traceql_and_a_scope(world: World) -> None:
    shop(world)
    query = '{ resource.instance = "r-3" }'
    found = world.get("/api/mesh/search/different", selection="q", q=query, service="frontend")
    assert found["selected"]["traces"] == 50
    assert first(found) == ("reviews", "resource", "instance", "r-3")
    one = world.get("/api/mesh/search/different", selection="errors", service="reviews", operation="read")
    assert (one["selected"]["traces"], one["attributes"]) == (0, [])


def test_a_query_bounds_what_is_compared_and_durations_what_is_slow(world: World) -> None:
    shop(world)
    among = '{ .tenant != "t1" }'
    found = world.get("/api/mesh/search/different", selection="errors", q=among)
    assert (found["selected"]["traces"], found["rest"]["traces"]) == (26, 107)
    assert first(found) == ("reviews", "resource", "instance", "r-3")
    slow = {"selection": "slow", "min_duration": "30ms", "max_duration": "50ms"}
    band = world.get("/api/mesh/search/different", **slow)
    assert (band["selected"]["traces"], band["rest"]["traces"], band["threshold"]) == (150, 50, 30.0)
    assert world.get("/api/mesh/search/different", **slow, q=among)["selected"]["traces"] == 100
    nothing = world.get("/api/mesh/search/different", selection="slow", q='{ .tenant = "nobody" }')
    assert (nothing["selected"]["traces"], nothing["attributes"]) == (0, [])


def test_a_sample_is_told_as_one(world: World) -> None:
    shop(world)
    found = world.get("/api/mesh/search/different", selection="errors", sample=30)
    assert found["selected"] == {"traces": 40, "sampled": 30}
    assert found["rest"] == {"traces": 160, "sampled": 30}
    assert first(found) == ("reviews", "resource", "instance", "r-3")


def test_nothing_to_compare_is_no_difference(world: World) -> None:
    assert world.get("/api/mesh/search/different", selection="slow")["attributes"] == []
    world.spans(Span(status="Error"))
    assert world.get("/api/mesh/search/different", selection="errors")["attributes"] == []
