"""Members of each collector as rows of mesh_members: what this one stores, and what others do. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from proxy.contract.address import split_address
from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from topology.registry.sources import Member

# Seconds between two complete publications: a collector that joins knows all members after one.
AGAIN: Final = 10.0
# Seconds of silence after which a collector's members are dropped: ten of its rows did not come.
LOST: Final = 10.0

Members = Mapping[ServiceId, tuple[Member, ...]]
Row = Sequence[Any]


class OwnMembers:
    """The rows this collector publishes: changes at once, everything once in a while."""

    def __init__(self, collector: str, run: str) -> None:
        self._collector = collector
        self._run = run
        self._members: Members = {}
        self._all = float("-inf")

    def columns(self, members: Members, now: float) -> dict[str, list[Any]]:
        """Return the columns of mesh_members to store now; ``confirm`` once they are stored.

        The first row, without a service, is a sign of life.
        """
        # Everything once in a while, so that a reader need not go further back in the table than that to know
        # all.
        everything = now - self._all >= AGAIN
        changed = [
            name
            for name in sorted(members.keys() | self._members.keys())
            if everything or members.get(name) != self._members.get(name)
        ]
        # The sign of life is a row of its own kind, as a collector without any sidecar lives as well.
        services = [ServiceId(), *changed]
        found = [members.get(name, ()) for name in services]
        return {
            "Collector": [self._collector] * len(services),
            "Run": [self._run] * len(services),
            "Service": services,
            # False says that the last member of a service has left: a missing row would say nothing.
            "Present": [name in members for name in services],
            "Address": [[each.address for each in group] for group in found],
            "State": [[each.state.value for each in group] for group in found],
            "App": [[_shared(each.app) for each in group] for group in found],
            "Instance": [[each.instance for each in group] for group in found],
            "Version": [[each.version for each in group] for group in found],
            "Zone": [[each.zone for each in group] for group in found],
        }

    # Apart from ``columns``, as the insert may fail: what was not stored is published again with the next
    # second.
    def confirm(self, members: Members, now: float) -> None:
        """Note that these members are stored."""
        # The same ``now`` as in ``columns``, so this is true exactly when everything was published.
        if now - self._all >= AGAIN:
            self._all = now
        self._members = members


def _shared(app: str) -> str:
    # An application on a loopback address is known by it to its own machine only.
    return "" if app and split_address(app)[0] in ("127.0.0.1", "::1", "localhost") else app


@dataclass(slots=True)
class _Collector:
    quiet: float = 0.0  # seconds of looking without a sign of life
    newest: float = 0.0
    services: dict[ServiceId, tuple[Member, ...]] = field(default_factory=dict)


class RemoteMembers:
    """The members of all other collectors, from rows in order of time."""

    def __init__(self, collector: str, run: str) -> None:
        self._collector = collector
        self._run = run
        self._others: dict[str, _Collector] = {}
        self.namesake = False
        """True once another process stores under the name of this one."""

    @property
    def collectors(self) -> int:
        """The number of other collectors."""
        return len(self._others)

    def take(self, rows: Iterable[Row], looked: float) -> dict[str, Members]:
        """Return the members of each collector where they changed, ``looked`` seconds after the last look.

        A collector is lost by silence alone, and only while the store answers: without the store
        nobody can be heard.
        """
        changed = set()
        for other in self._others.values():
            other.quiet += looked
        for time, collector, run, name, present, *columns in rows:
            service = ServiceId.parse(name)
            if collector == self._collector:
                self.namesake = self.namesake or run != self._run
                continue
            held = self._others.setdefault(collector, _Collector())
            # Reads overlap: an old row that comes again is no sign of life.
            if time > held.newest:
                held.quiet, held.newest = 0.0, time
            if not service:
                continue
            members = tuple(_member(service, *each) for each in zip(*columns, strict=True))
            if present and held.services.get(service) != members:
                held.services[service] = members
                changed.add(collector)
            elif not present and held.services.pop(service, None) is not None:
                changed.add(collector)
        lost = [name for name, held in self._others.items() if held.quiet >= LOST]
        for name in lost:
            del self._others[name]
        # Copies: the engine keeps what it gets, and ``services`` is changed by the next look.
        found: dict[str, Members] = {name: dict(self._others[name].services) for name in changed - set(lost)}
        return found | {name: {} for name in lost}


def _member(
    service: ServiceId, address: str, state: str, app: str, instance: str, version: str, zone: str
) -> Member:
    # A collector of a later version may store a state that this one does not know; then no calls are sent
    # there.
    known = EndpointState(state) if state in list(EndpointState) else EndpointState.UNREADY
    return Member(service, address, known, app, instance, version, zone)
