"""Namespaces of services, from the resources of their spans: ``service.namespace``, else
``k8s.namespace.name``. Sidecars send theirs when they connect; this is for all the others, and for the past.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from collector.query.bounded_reader import BoundedReader
from collector.query.params import Window
from collector.query.recent_answer import RecentAnswer
from collector.query.sql import Sql
from proxy.contract import attributes as names
from proxy.contract.service_id import ServiceId
from topology.model.graph import Kind, NodeView

_DAY: Final = 86_400
_KEYS: Final = (names.NAMESPACE, names.K8S_NAMESPACE)

_FOUND: Final = Sql("""
SELECT toString(ServiceName), toString(Key), tupleElement(max(Top), 2)
FROM mesh_attributes
WHERE Day >= toDate(toDateTime({start:Int64})) AND Day <= toDate(toDateTime({end:Int64}))
    AND Scope = 'resource' AND Key IN {keys:Array(String)}
GROUP BY ServiceName, Key, Place
""")

ByService = Mapping[str, tuple[str, ...]]


class Namespaces:
    """``clock`` gives epoch seconds."""

    def __init__(self, store: BoundedReader, clock: Callable[[], float]) -> None:
        self._store = store
        self._recent: RecentAnswer[ByService] = RecentAnswer(self._today_and_yesterday, {}, clock)

    async def within(self, window: Window) -> ByService:
        """Namespaces by service on the days of a window. Raises TryLaterError."""
        rows = await self._store.rows(
            _FOUND.bind(start=window.start // 1_000_000, end=window.end // 1_000_000, keys=_KEYS)
        )
        return _by_service(rows)

    async def recent(self) -> ByService:
        """Namespaces by service today and yesterday, as known a moment ago."""
        return await self._recent.get()

    async def _today_and_yesterday(self, now: float) -> ByService:
        return await self.within(Window(int(now - _DAY) * 1_000_000, int(now) * 1_000_000))


def _by_service(rows: Iterable[tuple[Any, ...]]) -> ByService:
    found: dict[str, dict[str, set[str]]] = {}
    for service, key, value in rows:
        # By the plain name: a node without a namespace shows those its spans name.
        found.setdefault(ServiceId(service).name, {}).setdefault(key, set()).add(value)
    return {
        service: tuple(sorted(next(values[key] for key in _KEYS if key in values)))
        for service, values in found.items()
    }


def with_namespaces(nodes: tuple[NodeView, ...], found: ByService) -> tuple[NodeView, ...]:
    """Nodes with their namespaces; those that are part of who they are stay."""
    return tuple(replace(node, namespaces=_namespaces(node, found)) for node in nodes)


def _namespaces(node: NodeView, found: ByService) -> tuple[str, ...]:
    if node.namespaces or node.kind is not Kind.SERVICE:
        return node.namespaces
    own = ServiceId(node.name).namespace
    return (own,) if own else found.get(node.name, ())
