"""Which endpoints exist: sidecars for as long as their stream lives, static ones from the policy.

Being connected is being registered. An endpoint whose stream ended without a word stays for a
grace period (a collector restart or a broken line is not a dead service); one that said it was
draining leaves with its stream.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address

from proxy.contract.address import join_address, split_address
from proxy.contract.model import EndpointState, Node, NodeState
from topology.model import Decision

_STATES = {
    NodeState.READY: EndpointState.HEALTHY,
    NodeState.UNREADY: EndpointState.UNREADY,
    NodeState.DRAINING: EndpointState.DRAINING,
}


@dataclass(frozen=True, slots=True)
class Member:
    """An endpoint that exists. ``state`` is what it says of itself, never an ejection."""

    service: str
    address: str
    state: EndpointState = EndpointState.HEALTHY
    app: str = ""
    instance: str = ""
    version: str = ""
    zone: str = ""
    origin: str = "sidecar"
    namespace: str = ""

    @property
    def available(self) -> bool:
        """Whether it may be sent new requests, ejections aside."""
        return self.state in (EndpointState.HEALTHY, EndpointState.GONE)


@dataclass(slots=True)
class _Stream:
    node: Node
    gone: float | None = None


# Addresses (or instances) to the (service, address) that go by them, the first to come first.
_Names = dict[str, dict[tuple[str, str], None]]


class Registry:
    """Sidecars by stream, and what follows from them: members by service, services by address.

    A change touches its service alone. ``services`` is another mapping after each.
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._streams: dict[str, _Stream] = {}
        self._by_service: dict[str, dict[str, _Stream]] = {}
        self._elsewhere: dict[str, dict[str, tuple[Member, ...]]] = {}
        self._static: dict[str, tuple[str, ...]] = {}
        self._members: dict[str, tuple[Member, ...]] = {}
        self._endpoints: _Names = {}
        self._apps: _Names = {}
        self._instances: _Names = {}
        self._reporters: dict[str, frozenset[str]] = {}

    def connect(self, stream: str, node: Node, peer_host: str, now: float) -> list[Decision]:
        """A sidecar's node on a stream, new or changed. A later stream of one instance replaces it."""
        node = located(node, peer_host)
        before = self._streams.get(stream)
        known = {m.address for m in self._members.get(node.service, ()) if m.origin == "sidecar"}
        if before is not None and before.node.service != node.service:
            self._drop(stream)
            self._rebuild(before.node.service)
        same = self._by_service.get(node.service, {}).items()
        for other in [key for key, held in same if key != stream and _same(held.node, node)]:
            self._drop(other)
        held = self._streams[stream] = _Stream(node)
        self._by_service.setdefault(node.service, {})[stream] = held
        self._rebuild(node.service)
        if not node.address or (before is not None and before.node == node):
            return []
        return _announced(node, before.node.state if before else None, node.address in known, now)

    def disconnect(self, stream: str, now: float) -> None:
        """The stream ended; what was draining is gone with it."""
        held = self._streams.get(stream)
        if held is None:
            return
        if held.node.state is NodeState.DRAINING or not held.node.address:
            self._drop(stream)
        else:
            held.gone = now
        self._rebuild(held.node.service)

    def set_static(self, endpoints: Mapping[str, tuple[str, ...]]) -> None:
        """Endpoints the policy lists, by service."""
        before, self._static = self._static, dict(endpoints)
        for service in before.keys() | endpoints.keys():
            if before.get(service) != endpoints.get(service):
                self._rebuild(service)

    def set_elsewhere(self, collector: str, services: Mapping[str, tuple[Member, ...]]) -> None:
        """All that is registered with another collector; a service whose sidecars only send has none."""
        before = self._elsewhere.get(collector, {})
        if services:
            self._elsewhere[collector] = dict(services)
        else:
            self._elsewhere.pop(collector, None)
        for service in before.keys() | services.keys():
            if before.get(service) != services.get(service):
                self._rebuild(service)

    def sweep(self, now: float) -> list[Decision]:
        """Forget what has been gone for longer than the grace period."""
        over = [
            key
            for key, held in self._streams.items()
            if held.gone is not None and now - held.gone >= self._grace
        ]
        decisions = []
        for key in over:
            node = self._drop(key).node
            self._rebuild(node.service)
            if any(member.address == node.address for member in self._members.get(node.service, ())):
                continue  # it is connected to another collector, or the policy names it
            reason = f"{node.address} left: its stream ended {self._grace:g} s ago and did not come back"
            decisions.append(Decision(now, "leave", node.service, reason, node.address))
        return decisions

    def services(self) -> Mapping[str, tuple[Member, ...]]:
        """Members by service; a service whose sidecars only send has none."""
        return self._members

    def own(self) -> dict[str, tuple[Member, ...]]:
        """The same of what is connected here: what other collectors are told."""
        return {
            service: tuple(_own(streams.values()).values()) for service, streams in self._by_service.items()
        }

    def has_sidecar(self, service: str) -> bool:
        """Whether a sidecar of this service is, or was a moment ago, connected here or elsewhere."""
        return service in self._by_service or any(service in held for held in self._elsewhere.values())

    def reports(self, service: str, instance: str) -> bool:
        """Whether this sidecar is, or was a moment ago, connected here or elsewhere: one stream, one witness.

        Of sidecars that only send other collectors tell no names: of their services anyone is believed.
        """
        known = self._reporters.get(service, ())
        return instance in known or "" in known

    def resolve(self, address: str) -> tuple[str, str] | None:
        """Service and endpoint address behind an endpoint's or an application's ``host:port``."""
        found = self._endpoints.get(address) or self._apps.get(address)
        return next(iter(found)) if found else None

    def address_of(self, instance: str) -> str:
        """Endpoint address of an instance, empty when unknown."""
        found = self._instances.get(instance)
        return next(iter(found))[1] if found else ""

    def _drop(self, stream: str) -> _Stream:
        held = self._streams.pop(stream)
        rest = self._by_service[held.node.service]
        del rest[stream]
        if not rest:
            del self._by_service[held.node.service]
        return held

    def _rebuild(self, service: str) -> None:
        """Make the members of one service anew, in a new mapping: readers tell a change by it."""
        self._count_reporters(service)
        before, after = self._members.get(service), self._found(service)
        if before == after:
            return
        for member in before or ():
            self._name(member, forget=True)
        members = {**self._members, service: after or ()}
        if after is None:
            del members[service]
        self._members = members
        for member in after or ():
            self._name(member)

    def _count_reporters(self, service: str) -> None:
        names = {held.node.instance for held in self._by_service.get(service, {}).values()}
        for held in self._elsewhere.values():
            if service in held:
                names.update(member.instance for member in held[service])
                names.update([] if held[service] else [""])
        self._reporters.pop(service, None)
        if names:
            self._reporters[service] = frozenset(names)

    def _found(self, service: str) -> tuple[Member, ...] | None:
        """Members of a service: own ones first, one of each address; None when nobody speaks of it."""
        found = _own(self._by_service.get(service, {}).values())
        for held in self._elsewhere.values():
            for member in held.get(service, ()):
                mine = found.get(member.address)
                if mine is None or (mine.state is EndpointState.GONE is not member.state):
                    found[member.address] = member
        taken = set(found) | {member.app for member in found.values()}
        static = self._static.get(service)
        for address in static or ():
            if address not in taken:
                found[address] = Member(service, address, origin="static")
        return tuple(found.values()) if self.has_sidecar(service) or static is not None else None

    def _name(self, member: Member, *, forget: bool = False) -> None:
        place = member.service, member.address
        for table, name in (
            (self._endpoints, member.address),
            (self._apps, member.app),
            (self._instances, member.instance),
        ):
            if name and not forget:
                table.setdefault(name, {})[place] = None
            elif name and name in table:
                table[name].pop(place, None)
                if not table[name]:
                    del table[name]


