"""The table of resource types: how each is subscribed to, decoded, stored and removed, in order of sending.

Both ends use it: the server sends types in this order, a sidecar handles each as its row says.
A new type is a new row and a field of ``Received``.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from proxy.contract.model import Endpoint, MeshView, Service
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import assignments, clusters, inbound, protocol, routes
from proxy.contract.xds.inbound import InboundPolicy
from proxy.contract.xds.routes import Routes
from proxy.contract.xds.subscriptions import WILDCARD

T = TypeVar("T")


class Received:
    """All resources a sidecar holds, decoded."""

    def __init__(self) -> None:
        self.services: set[ServiceId] = set()
        self.inbound: InboundPolicy | None = None
        self._endpoints: dict[ServiceId, tuple[Endpoint, ...]] = {}
        self._routes: Routes | None = None

    def view(self) -> MeshView | None:
        """Return the services; None until clusters, endpoints and routes have all come once."""
        # All or nothing: a service whose endpoints have not come yet would look as if it had none.
        if self._routes is None or not self.services <= self._endpoints.keys():
            return None
        return {
            name: replace(self._routes.get(name) or Service(name), endpoints=self._endpoints[name])
            for name in sorted(self.services)
        }

    def add_cluster(self, name: str) -> None:
        """Note that a service exists."""
        if name != protocol.PASSTHROUGH:
            self.services.add(ServiceId.parse(name))

    def remove_clusters(self, names: Set[str]) -> None:
        """Forget services with their endpoints: no removal of those follows."""
        self.services = {service for service in self.services if service not in names}
        self._endpoints = {name: held for name, held in self._endpoints.items() if name in self.services}

    def set_endpoints(self, assignment: tuple[str, tuple[Endpoint, ...]]) -> None:
        """Take the endpoints of a service; those of a service that has gone meanwhile are dropped."""
        name, endpoints = assignment
        if name in self.services:
            self._endpoints[ServiceId.parse(name)] = endpoints

    def remove_endpoints(self, names: Set[str]) -> None:
        """Leave services without endpoints: they exist for as long as their cluster does."""
        gone = {service for service in self.services if service in names}
        self._endpoints.update(dict.fromkeys(gone, ()))

    def set_routes(self, found: Routes) -> None:
        """Take stage, timeout and retries of all services."""
        self._routes = found

    def keep_routes(self, names: Set[str]) -> None:
        """Ignore that the routes were removed: without any there would be no view at all."""

    def set_inbound(self, policy: InboundPolicy) -> None:
        """Take the policy for this sidecar's own inbound side."""
        self.inbound = policy

    def remove_inbound(self, names: Set[str]) -> None:
        """Drop the policy for the inbound side."""
        self.inbound = None


@dataclass(frozen=True, slots=True)
class ResourceType(Generic[T]):
    """A type of resource, ``url`` on the wire.

    ``wanted`` gives the names to subscribe to, from what is held already. ``whole`` is True where a
    response to a state-of-the-world client must hold everything: what it lacks is removed there.
    """

    url: str
    decode: Callable[[bytes], T]
    store: Callable[[Received, T], None]
    remove: Callable[[Received, Set[str]], None]
    wanted: Callable[[Received], Set[str]]
    whole: bool = False


# Make before break: clusters, then their endpoints, then the routes that use them. Source: xDS protocol,
# "Eventual consistency considerations". A sidecar's own policy refers to nothing else.
_ROWS: Final[tuple[ResourceType[Any], ...]] = (
    ResourceType(
        protocol.CDS,
        clusters.decode,
        Received.add_cluster,
        Received.remove_clusters,
        lambda held: {WILDCARD},
        whole=True,
    ),
    ResourceType(
        protocol.EDS,
        assignments.decode,
        Received.set_endpoints,
        Received.remove_endpoints,
        lambda held: held.services,
    ),
    ResourceType(
        protocol.RDS,
        routes.decode,
        Received.set_routes,
        Received.keep_routes,
        lambda held: {protocol.OUTBOUND_ROUTES},
    ),
    ResourceType(
        protocol.INBOUND,
        inbound.decode,
        Received.set_inbound,
        Received.remove_inbound,
        lambda held: {protocol.OWN_INBOUND},
    ),
)
RESOURCE_TYPES: Final[Mapping[str, ResourceType[Any]]] = {row.url: row for row in _ROWS}
