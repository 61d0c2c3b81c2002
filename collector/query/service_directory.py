"""The services there are, in memory and in the store, and what a plain name means among them."""

from collections.abc import Callable, Iterable
from typing import Final

from collector.query.bounded_reader import BoundedReader
from collector.query.errors import BadValueError
from collector.query.recent_answer import RecentAnswer
from collector.query.sql import Sql
from collector.query.stored_services import is_plain
from proxy.contract.service_id import AmbiguousNameError, ServiceId, ServiceNames

_STORED: Final = Sql("SELECT DISTINCT toString(ServiceName) FROM mesh_operations")


class ServiceDirectory:
    """``live`` gives the services of the engine; the store is asked now and then."""

    def __init__(
        self, store: BoundedReader, live: Callable[[], Iterable[ServiceId]], clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._live = live
        self._stored: RecentAnswer[frozenset[ServiceId]] = RecentAnswer(self._ask, frozenset(), clock)

    async def known(self) -> frozenset[ServiceId]:
        """Return every service. One that was stored before its namespace was known is not another."""
        live = frozenset(self._live())
        names = ServiceNames(live)
        return live | {each for each in await self._stored.get() if names.recognise(each) == each}

    async def stored_name(self, text: str) -> str:
        """Return what to look for in the store: ``text`` as it is spelled there, in full where needed.

        Raises BadValueError, which lists the full names, for a plain name that several namespaces have.
        """
        # The store is not asked each time: what it got just now is spelled as its service registered.
        text = _spelling(text, await self._stored.get(), frozenset(self._live()))
        if not text or not is_plain(text):
            return text
        services = ServiceNames(await self.known()).with_name(text)
        if sum(bool(service.namespace) for service in services) < 2:
            return text
        if any(service.caseless == text.lower() for service in services):
            return f"/{text}"
        raise BadValueError(f"service: {AmbiguousNameError(text, services)}")

    async def _ask(self, now: float) -> frozenset[ServiceId]:
        return frozenset(ServiceId(row[0]) for row in await self._store.rows(_STORED))


def _spelling(text: str, *known: frozenset[ServiceId]) -> str:
    """Return a plain or full name in the case in which the first of these sets has it."""
    for services in known:
        names = {each.name for each in services} if is_plain(text) else services
        if text in names:
            return text
        others = [each for each in names if each.lower() == text.lower()]
        if others:
            return min(others)
    return text
