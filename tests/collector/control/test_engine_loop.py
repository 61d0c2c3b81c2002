"""The step of the mesh."""

import asyncio
import logging
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from collector.clickhouse.database import Columns
from collector.control.engine_loop import EngineLoop
from collector.control.mesh_writer import MeshWriter
from collector.control.policy_file import PolicyFile
from collector.stats import Stats
from proxy.contract.service_id import ServiceId
from tests.collector.made import RecordingEngine, edge, stage_decision
from topology.engine import Tick
from topology.xds.snapshot import Snapshot


class World:
    """A loop whose surroundings are lists."""

    def __init__(self, config: str = "") -> None:
        self.engine = RecordingEngine(known=["back"])
        self.published: list[Snapshot] = []
        self.stats = Stats()
        self.recorder = MeshWriter(self._never, "c1", self.stats)
        file = PolicyFile(config)
        file.load()
        self.loop = EngineLoop(
            self.engine,
            self.published.append,
            self.recorder,
            file,
            self.stats,
            lambda: 1000.0,
        )

    async def _never(self, tables: Mapping[str, Columns]) -> None:
        await asyncio.Event().wait()


def test_a_step_publishes_and_hands_over_without_waiting_for_the_store() -> None:
    async def run() -> None:
        world = World()
        world.engine.next_tick = Tick(Snapshot(3), (stage_decision(1, "back", "route", 25),), (edge(1),))
        world.loop.step()
        world.loop.step()
        assert world.published == [Snapshot(3), Snapshot(3)]
        assert world.recorder.pending == 4
        assert "spanmesh_tick_seconds" in world.stats.render()

    asyncio.run(run())


def test_a_step_that_fails_is_counted_and_the_next_one_works() -> None:
    async def run() -> None:
        world = World()
        world.engine.broken = True
        world.loop.step()
        assert world.stats.value("spanmesh_tick_errors_total") == 1
        world.engine.broken = False
        world.loop.step()
        assert len(world.published) == 1

    asyncio.run(run())


def test_stopping_hands_over_what_the_engine_still_holds() -> None:
    async def run() -> None:
        world = World()
        task = asyncio.create_task(world.loop.run())
        await asyncio.sleep(0)
        world.loop.stop()
        await asyncio.wait_for(task, 10)
        assert world.recorder.pending == 1

    asyncio.run(run())


def test_mesh_yaml_is_taken_over_and_a_bad_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "mesh.yaml"
    path.write_text("services: {}\n")
    os.utime(path, (1, 1))

    async def run() -> None:
        world = World(str(path))
        path.write_text("services:\n  back: {stage: route, percent: 10}\n")
        world.loop.reload()
        assert [policy.services[ServiceId("back")].percent for policy in world.engine.policies] == [10]
        path.write_text("servces: {}\n")
        os.utime(path, (2, 2))
        with caplog.at_level(logging.ERROR):
            world.loop.reload()
        assert len(world.engine.policies) == 1
        assert world.stats.value("spanmesh_mesh_file_errors_total") == 1

    asyncio.run(run())
    assert [record.exc_info for record in caplog.records] == [None]
    assert "last good one stays" in caplog.text
    assert "servces" in caplog.text


def test_what_is_urgent_does_not_wait_for_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.control.engine_loop.TICK_SECONDS", 3600.0)

    async def run() -> None:
        world = World()
        task = asyncio.create_task(world.loop.run())
        while not world.published:
            await asyncio.sleep(0)
        world.engine.urgent = True
        async with asyncio.timeout(60):
            while len(world.published) < 2:
                await asyncio.sleep(0.01)
        world.engine.urgent = False
        world.loop.stop()
        await asyncio.wait_for(task, 10)

    asyncio.run(run())


def test_what_is_unclear_in_mesh_yaml_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        world = World()
        world.engine.policy_problems = ("services.reviews: write one of ops/reviews, shop/reviews",)
        for _ in range(3):
            world.loop.step()
        assert [record.message for record in caplog.records] == [
            "mesh.yaml: services.reviews: write one of ops/reviews, shop/reviews"
        ]
        assert "spanmesh_mesh_file_errors_total 1" in world.stats.render()

    asyncio.run(run())
