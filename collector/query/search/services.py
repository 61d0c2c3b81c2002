"""Names of services and of their operations, as the store keeps them beside the spans."""

from typing import Final

from collector.query.bounded_reader import BoundedReader
from collector.query.sql import Sql

_SERVICES: Final = Sql("SELECT DISTINCT toString(ServiceName) AS name FROM mesh_operations ORDER BY name")
# Four names a place: 022_mesh_operations.sql bounds what a service with endless names can take.
_OPERATIONS: Final = Sql("""
SELECT arrayJoin(groupUniqArrayArray(names)) AS name, kind
FROM (
    SELECT lower(SpanKind) AS kind, groupUniqArrayMerge(4)(Names) AS names
    FROM mesh_operations
    WHERE ServiceName = {service:String} AND ({kind:String} = '' OR kind = {kind:String})
    GROUP BY kind, Place
)
GROUP BY kind
ORDER BY name, kind
""")


async def services(store: BoundedReader) -> list[str]:
    """Every service that sent a span, in order of name."""
    return [row[0] for row in await store.rows(_SERVICES)]


async def operations(store: BoundedReader, service: str, kind: str = "") -> list[dict[str, str]]:
    """Operations of a service as Jaeger gives them: ``name`` and ``spanKind`` in lower case.

    Of many thousand names not all are kept: mesh_operations is bounded.
    """
    rows = await store.rows(_OPERATIONS.bind(service=service, kind=kind))
    return [{"name": name, "spanKind": "" if kind == "unspecified" else kind} for name, kind in rows]
