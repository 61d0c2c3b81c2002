"""What the store holds, over HTTP."""

import asyncio

from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application

from collector.clickhouse.database import Database
from collector.clickhouse.database import Store as Sessions
from collector.clickhouse.reader import Reader
from collector.query.bounded_reader import BoundedReader
from collector.query.mesh.storage import StorageRoutes
from collector.stats import Stats
from tests.collector.made import NOW

HOUR = 3600 * 10**9


def test_rows_disk_oldest_and_spool_are_told(database: Database, store: Sessions) -> None:
    database.insert("otel_traces", {"Timestamp": [NOW, NOW - HOUR], "TraceId": ["t", "u"]})
    stats = Stats()
    stats.add_gauge("spanmesh_spool_bytes", lambda: 7.0)

    async def run() -> dict[str, object]:
        reader = Reader(store)
        app = Application()
        app.add_routes(StorageRoutes(BoundedReader(reader), stats).routes())
        async with TestClient(TestServer(app)) as client:
            answer = await client.get("/api/mesh/store")
            assert answer.status == 200
            found: dict[str, object] = await answer.json()
        reader.close()
        return found

    found = asyncio.run(run())
    tables = {row["name"]: row for row in found["tables"]}  # type: ignore[attr-defined]
    traces = tables["otel_traces"]
    assert (traces["rows"], traces["oldest"]) == (2, (NOW - HOUR) // 10**9)
    assert traces["bytes"] > 0
    assert found["spool"] == {"bytes": 7}
    assert 0 < found["disk"]["free"] < found["disk"]["total"]  # type: ignore[index]
