"""Collectors that share nothing but the store."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from collector.clickhouse.database import Columns, Database, Store, StoreUnavailableError
from collector.clickhouse.reader import Reader
from collector.clickhouse.writer import Writer
from collector.control.mesh_rows import decision_columns, edge_columns
from collector.federation.sync import FederationSync
from collector.stats import Stats
from proxy.contract.decisions.evidence import Return
from proxy.contract.model import Node, Stage
from proxy.contract.service_id import ServiceId
from tests.collector.conftest import RETENTION_DAYS
from tests.collector.made import client_metrics, edge, ejection, stage_decision
from tests.collector.running import Collector, started, until
from tests.support.lone_sidecar import lone_sidecar
from tests.support.native_server import serving
from topology.engine import Engine
from topology.model.decisions import Decision
from topology.policy.models import Policy
from topology.settings import EngineSettings

BACK_ID = ServiceId("back")

NOW = float(int(time.time()))
BACK = Node(BACK_ID, "b1", "10.0.0.1:80", "10.0.0.1:8080", "v1", "z1")


class Side:
    """One collector's engine and what it knows of others."""

    def __init__(self, name: str, reader: Reader, writer: Writer, file_since: float = 0.0) -> None:
        self.engine = Engine(Policy(), EngineSettings())
        self.stats = Stats()
        self.writer = writer
        self.down = False
        self.sync = FederationSync(
            self.engine, reader, self.add, name, self.stats, lambda: NOW, lambda: file_since
        )
        self.name = name

    async def add(self, tables: Mapping[str, Columns]) -> None:
        if self.down:
            raise StoreUnavailableError("gone")
        await self.writer.insert(tables)

    async def store(self, *decisions: Decision, edges: int = 0) -> None:
        """What its recorder would store: decisions, and so many seconds up to now."""
        seconds = [edge(int(NOW) - 1 - back) for back in range(edges)]
        await self.writer.insert(
            {
                "mesh_decisions": decision_columns(decisions, self.name),
                "mesh_edges": edge_columns(seconds, self.name),
            }
        )

    def calls(self) -> int:
        return sum(each.stats.count for each in self.engine.live.graph(NOW).edges)


def places(side: Side) -> set[tuple[str, str, str]]:
    return {(each.service, each.address, each.version) for each in side.engine.live.endpoints(NOW, 10.0)}


Play = Callable[[Callable[..., Side]], Awaitable[None]]


def played(store: Store, play: Play) -> None:
    @asynccontextmanager
    async def sides() -> AsyncIterator[Callable[..., Side]]:
        reader, writer = Reader(store, threads=1), Writer(store)
        try:
            yield lambda name, **given: Side(name, reader, writer, **given)
        finally:
            reader.close()
            writer.close()

    async def run() -> None:
        async with sides() as side:
            await play(side)

    asyncio.run(run())


def test_one_that_joins_late_has_members_calls_stages_and_ejections(database: Database, store: Store) -> None:
    async def play(side: Callable[..., Side]) -> None:
        a = side("A")
        a.engine.connect("1", BACK, "10.0.0.1", NOW)
        a.engine.connect("2", Node(BACK_ID, "b2", "10.0.0.2:80"), "10.0.0.2", NOW)
        await a.sync.publish()
        out = ejection(NOW - 2, "back", "10.0.0.1:80", NOW + 3)
        await a.store(out, stage_decision(NOW - 1, "back", "route", 30), edges=5)
        b = side("B")
        await b.sync.read()
        assert places(b) == places(a) == {("back", "10.0.0.1:80", "v1"), ("back", "10.0.0.2:80", "")}
        assert b.calls() == 10
        tick = b.engine.tick(NOW)
        back = tick.snapshot.services[BACK_ID]
        assert (back.stage, back.percent) == (Stage.ROUTE, 30)
        assert [each.healthy for each in back.endpoints] == [False, True]
        assert [made.kind for made in tick.decisions] == ["eject"]
        assert "collector A ejected it" in tick.decisions[0].reason

    played(store, play)


def test_each_second_counts_once_however_often_and_late_it_is_read(database: Database, store: Store) -> None:
    async def play(side: Callable[..., Side]) -> None:
        a, b = side("A"), side("B")
        await a.store(edges=3)
        await b.store(edges=3)  # its own, which it has counted itself
        for _ in range(3):
            await b.sync.read()
        assert b.calls() == 6
        users = [edge(int(NOW) - 15, "user"), edge(int(NOW) - 14, "user")]
        await a.writer.insert({"mesh_edges": edge_columns(users[:1], "A")})
        await b.sync.read()
        await a.writer.insert({"mesh_edges": edge_columns(users[1:], "A")})
        await side("C").store(edges=20)
        await b.sync.read()
        await b.sync.read()
        assert b.calls() == 6 + 4 + 40

    played(store, play)


