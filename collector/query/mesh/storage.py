"""GET /api/mesh/store: what the store holds, how much disk it takes, and what waits in the spool."""

from typing import Any, Final

from aiohttp import web

from collector.query.bounded_reader import BoundedReader
from collector.query.replies import ok
from collector.query.sql import Sql
from collector.stats import Stats

# min_time and max_time of a part are those of its partition key where that is a time.
_TABLES: Final = Sql("""
SELECT replaceRegexpOne(table, '_local$', '') AS name, sum(rows), sum(bytes_on_disk), count(),
    toUnixTimestamp(minIf(least(toDateTime(min_date), if(min_time = 0, toDateTime(min_date), min_time)),
        toYear(min_date) > 1970))
FROM system.parts
WHERE active AND database = currentDatabase() AND match(table, '^(otel|mesh)_')
GROUP BY name
ORDER BY sum(bytes_on_disk) DESC, name
""")
_DISK: Final = Sql("SELECT sum(free_space), sum(total_space) FROM system.disks")
_OLDEST: Final = Sql("""
SELECT name, oldest FROM (
    SELECT 'otel_traces' AS name, toUnixTimestamp(min(Start)) AS oldest, count() AS rows
    FROM otel_traces_trace_id_ts
    UNION ALL SELECT 'mesh_edges', toUnixTimestamp(min(Time)), count() FROM mesh_edges_minute
) WHERE rows > 0
""")
_SPOOL: Final = {
    "bytes": "spanmesh_spool_bytes",
    "segments": "spanmesh_spool_segments",
    "oldest_seconds": "spanmesh_spool_oldest_seconds",
    "lost_bytes": "spanmesh_spool_lost_bytes",
}


class StorageRoutes:
    """The handler over the store's own books and the collector's gauges."""

    def __init__(self, store: BoundedReader, stats: Stats) -> None:
        self._store = store
        self._stats = stats

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/mesh/store", self.storage)]

    async def storage(self, request: web.Request) -> web.Response:
        rows = await self._store.rows(_TABLES)
        oldest = dict(await self._store.rows(_OLDEST))
        ((free, total),) = await self._store.rows(_DISK)
        tables = [
            {
                "name": name,
                "rows": count,
                "bytes": size,
                "parts": parts,
                "oldest": oldest.get(name) or (since if since > 0 else None),
            }
            for name, count, size, parts, since in rows
        ]
        return ok({"tables": tables, "disk": {"free": free, "total": total}, "spool": self._spool()})

    def _spool(self) -> dict[str, Any]:
        """What waits to be stored; names whose gauge this collector lacks are left out."""
        found = {name: self._stats.gauge(gauge) for name, gauge in _SPOOL.items()}
        return {name: round(value) for name, value in found.items() if value is not None}
