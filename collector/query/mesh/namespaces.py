"""Namespaces of services, from the resources of their spans: ``service.namespace``, else
``k8s.namespace.name``. Sidecars send theirs when they connect; this is for all the others, and for the past.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from collector.query.bounded_reader import BoundedReader
from collector.query.errors import TryLaterError
from collector.query.params import Window
from collector.query.sql import Sql
from proxy.contract import attributes as names
from topology.model import NodeView

FRESH: Final = 30.0  # seconds that what is known of now is good for
_PATIENCE: Final = 0.5  # seconds that the first who ask wait for it
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
        self._clock = clock
        self._held: ByService | None = None
        self._asked = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def within(self, window: Window) -> ByService:
        """Namespaces by service on the days of a window. Raises TryLaterError."""
        rows = await self._store.rows(
            _FOUND.bind(start=window.start // 1_000_000, end=window.end // 1_000_000, keys=_KEYS)
        )
        return _by_service(rows)

    async def recent(self) -> ByService:
        """Namespaces by service today and yesterday, as known a moment ago: a slow store keeps nobody
        waiting."""
        now = self._clock()
        if now - self._asked >= FRESH and (self._asking is None or self._asking.done()):
            self._asked = now
            self._asking = asyncio.create_task(self._ask(now))
        if self._held is None and self._asking is not None:
            await asyncio.wait({self._asking}, timeout=_PATIENCE)
        return self._held or {}

    async def _ask(self, now: float) -> None:
        with suppress(TryLaterError):
            self._held = await self.within(Window(int(now - _DAY) * 1_000_000, int(now) * 1_000_000))


def _by_service(rows: Iterable[tuple[Any, ...]]) -> ByService:
    found: dict[str, dict[str, set[str]]] = {}
    for service, key, value in rows:
        found.setdefault(service, {}).setdefault(key, set()).add(value)
    return {
        service: tuple(sorted(next(values[key] for key in _KEYS if key in values)))
        for service, values in found.items()
    }


def with_namespaces(nodes: tuple[NodeView, ...], found: ByService) -> tuple[NodeView, ...]:
    """Nodes with their namespaces; those that their own sidecars were started with stay."""
    return tuple(
        replace(node, namespaces=found[node.name]) if not node.namespaces and node.name in found else node
        for node in nodes
    )
