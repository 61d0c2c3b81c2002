"""Which endpoints exist: sidecars for as long as their stream lives, static ones from the policy.

Being connected is being registered. An endpoint whose stream ended without a word stays for a
grace period (a collector restart or a broken line is not a dead service); one that said it was
draining leaves with its stream.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address

from proxy.contract.address import join_address, split_address
from proxy.contract.model import Node, NodeState
from topology.model import Decision, EndpointState

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

    @property
    def available(self) -> bool:
        """Whether it may be sent new requests, ejections aside."""
        return self.state in (EndpointState.HEALTHY, EndpointState.GONE)


@dataclass(slots=True)
class _Stream:
    node: Node
    gone: float | None = None


class Registry:
    """Sidecars by stream, and what follows from them: members by service, services by address."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._streams: dict[str, _Stream] = {}
        self._static: dict[str, tuple[str, ...]] = {}
        self._members: dict[str, tuple[Member, ...]] = {}
        self._addresses: dict[str, tuple[str, str]] = {}
        self._instances: dict[str, str] = {}
        self._sidecars: frozenset[str] = frozenset()

    def connect(self, stream: str, node: Node, peer_host: str, now: float) -> list[Decision]:
        """A sidecar's node on a stream, new or changed. A later stream of one instance replaces it."""
        node = located(node, peer_host)
        before = self._streams.get(stream)
        known = {m.address for m in self._members.get(node.service, ()) if m.origin == "sidecar"}
        for other in [key for key, held in self._streams.items() if key != stream and _same(held.node, node)]:
            del self._streams[other]
        self._streams[stream] = _Stream(node)
        self._rebuild()
        if not node.address or (before is not None and before.node == node):
            return []
        return _announced(node, before.node.state if before else None, node.address in known, now)

    def disconnect(self, stream: str, now: float) -> None:
        """The stream ended; what was draining is gone with it."""
        held = self._streams.get(stream)
        if held is None:
            return
        if held.node.state is NodeState.DRAINING or not held.node.address:
            del self._streams[stream]
        else:
            held.gone = now
        self._rebuild()

    def set_static(self, endpoints: Mapping[str, tuple[str, ...]]) -> None:
        """Endpoints the policy lists, by service."""
        self._static = dict(endpoints)
        self._rebuild()

    def sweep(self, now: float) -> list[Decision]:
        """Forget what has been gone for longer than the grace period."""
        over = [
            key for key, held in self._streams.items()
            if held.gone is not None and now - held.gone >= self._grace
        ]
        decisions = []
        for key in over:
            node = self._streams.pop(key).node
            reason = f"{node.address} left: its stream ended {self._grace:g} s ago and did not come back"
            decisions.append(Decision(now, "leave", node.service, reason, node.address))
        if over:
            self._rebuild()
        return decisions

    def services(self) -> Mapping[str, tuple[Member, ...]]:
        """Members by service; a service whose sidecars only send has none."""
        return self._members

    def has_sidecar(self, service: str) -> bool:
        """Whether a sidecar of this service is, or was a moment ago, connected."""
        return service in self._sidecars

    def resolve(self, address: str) -> tuple[str, str] | None:
        """Service and endpoint address behind an endpoint's or an application's ``host:port``."""
        return self._addresses.get(address)

    def address_of(self, instance: str) -> str:
        """Endpoint address of an instance, empty when unknown."""
        return self._instances.get(instance, "")

    def _rebuild(self) -> None:
        members: dict[str, dict[str, Member]] = {}
        for held in self._streams.values():
            node = held.node
            found = members.setdefault(node.service, {})
            if node.address:
                found[node.address] = _member(held)
        self._sidecars = frozenset(members)
        for service, addresses in self._static.items():
            found = members.setdefault(service, {})
            taken = set(found) | {member.app for member in found.values()}
            for address in addresses:
                if address not in taken:
                    found[address] = Member(service, address, origin="static")
        self._members = {name: tuple(found.values()) for name, found in members.items()}
        self._index(member for found in self._members.values() for member in found)

    def _index(self, members: Iterable[Member]) -> None:
        self._addresses, self._instances = {}, {}
        for member in members:
            place = (member.service, member.address)
            self._addresses[member.address] = place
            if member.app:
                self._addresses.setdefault(member.app, place)
            if member.instance:
                self._instances[member.instance] = member.address


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
        node.service, node.address, state, node.app, node.instance, node.version, node.zone
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
