"""Stages changed over the API, after a restart."""

import asyncio
import time

from collector.clickhouse.database import Database, Store
from collector.clickhouse.reader import Reader
from collector.control.mesh_rows import decision_columns
from collector.federation.stored_stages import stored_stages
from proxy.contract.decisions.evidence import StageChange
from proxy.contract.model import Node, Stage
from proxy.contract.service_id import ServiceId
from tests.collector.made import stage_decision
from topology.engine import Engine
from topology.policy.models import Policy
from topology.settings import EngineSettings

NOW = float(int(time.time()))


def stored(store: Store, since: float) -> list[tuple[str, float, object, object]]:
    async def run() -> list[tuple[str, float, object, object]]:
        reader = Reader(store)
        try:
            return [
                (made.service, made.time - NOW, made.evidence.after.stage, made.evidence.after.percent)
                for made in await stored_stages(reader, since)
                if isinstance(made.evidence, StageChange)
            ]
        finally:
            reader.close()

    return asyncio.run(run())


def test_the_newest_change_of_each_service_over_the_api(database: Database, store: Store) -> None:
    database.insert(
        "mesh_decisions",
        decision_columns(
            [
                stage_decision(NOW - 3, "back", "route", 25),
                stage_decision(NOW - 2, "back", "observe", 0),
                stage_decision(NOW - 1, "back", "route", 75, origin="mesh.yaml"),
                stage_decision(NOW - 9, "front", "route", 100),
                stage_decision(NOW - 1, "odd", "flying", 100),
            ],
            "c1",
        ),
    )
    back, front = ("back", -2.0, "observe", 0), ("front", -9.0, "route", 100)
    assert stored(store, 0) == [back, front]
    assert stored(store, NOW - 5) == [back]  # mesh.yaml was written after front was changed
    assert stored(store, NOW) == []


def test_a_stored_stage_is_in_force_before_its_service_appears() -> None:
    engine = Engine(Policy(), EngineSettings())
    engine.follow([stage_decision(NOW - 60, "back", "route", 25)])
    engine.connect("1", Node(ServiceId("back"), "b1", "10.0.0.1:80"), "10.0.0.1", NOW)
    tick = engine.tick(NOW)
    back = tick.snapshot.services[ServiceId("back")]
    assert (back.stage, back.percent) == (Stage.ROUTE, 25)
    assert [made.kind for made in tick.decisions] == ["register"]  # it was decided, and stored, before
