"""The state of one ADS stream: its node, the versions it holds, the responses due. Pure: no I/O, no clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from google.protobuf.any_pb2 import Any

from proxy.contract.model import Node
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds import nodes, protocol
from proxy.contract.xds.resource_types import RESOURCE_TYPES
from proxy.contract.xds.subscriptions import Acknowledgement, Change, Publisher, SubscriptionRequest
from topology.xds import scope
from topology.xds.catalog import Catalog, NodeResources, Resources

Request = pb.DiscoveryRequest | pb.DeltaDiscoveryRequest
Response = pb.DiscoveryResponse | pb.DeltaDiscoveryResponse

# The types that routes lead to.
_ROUTED_TO: Final = (protocol.CDS, protocol.EDS)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A response that a client did not accept; it goes on with what it had."""

    node: str
    type_url: str
    detail: str


class Session:
    """The state of one stream, of either protocol."""

    def __init__(self, *, delta: bool) -> None:
        self._delta = delta
        self._publishers = {
            url: Publisher(delta=delta, whole=not delta and row.whole) for url, row in RESOURCE_TYPES.items()
        }
        self._nonces = 0
        self._bodies: dict[str, bytes] = {}  # of the types that are repeated whole, as they were sent
        self.node = Node(ServiceId(), "")
        """The client as it named itself; of no service and without a name until it has."""

    @property
    def resumed(self) -> bool:
        """True if the client still holds resources of an earlier stream."""
        return any(publisher.resumed for publisher in self._publishers.values())

    def receive(self, request: Request) -> Rejection | None:
        """Take a request; return the rejection it carries, if any. Types not served are left unanswered.

        Raises BadResourceError for a node that claims to be a sidecar of ours and is not one.
        """
        if request.HasField("node"):
            # A client may leave its node out after the first request, or send it empty.
            named = nodes.identify(request.node)
            self.node = named if named.instance else self.node
        # Unanswered and not refused: an Envoy asks for types (LDS, secrets) that the mesh does not serve.
        publisher = self._publishers.get(request.type_url)
        if publisher is None:
            return None
        error = request.error_detail.message or "no detail" if request.HasField("error_detail") else ""
        if isinstance(request, pb.DeltaDiscoveryRequest):
            answer = publisher.receive_delta(
                SubscriptionRequest(
                    tuple(request.resource_names_subscribe),
                    tuple(request.resource_names_unsubscribe),
                    dict(request.initial_resource_versions),
                    request.response_nonce,
                    error,
                )
            )
        else:
            answer = publisher.receive_sotw(
                request.resource_names, request.version_info, request.response_nonce, error
            )
        if answer is not Acknowledgement.NACK:
            return None
        return Rejection(self.node.instance, request.type_url, error)

    def responses(self, catalog: Catalog, *, hold: bool = False) -> Iterator[Response]:
        """Yield the responses that are due; each counts as sent once it is taken."""
        mine = catalog.within(scope.of_node(self.node))
        # Make before break (xDS protocol, "Eventual consistency considerations"), else a client would answer
        # 503 meanwhile: routes wait for the clusters and endpoints that they lead to, and what goes waits
        # until the client has accepted the routes that no longer need it.
        accepted = self._publishers[protocol.RDS].accepted(mine[protocol.RDS].versions)
        for url, publisher in self._publishers.items():
            if url == protocol.RDS and not accepted and not hold and not self._routable(mine):
                continue
            keep = not accepted and url in _ROUTED_TO
            change = publisher.due(mine[url].versions, hold=hold, keep=keep)
            if change is not None:
                self._nonces += 1
                nonce = str(self._nonces)
                # Marked before it is yielded: the writer awaits between two responses, and more may be
                # published then.
                publisher.mark_sent(change, mine[url].versions, nonce)
                yield self._message(url, change, mine[url], str(catalog.version), nonce)

    def _routable(self, mine: NodeResources) -> bool:
        """Return True if the client has answered for all that its routes lead to."""
        return all(self._publishers[url].ready(mine[url].versions) for url in _ROUTED_TO)

    def _message(self, url: str, change: Change, mine: Resources, version: str, nonce: str) -> Response:
        if not self._delta:
            sent = {name: mine.bodies.get(name) or self._bodies[name] for name in change.send}
            if RESOURCE_TYPES[url].whole:
                self._bodies = sent
            bodies = [Any(type_url=url, value=body) for body in sent.values()]
            return pb.DiscoveryResponse(version_info=version, resources=bodies, type_url=url, nonce=nonce)
        found = [(name, Any(type_url=url, value=mine.bodies[name])) for name in change.send]
        return pb.DeltaDiscoveryResponse(
            system_version_info=version,
            resources=[
                pb.Resource(name=name, version=mine.versions[name], resource=body) for name, body in found
            ],
            removed_resources=change.removed,
            type_url=url,
            nonce=nonce,
        )
