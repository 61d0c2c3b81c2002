"""Names of services and of their operations, as the store keeps them beside the spans."""

from typing import Final

from collector.query.store import Store

_SERVICES: Final = "SELECT DISTINCT toString(ServiceName) AS name FROM mesh_operations ORDER BY name"
_OPERATIONS: Final = """
SELECT DISTINCT SpanName, lower(SpanKind) AS kind
FROM mesh_operations
WHERE ServiceName = {service:String} AND ({kind:String} = '' OR kind = {kind:String})
ORDER BY SpanName, kind
"""


async def services(store: Store) -> list[str]:
    """Every service that sent a span, in order of name."""
    return [row[0] for row in await store.rows(_SERVICES, {})]


async def operations(store: Store, service: str, kind: str = "") -> list[dict[str, str]]:
    """Operations of a service as Jaeger gives them: ``name`` and ``spanKind`` in lower case."""
    rows = await store.rows(_OPERATIONS, {"service": service, "kind": kind})
    return [{"name": name, "spanKind": "" if kind == "unspecified" else kind} for name, kind in rows]
