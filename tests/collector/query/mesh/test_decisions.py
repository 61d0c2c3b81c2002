"""What the mesh decided: newest first, each once, from memory and store together."""

import pytest

from collector.clickhouse.database import StoreUnavailableError
from collector.query.mesh.decisions import merged
from proxy.contract.decisions.evidence import Unknown
from proxy.contract.service_id import ServiceId
from tests.collector.query.world import NOW, NOW_US, BrokenReader, World, insert
from topology.model.decisions import Decision


def decision(time: float, kind: str = "eject", service: str = "reviews") -> Decision:
    return Decision(time, ServiceId(service), "it fails", Unknown(kind, {"failed": 7}), "a:1")


def test_memory_and_store_hold_the_same_decision_once() -> None:
    live = (decision(NOW + 0.9996), decision(NOW - 5.0))
    stored = [decision(NOW + 0.999), decision(NOW - 5.0), decision(NOW - 9.0), decision(NOW - 9.0, "return")]
    found = merged(live, stored, 10)
    assert [(each.time, each.kind) for each in found] == [
        (NOW + 0.9996, "eject"),
        (NOW - 5.0, "eject"),
        (NOW - 9.0, "eject"),
        (NOW - 9.0, "return"),
    ]
    assert merged(live, stored, 1) == [live[0]]


def test_decisions_outlive_a_restart_and_come_newest_first(world: World) -> None:
    row = {
        "Kind": "eject",
        "Service": "reviews",
        "Endpoint": "a:1",
        "Reason": "it fails",
        "Evidence": '{"failed":7}',
        "Collector": "there",
    }
    insert(
        world.database,
        "mesh_decisions",
        [
            {"Time": (NOW - 500) * 1000 + 250, **row},
            {"Time": (NOW - 400) * 1000, **row, "Evidence": "odd"},
            {"Time": (NOW - 300) * 1000, **row, "Service": "cart", "Evidence": ""},
        ],
    )
    world.join("reviews", 15006, at=100)
    world.step()
    found = world.get("/api/mesh/decisions", service="reviews")["decisions"]
    assert [(each["kind"], each["time"]) for each in found] == [
        ("register", NOW_US - 100_000_000),
        ("eject", NOW_US - 400_000_000),
        ("eject", NOW_US - 499_750_000),
    ]
    assert found[-1] == {
        "time": NOW_US - 499_750_000,
        "kind": "eject",
        "service": "reviews",
        "endpoint": "a:1",
        "reason": "it fails",
        "evidence": {"failed": 7},
    }
    assert found[1]["evidence"] == {"text": "odd"}
    assert len(world.get("/api/mesh/decisions")["decisions"]) == 4
    assert [each["service"] for each in world.get("/api/mesh/decisions", limit=2)["decisions"]] == [
        "reviews",
        "cart",
    ]


def test_with_the_store_down_memory_still_answers(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.reader = BrokenReader(StoreUnavailableError("connection refused"))
    world.join("reviews", 15006)
    assert [each["kind"] for each in world.get("/api/mesh/decisions")["decisions"]] == ["register"]
    assert "connection refused" in caplog.text


def test_a_row_of_another_writer_that_is_not_utf_8_hides_no_other(world: World) -> None:
    world.database.execute(
        "INSERT INTO mesh_decisions (Time, Kind, Service, Endpoint, Reason, Evidence, Collector) SELECT "
        f"toDateTime64({NOW - 50}, 3), unhex('65ff'), unhex('ff62'), unhex('ff'), unhex('ff'), "
        "unhex('7bff7d'), 'there'"
    )
    [found] = world.get("/api/mesh/decisions")["decisions"]
    assert (found["kind"], found["service"], found["evidence"]) == (
        "e\ufffd",
        "\ufffdb",
        {"text": "{\ufffd}"},
    )
