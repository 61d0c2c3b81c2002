"""Stages changed over the API, after a restart."""

import asyncio
import time

from collector.clickhouse.database import Database, Store
from collector.clickhouse.reader import Reader
from collector.recorder import decision_columns
from collector.replay import Replay, StoredStage, stored_stages
from proxy.contract.model import Stage
from tests.collector.made import RecordingEngine, stage_decision

NOW = float(int(time.time()))


def stored(store: Store, since: float) -> list[StoredStage]:
    async def run() -> list[StoredStage]:
        reader = Reader(store)
        try:
            return await stored_stages(reader, since)
        finally:
            reader.close()

    return asyncio.run(run())


def test_the_newest_change_of_each_service_over_the_api(database: Database, store: Store) -> None:
    database.insert("mesh_decisions", decision_columns([
        stage_decision(NOW - 3, "back", "route", 25),
        stage_decision(NOW - 2, "back", "observe", 0),
        stage_decision(NOW - 1, "back", "route", 75, origin="mesh.yaml"),
        stage_decision(NOW - 9, "front", "route", 100),
        stage_decision(NOW - 1, "odd", "flying", 100),
    ], "c1"))
    back, front = StoredStage("back", Stage.OBSERVE, 0), StoredStage("front", Stage.ROUTE, 100)
    assert stored(store, 0) == [back, front]
    assert stored(store, NOW - 5) == [back]  # mesh.yaml was written after front was changed
    assert stored(store, NOW) == []


def test_a_stage_waits_for_its_service_and_is_set_once() -> None:
    engine = RecordingEngine(known=["front"])
    replay = Replay([StoredStage("back", Stage.ROUTE, 25), StoredStage("front", Stage.OBSERVE, 0)])
    replay.step(engine, NOW)
    assert engine.stages_set == [("front", Stage.OBSERVE, 0)]
    engine.known.add("back")
    replay.step(engine, NOW)
    replay.step(engine, NOW)
    assert engine.stages_set == [("front", Stage.OBSERVE, 0), ("back", Stage.ROUTE, 25)]
