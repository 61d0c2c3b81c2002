"""The one place that decides which part of the mesh a node is sent."""

from dataclasses import dataclass
from typing import Final

from proxy.contract.model import Node
from proxy.contract.service_id import ServiceId

_NOBODY: Final = ServiceId()
# Services that a node calls or may call, None for all of them.
Destinations = frozenset[ServiceId] | None


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the mesh that a node is sent. Nodes of equal scope share all of their resources.

    ``inbound`` is the service whose policy it enforces on the calls it takes in, empty for none. A plain
    host name means the service of its ``namespace`` first.
    """

    destinations: Destinations = None
    inbound: ServiceId = _NOBODY
    namespace: str = ""


def of_node(node: Node) -> Scope:
    """Return the scope of a node: all services, since any sidecar may call any, and its own inbound side.

    The node is what a client says of itself; a scope keeps messages small and is no access control.
    """
    return Scope(inbound=node.service, namespace=node.service.namespace)
