"""GET /api/mesh/store: rows and disk of the stored tables, and what waits in the spool."""

from collections.abc import Mapping
from typing import Final, Literal

from aiohttp import web

from collector.query.bounded_reader import BoundedReader
from collector.query.serving import ApiRequest, serve
from collector.query.sql import Sql
from collector.stats import Stats
from proxy.contract.api.routes import STORAGE
from proxy.contract.api.storage import Spool, Storage, StoredTable

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
_SPOOL: Final[Mapping[Literal["bytes", "segments", "oldest_seconds", "lost_bytes"], str]] = {
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
        return [serve(STORAGE, self.storage)]

    async def storage(self, request: ApiRequest) -> Storage:
        rows = await self._store.rows(_TABLES)
        oldest = dict(await self._store.rows(_OLDEST))
        ((free, total),) = await self._store.rows(_DISK)
        tables: list[StoredTable] = [
            {
                "name": name,
                "rows": count,
                "bytes": size,
                "parts": parts,
                "oldest": oldest.get(name) or (since if since > 0 else None),
            }
            for name, count, size, parts, since in rows
        ]
        return {"tables": tables, "disk": {"free": free, "total": total}, "spool": self._spool()}

    def _spool(self) -> Spool:
        """Return the bytes and the age that wait to be stored; names whose gauge this collector lacks are
        left out."""
        spool: Spool = {}
        for name, gauge in _SPOOL.items():
            value = self._stats.read_gauge(gauge)
            if value is not None:
                spool[name] = round(value)
        return spool