def test_what_was_ejected_and_is_back_is_not_taken_over(database: Database, store: Store) -> None:
    async def play(side: Callable[..., Side]) -> None:
        a, b = side("A"), side("B")
        a.engine.connect("1", BACK, "10.0.0.1", NOW)
        a.engine.connect("2", Node(BACK_ID, "b2", "10.0.0.2:80"), "10.0.0.2", NOW)
        await a.sync.publish()
        await a.store(
            ejection(NOW - 3, "back", "10.0.0.1:80", NOW + 3),
            Decision(NOW - 1, BACK_ID, "back again", Return(), "10.0.0.1:80"),
            ejection(NOW - 1, "back", "10.0.0.2:80", NOW + 3, collector="B"),
            ejection(NOW - 9, "back", "10.0.0.2:80", NOW - 4),
        )
        await b.sync.read()
        back = b.engine.tick(NOW).snapshot.services[BACK_ID]
        assert [each.healthy for each in back.endpoints] == [True, True]

    played(store, play)


def test_stages_that_mesh_yaml_overruled_or_nobody_understands_are_left_out(
    database: Database, store: Store
) -> None:
    async def play(side: Callable[..., Side]) -> None:
        a, b = side("A"), side("B", file_since=NOW - 5)
        await a.store(
            stage_decision(NOW - 6, "back", "route", 30),
            stage_decision(NOW - 1, "front", "flying", 30),
            stage_decision(NOW - 1, "cart", "route", 130),
            stage_decision(NOW - 1, "shop", "route", 9, "mesh.yaml"),
            stage_decision(NOW - 1, "cash", "advise", 0, "guard"),
        )
        await b.sync.read()
        assert [made.service for made in b.engine.decisions()] == ["cash"]

    played(store, play)


def test_two_of_one_name_are_told_apart_and_said_so(
    database: Database, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async def play(side: Callable[..., Side]) -> None:
        a, again = side("A"), side("A")
        await a.sync.publish()
        for _ in range(2):
            await again.sync.read()

    with caplog.at_level(logging.ERROR):
        played(store, play)
    (said,) = [record.getMessage() for record in caplog.records]
    assert "give each its own with --name" in said


def test_a_store_that_is_gone_leaves_what_is_known_and_is_told_once(
    database: Database, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async def play(side: Callable[..., Side]) -> None:
        a, b = side("A"), side("B")
        a.engine.connect("1", BACK, "10.0.0.1", NOW)
        await a.sync.publish()
        await b.sync.read()
        b.down = True
        task = asyncio.create_task(b.sync.run())
        while b.stats.value("spanmesh_other_collectors_errors_total") < 2:
            await asyncio.sleep(0.01)
        assert [each.message for each in caplog.records if "is stale" in each.message] == [
            "cannot reach the store, the state of other collectors is stale: gone"
        ]
        b.down = False
        while not any("is fresh" in each.message for each in caplog.records):
            await asyncio.sleep(0.01)
        b.sync.stop()
        await task
        assert places(b) == {("back", "10.0.0.1:80", "v1")}

    played(store, play)


def test_two_collectors_with_a_sidecar_each_are_one_mesh(
    database: Database, store: Store, tmp_path: Path
) -> None:
    """Processes and sockets: members, a stage and calls of each reach the other; one joins late."""
    collectors: list[Collector] = []

    def addresses(collector: Collector) -> set[str]:
        return {each["address"] for each in collector.get("/api/mesh/endpoints")["endpoints"]}

    def join(name: str, url: str) -> Collector:
        joined = started(tmp_path / name, clickhouse=url, name=name, retention_days=RETENTION_DAYS)
        collectors.append(joined)
        return joined

    async def play(url: str) -> None:
        wait = asyncio.to_thread
        a = await wait(join, "A", url)
        async with lone_sidecar(service="back", mesh=a.options["grpc"]) as back:
            place = f"127.0.0.1:{back.inbound}"
            await wait(until, lambda: place in addresses(a), "the sidecar at A")
            await wait(a.put, "/api/mesh/stages", {"service": "back", "stage": "advise"})
            b = await wait(join, "B", url)
            await wait(until, lambda: place in addresses(b), "A's sidecar at B")
            assert (await wait(stage, b, "back"))["stage"] == "advise"
            async with lone_sidecar(service="front", mesh=b.options["grpc"]) as front:
                mine = {place, f"127.0.0.1:{front.inbound}"}
                await wait(until, lambda: addresses(a) == addresses(b) == mine, "both endpoints at both")
                await wait(b.put, "/api/mesh/stages", {"service": "back", "stage": "route", "percent": 20})
                await wait(until, lambda: stage(a, "back")["percent"] == 20, "B's change at A")
                body = client_metrics([0.01] * 7, endpoint=place).SerializeToString()
                await wait(b.post, "/v1/metrics", body)
                await wait(until, lambda: seen(a) == seen(b) == 7, "B's calls in A's graph")
            assert await wait(b.end) == 0
            await wait(until, lambda: addresses(a) == {place}, "what was B's to be gone")

    try:
        with serving(store) as server:  # type: ignore[arg-type]
            asyncio.run(play(server.url()))
            for collector in collectors:
                if collector.process.poll() is None:
                    assert collector.end() == 0
    finally:
        for collector in collectors:
            collector.process.kill()


def stage(collector: Collector, service: str) -> dict[str, object]:
    found: dict[str, dict[str, object]] = {
        each["service"]: each for each in collector.get("/api/mesh/stages")["stages"]
    }
    return found[service]


def seen(collector: Collector) -> int:
    edges = collector.get("/api/mesh/graph")["edges"]
    return sum(each["count"] for each in edges if (each["source"], each["target"]) == ("front", "back"))
