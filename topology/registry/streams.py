"""Sidecars by their streams: being connected is being registered.

An endpoint whose stream ended without notice stays for a grace period; one that said it was draining
leaves with its stream. The grace period is there because an ended stream proves little: the collector
restarted, the connection broke, or the sidecar moved to another collector, while the service runs on. An
endpoint that is really dead does not need the registry to notice: sidecars fail over at once, and outlier
tests eject it. So the period is long enough for a sidecar to reconnect.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address

from proxy.contract.address import join_address, split_address
from proxy.contract.model import EndpointState, Node, NodeState
from proxy.contract.service_id import ServiceId
from topology.registry.sources import Member

_STATES = {
    NodeState.READY: EndpointState.HEALTHY,
    NodeState.UNREADY: EndpointState.UNREADY,
    NodeState.DRAINING: EndpointState.DRAINING,
}


@dataclass(slots=True)
class Stream:
    """A sidecar's stream; ``gone`` is when it ended (epoch seconds), None while it lives."""

    node: Node
    gone: float | None = None


class Streams:
    """Streams by their key, and by the service of their sidecar."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._by_key: dict[str, Stream] = {}
        self._by_service: dict[ServiceId, dict[str, Stream]] = {}

    def node(self, key: str) -> Node | None:
        """Return the node on a stream, None for an unknown stream."""
        stream = self._by_key.get(key)
        return None if stream is None else stream.node

    def put(self, key: str, node: Node) -> None:
        """Take in a node that is new or changed. A later stream of one instance replaces the former."""
        before = self._by_key.get(key)
        if before is not None and before.node.service != node.service:
            self.drop(key)
        of_service = self._by_service.get(node.service, {}).items()
        # A sidecar that reconnects before its old stream has timed out must not be two endpoints.
        for other in [each for each, stream in of_service if each != key and _same(stream.node, node)]:
            self.drop(other)
        stream = self._by_key[key] = Stream(node)
        self._by_service.setdefault(node.service, {})[key] = stream

    def end(self, key: str, now: float) -> Node | None:
        """Note that a stream ended; return its node, None for an unknown stream."""
        stream = self._by_key.get(key)
        if stream is None:
            return None
        # It said that it would leave; a sidecar that only sends has no endpoint that could be missed.
        if stream.node.state is NodeState.DRAINING or not stream.node.address:
            self.drop(key)
        else:
            stream.gone = now
        return stream.node

    def overdue(self, now: float) -> list[str]:
        """Return the keys of streams that ended longer ago than the grace period."""
        return [
            key
            for key, stream in self._by_key.items()
            if stream.gone is not None and now - stream.gone >= self._grace
        ]

    def drop(self, key: str) -> Node:
        """Forget a stream; return its node."""
        stream = self._by_key.pop(key)
        rest = self._by_service[stream.node.service]
        del rest[key]
        if not rest:
            del self._by_service[stream.node.service]
        return stream.node

    def services(self) -> Iterable[ServiceId]:
        """Return the services that have a stream, or had one within the grace period."""
        return self._by_service.keys()

    def instances(self, service: ServiceId) -> list[str]:
        """Return the instances of a service, those that only send included."""
        return [stream.node.instance for stream in self._by_service.get(service, {}).values()]

    def members(self, service: ServiceId) -> tuple[Member, ...]:
        """Return the endpoints of a service; sidecars that only send are none."""
        streams = self._by_service.get(service, {}).values()
        return tuple({s.node.address: _member(s) for s in streams if s.node.address}.values())


def _same(one: Node, other: Node) -> bool:
    if one.service != other.service:
        return False
    return one.instance == other.instance or (one.address != "" and one.address == other.address)


def _member(stream: Stream) -> Member:
    node = stream.node
    state = _STATES[node.state]
    # Unready and draining endpoints get nothing anyway: their own word is the better reason to show.
    if stream.gone is not None and state is EndpointState.HEALTHY:
        state = EndpointState.GONE
    return Member(
        node.service,
        node.address,
        state,
        node.app,
        node.instance,
        node.version,
        node.zone,
        generation=node.generation,
    )


def locate(node: Node, peer_host: str) -> Node:
    """Return the node with addresses that others can use.

    An unspecified host becomes the peer's. An application on a loopback address is known by it
    only to its own machine, so a remote sidecar's ``app`` is dropped.
    """
    address, app = _with_host(node.address, peer_host), _with_host(node.app, peer_host)
    if app and _loopback(split_address(app)[0]) and not _loopback(peer_host):
        app = ""
    return replace(node, address=address, app=app)


def _with_host(address: str, peer_host: str) -> str:
    if not address:
        return ""
    host, port = split_address(address)
    # One spelling for one address: what applications connect to is compared as text.
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
