"""The sidecar's copy of the resources it was sent, and the client's side of the protocol. Pure state."""

import logging
from typing import Final

from proxy.contract.model import MeshView
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.inbound import InboundPolicy
from proxy.contract.xds.protobuf import BadResourceError
from proxy.contract.xds.resource_types import RESOURCE_TYPES, Received
from proxy.contract.xds.subscriptions import Subscriber, SubscriptionRequest

_INVALID_ARGUMENT: Final = 3  # google.rpc.Code

logger = logging.getLogger(__name__)


class Mirror:
    """All resources that the mesh has sent to this sidecar, over all streams so far."""

    def __init__(self) -> None:
        self._received = Received()
        self._subscribers = {
            url: Subscriber(row.wanted(self._received)) for url, row in RESOURCE_TYPES.items()
        }

    def opening(self) -> list[pb.DeltaDiscoveryRequest]:
        """Return the first requests on a new stream; they say what is held already."""
        # A first request without names would be a wildcard: types with nothing to ask for come later.
        return [
            _message(url, self._subscribers[url].open())
            for url, row in RESOURCE_TYPES.items()
            if row.wanted(self._received)
        ]

    def receive(self, response: pb.DeltaDiscoveryResponse) -> list[pb.DeltaDiscoveryRequest]:
        """Take a response; return the requests that answer it.

        A bad resource is rejected, and its last good version kept. Unknown types are not answered.
        """
        row = RESOURCE_TYPES.get(response.type_url)
        # Heartbeats and types of newer releases: answering them would confuse a server that expects
        # nothing.
        if row is None:
            return []
        versions, errors = {}, []
        for resource in response.resources:
            try:
                row.store(self._received, row.decode(resource.resource.value))
                versions[resource.name] = resource.version
            except BadResourceError as error:
                errors.append(str(error))
                if error.usable is not None:
                    row.store(self._received, error.usable)
        if response.removed_resources:
            row.remove(self._received, set(response.removed_resources))
        detail = "; ".join(errors)
        if detail:
            logger.warning("the mesh sent resources that cannot be used, the last good ones stay: %s", detail)
        subscriber = self._subscribers[row.url]
        answer = subscriber.acknowledge(response.nonce, versions, response.removed_resources, detail)
        return [_message(row.url, answer), *self._subscriptions()]

    def view(self) -> MeshView | None:
        """Return all services; None until clusters, endpoints and routes have all come once."""
        return self._received.view()

    @property
    def inbound(self) -> InboundPolicy | None:
        """The policy for the calls this sidecar takes in, None while there is none."""
        return self._received.inbound

    def _subscriptions(self) -> list[pb.DeltaDiscoveryRequest]:
        """Return requests that subscribe to names new since the last response and unsubscribe from others."""
        changes = (
            (url, self._subscribers[url].subscribe(row.wanted(self._received)))
            for url, row in RESOURCE_TYPES.items()
        )
        return [_message(url, change) for url, change in changes if change is not None]


def _message(url: str, request: SubscriptionRequest) -> pb.DeltaDiscoveryRequest:
    message = pb.DeltaDiscoveryRequest(
        type_url=url,
        resource_names_subscribe=request.subscribe,
        resource_names_unsubscribe=request.unsubscribe,
        initial_resource_versions=request.initial,
        response_nonce=request.nonce,
    )
    if request.error:
        message.error_detail.code = _INVALID_ARGUMENT
        message.error_detail.message = request.error
    return message