def _own(streams: Iterable[_Stream]) -> dict[str, Member]:
    return {held.node.address: _member(held) for held in streams if held.node.address}


def located(node: Node, peer_host: str) -> Node:
    """The node with addresses others can use.

    An unspecified host becomes the peer's. An application on a loopback address is known by it
    only to its own machine, so a remote sidecar's ``app`` is dropped.
    """
    address, app = _specified(node.address, peer_host), _specified(node.app, peer_host)
    if app and _loopback(split_address(app)[0]) and not _loopback(peer_host):
        app = ""
    return replace(node, address=address, app=app)


def _specified(address: str, peer_host: str) -> str:
    if not address:
        return ""
    host, port = split_address(address)
    if host == "localhost":
        return join_address("127.0.0.1", port)
    try:
        unspecified = ip_address(host).is_unspecified
    except ValueError:
        return address
    return join_address(peer_host, port) if unspecified else address


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _same(one: Node, other: Node) -> bool:
    if one.service != other.service:
        return False
    return one.instance == other.instance or (one.address != "" and one.address == other.address)


def _member(held: _Stream) -> Member:
    node = held.node
    state = _STATES[node.state]
    if held.gone is not None and state is EndpointState.HEALTHY:
        state = EndpointState.GONE
    return Member(
        node.service,
        node.address,
        state,
        node.app,
        node.instance,
        node.version,
        node.zone,
        namespace=node.namespace,
    )


def _announced(node: Node, before: NodeState | None, known: bool, now: float) -> list[Decision]:
    if node.state is NodeState.READY:
        if known and before in (None, NodeState.READY):
            return []
        text = "is ready again" if known else "registered"
        return [Decision(now, "register", node.service, f"{node.address} {text}", node.address)]
    if node.state is before:
        return []
    why = "is draining" if node.state is NodeState.DRAINING else "is not ready"
    return [Decision(now, "leave", node.service, f"{node.address} {why}: it gets nothing new", node.address)]
