"""The policy for calls that a sidecar takes in, a type of resource of our own.

Each sidecar asks for one resource under one name; what it holds depends on the node that asks. It says
nothing yet beyond whose policy it is: access rules, limits and the TLS mode of the callee go here.
"""

from dataclasses import dataclass

from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.protobuf import BadResourceError, parse


@dataclass(frozen=True, slots=True)
class InboundPolicy:
    """The policy for calls to ``service``, enforced by its own sidecars."""

    service: str


def encode(policy: InboundPolicy) -> bytes:
    """Return the policy of one service."""
    return pb.InboundPolicy(service=policy.service).SerializeToString(deterministic=True)


def decode(body: bytes) -> InboundPolicy:
    """Return a policy. Raises BadResourceError."""
    message = parse(pb.InboundPolicy(), body)
    if not message.service:
        raise BadResourceError("inbound policy without a service")
    return InboundPolicy(message.service)
