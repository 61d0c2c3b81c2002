"""The endpoints that exist: those of all sources, merged in order of precedence."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from proxy.contract.decisions.evidence import Departure, Registration
from proxy.contract.model import Identity, Node, NodeState, another_process
from proxy.contract.service_id import ServiceId, ServiceNames
from topology.model.decisions import Decision
from topology.model.endpoints import EndpointOrigin
from topology.registry.addresses import Addresses
from topology.registry.reporters import Reporters
from topology.registry.sources import Member, Members, Source, merge
from topology.registry.streams import Streams, locate


class Registry:
    """Endpoints by service, services by address.

    A change touches its service alone. ``services`` is another mapping after each. A service that several
    sources spell in different case is one, spelled as the first to register it did.
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._streams = Streams(grace)
        # The last listing of each other source, or of each part of one (another collector is a part).
        self._listings: dict[tuple[Source, str], Members] = {}
        self._members: dict[ServiceId, tuple[Member, ...]] = {}
        self._addresses = Addresses()
        self._reporters = Reporters()
        self._names = ServiceNames(())

    def connect(self, stream: str, node: Node, peer_host: str, now: float) -> list[Decision]:
        """Take in a sidecar's node on a stream, new or changed."""
        node = replace(locate(node, peer_host), service=self.spelling(node.service))
        before = self._streams.node(stream)
        known = {
            member.address: member.identity
            for member in self._members.get(node.service, ())
            if member.origin is EndpointOrigin.SIDECAR
        }
        self._streams.put(stream, node)
        if before is not None and before.service != node.service:
            # A stream that names another service than before leaves the former one.
            self._rebuild(before.service)
        self._rebuild(node.service)
        if not node.address or before == node:
            return []
        return _announce(node, before.state if before else None, known.get(node.address), now)

    def disconnect(self, stream: str, now: float) -> None:
        """Note that a stream ended; an endpoint that was draining is gone with it."""
        node = self._streams.end(stream, now)
        if node is not None:
            self._rebuild(node.service)

    def set(self, source: Source, services: Members, part: str = "") -> None:
        """Replace the endpoints of a source, or of one ``part`` of a source with several.

        A service without endpoints exists all the same: its sidecars only send.
        """
        before = self._listings.get((source, part), {})
        services = self._spelled(services)
        if services:
            self._listings[source, part] = services
            # Kept in order of precedence here, where it changes rarely, so that every merge finds it
            # sorted.
            self._listings = dict(sorted(self._listings.items(), key=lambda listing: listing[0][0]))
        else:
            self._listings.pop((source, part), None)
        for service in before.keys() | services.keys():
            if before.get(service) != services.get(service):
                self._rebuild(service)

    def sweep(self, now: float) -> list[Decision]:
        """Forget endpoints whose stream ended longer ago than the grace period; return that as decisions."""
        decisions = []
        for key in self._streams.overdue(now):
            node = self._streams.drop(key)
            self._rebuild(node.service)
            if any(member.address == node.address for member in self._members.get(node.service, ())):
                continue  # another source still names it
            reason = f"{node.address} left: its stream ended {self._grace:g} s ago and did not come back"
            decisions.append(Decision(now, node.service, reason, Departure(), node.address))
        return decisions

    def services(self) -> Mapping[ServiceId, tuple[Member, ...]]:
        """Return endpoints by service; a service whose sidecars only send has none."""
        return self._members

    def own_members(self) -> dict[ServiceId, tuple[Member, ...]]:
        """Return the endpoints of sidecars connected to this collector, which other collectors are sent."""
        return {service: self._streams.members(service) for service in self._streams.services()}

    def has_sidecar(self, service: ServiceId) -> bool:
        """True if a sidecar of this service is, or was a moment ago, connected to a collector of the mesh."""
        if service in self._streams.services():
            return True
        return any(source.has_sidecars for source, _ in self._listings_of(service))

    def reports(self, service: ServiceId, instance: str) -> bool:
        """True if this sidecar is, or was a moment ago, connected to a collector of the mesh."""
        return self._reporters.knows(self.spelling(service), instance)

    def resolve(self, address: str) -> tuple[ServiceId, str] | None:
        """Return service and endpoint address behind an endpoint's or an application's ``host:port``."""
        return self._addresses.resolve(address)

    def with_sidecars(self) -> list[ServiceId]:
        """Return the services that have a sidecar at any collector, those that only send included."""
        return [service for service in self._members if self.has_sidecar(service)]

    def recognise(self, service: ServiceId) -> ServiceId:
        """Return the registered service that somebody means who may not know its namespace."""
        return service if service in self._members else self._names.recognise(service)

    def spelling(self, service: ServiceId) -> ServiceId:
        """Return a service as it is registered, whatever the case of its letters; else as it is written."""
        return service if service in self._members else self._names.spelling(service)

    def address_of(self, instance: str) -> str:
        """Return the endpoint address of an instance, empty when it is unknown."""
        return self._addresses.of_instance(instance)

    def _spelled(self, services: Members) -> dict[ServiceId, tuple[Member, ...]]:
        """Return a listing under the names by which its services are registered already."""
        spelled: dict[ServiceId, tuple[Member, ...]] = {}
        first: dict[str, ServiceId] = {}
        for service, members in services.items():
            known = self.spelling(service)
            # Also among themselves: a source may spell one service in two ways.
            known = first.setdefault(known.caseless, known)
            if known != service:
                members = tuple(replace(member, service=known) for member in members)
            spelled[known] = (*spelled.get(known, ()), *members)
        return spelled

    def _listings_of(self, service: ServiceId) -> Iterator[tuple[Source, tuple[Member, ...]]]:
        """Yield the endpoints of a service by sources other than streams, in order of precedence."""
        for (source, _), services in self._listings.items():
            if service in services:
                yield source, services[service]

    def _rebuild(self, service: ServiceId) -> None:
        """Merge the endpoints of one service again, into a new mapping if they changed.

        Readers see by the mapping's identity that something changed: at every tick, for every sidecar.
        """
        listings = list(self._listings_of(service))
        remote = [members for source, members in listings if source.has_sidecars]
        self._reporters.set(
            service,
            self._streams.instances(service),
            ((member.instance for member in members) for members in remote),
        )
        exists = bool(listings) or service in self._streams.services()
        before = self._members.get(service)
        after = merge([(Source.STREAMS, self._streams.members(service)), *listings]) if exists else None
        if before == after:
            return
        for member in before or ():
            self._addresses.remove(member)
        members = {**self._members, service: after or ()}
        if after is None:
            del members[service]
        self._members = members
        # Names change only when a service comes or goes; most changes are of endpoints.
        if before is None or after is None:
            self._names = ServiceNames(members)
        for member in after or ():
            self._addresses.add(member)


def _announce(node: Node, before: NodeState | None, known: Identity | None, now: float) -> list[Decision]:
    if node.state is NodeState.READY:
        text = "registered" if known is None else "is ready again"
        if known is not None and before in (None, NodeState.READY):
            if not another_process(known, (node.instance, node.generation)):
                return []
            text = "is another process than before: nothing that was learned of that one holds for it"
        return [Decision(now, node.service, f"{node.address} {text}", Registration(), node.address)]
    if node.state is before:
        return []
    why = "is draining" if node.state is NodeState.DRAINING else "is not ready"
    reason = f"{node.address} {why}: it gets nothing new"
    return [Decision(now, node.service, reason, Departure(), node.address)]
