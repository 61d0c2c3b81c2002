"""Names of services and of their operations, as the store keeps them beside the spans."""

from collections.abc import Sequence
from typing import Final

from collector.query.bounded_reader import BoundedReader
from collector.query.sql import Sql
from collector.query.stored_services import of_ids
from proxy.contract.service_id import ServiceId, ServiceNames

_SERVICES: Final = Sql("SELECT DISTINCT toString(ServiceName) AS name FROM mesh_operations ORDER BY name")
# Four names a place: 022_mesh_operations.sql bounds what a service with endless names can take.
_OPERATIONS: Final = Sql("""
SELECT toValidUTF8(arrayJoin(groupUniqArrayArray(names))) AS name, kind
FROM (
    SELECT lower(SpanKind) AS kind, groupUniqArrayMerge(4)(Names) AS names
    FROM mesh_operations
    WHERE {service} AND ({kind:String} = '' OR kind = {kind:String})
    GROUP BY kind, Place
)
GROUP BY kind
ORDER BY name, kind
""")


async def services(store: BoundedReader) -> list[str]:
    """Return every service that sent a span, in order of name: in full where several have its name."""
    return shown([ServiceId(row[0]) for row in await store.rows(_SERVICES)])


def shown(services: Sequence[ServiceId]) -> list[str]:
    """Return the services as a search takes them: by plain names where one namespace has them at most."""
    names = ServiceNames(services)
    texts = set()
    for service in services:
        several = sum(bool(each.namespace) for each in names.with_name(service.name)) > 1
        texts.add(str(service) if several else service.name)
    return sorted(texts)


async def operations(store: BoundedReader, service: str, kind: str = "") -> list[dict[str, str]]:
    """Operations of a service as Jaeger gives them: ``name`` and ``spanKind`` in lower case.

    Of many thousand names not all are kept: mesh_operations is bounded.
    """
    rows = await store.rows(_OPERATIONS.fill(service=of_ids("ServiceName", service)).bind(kind=kind))
    return [{"name": name, "spanKind": "" if kind == "unspecified" else kind} for name, kind in rows]
