"""One ADS stream: what its client asked for, holds and is owed. Pure: no I/O, no clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from google.protobuf.any_pb2 import Any

from proxy.contract import xds
from proxy.contract import xds_pb2 as pb
from proxy.contract.stream import Ask, Change, Publisher, Reply
from topology.xds.catalog import Catalog

# Make before break: clusters, then their endpoints, then the routes that use them.
ORDER: Final = (xds.CDS, xds.EDS, xds.RDS)

Request = pb.DiscoveryRequest | pb.DeltaDiscoveryRequest
Response = pb.DiscoveryResponse | pb.DeltaDiscoveryResponse


@dataclass(frozen=True, slots=True)
class Rejection:
    """A client did not accept a response; it goes on with what it had."""

    node: str
    type_url: str
    detail: str


class Session:
    """State of one stream, of either protocol."""

    def __init__(self, *, delta: bool) -> None:
        self._delta = delta
        self._publishers = {
            kind: Publisher(delta=delta, whole=not delta and kind == xds.CDS) for kind in ORDER
        }
        self._nonces = 0
        self.node = ""

    @property
    def resumed(self) -> bool:
        """Whether the client came back with what an earlier stream told it."""
        return any(publisher.resumed for publisher in self._publishers.values())

    def receive(self, request: Request) -> Rejection | None:
        """Take a request; the rejection it carries, if any. Types not served are left unanswered."""
        if request.HasField("node"):
            self.node = request.node.id or self.node
        publisher = self._publishers.get(request.type_url)
        if publisher is None:
            return None
        error = request.error_detail.message or "no detail" if request.HasField("error_detail") else ""
        if isinstance(request, pb.DeltaDiscoveryRequest):
            reply = publisher.ask(
                Ask(
                    tuple(request.resource_names_subscribe),
                    tuple(request.resource_names_unsubscribe),
                    dict(request.initial_resource_versions),
                    request.response_nonce,
                    error,
                )
            )
        else:
            reply = publisher.replace(
                request.resource_names, request.version_info, request.response_nonce, error
            )
        return Rejection(self.node, request.type_url, error) if reply is Reply.NACK else None

    def responses(self, catalog: Catalog, *, hold: bool = False) -> Iterator[Response]:
        """What to send now; each response counts as sent when it is taken."""
        for kind in ORDER:
            publisher = self._publishers[kind]
            versions = catalog.versions.get(kind, {})
            change = publisher.due(versions, hold=hold)
            if change is not None:
                self._nonces += 1
                nonce = str(self._nonces)
                publisher.sent(change, versions, nonce)
                yield self._message(kind, change, catalog, nonce)

    def _message(self, kind: str, change: Change, catalog: Catalog, nonce: str) -> Response:
        found = [(name, Any(type_url=kind, value=catalog.resources[kind][name])) for name in change.send]
        version = str(catalog.version)
        if not self._delta:
            bodies = [body for _, body in found]
            return pb.DiscoveryResponse(version_info=version, resources=bodies, type_url=kind, nonce=nonce)
        versions = catalog.versions.get(kind, {})
        return pb.DeltaDiscoveryResponse(
            system_version_info=version,
            resources=[pb.Resource(name=name, version=versions[name], resource=body) for name, body in found],
            removed_resources=change.removed,
            type_url=kind,
            nonce=nonce,
        )
