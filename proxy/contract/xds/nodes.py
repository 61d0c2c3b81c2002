"""A sidecar as it names itself on its stream: ``node`` with what is ours in its metadata."""

from proxy.contract.address import split_address
from proxy.contract.model import METADATA, Node, NodeState
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.protobuf import BadResourceError


def encode(node: Node) -> pb.Node:
    """Return a sidecar as it names itself."""
    service = node.service
    message = pb.Node(id=node.instance, cluster=service.name, user_agent_name="spanmesh")
    said: dict[str, str] = {
        "service": service.name,
        "instance": node.instance,
        "address": node.address,
        "app": node.app,
        "version": node.version,
        "zone": node.zone,
        "state": node.state.value,
        "namespace": service.namespace,
    }
    message.metadata.get_or_create_struct(METADATA).update(said)
    return message


def decode(message: pb.Node) -> Node | None:
    """Return the sidecar behind a stream; None when it is none of ours, an Envoy for example.

    Raises BadResourceError when it claims to be ours and cannot be registered.
    """
    fields = message.metadata.fields
    if METADATA not in fields:
        return None
    said = {key: value.string_value for key, value in fields[METADATA].struct_value.fields.items()}
    service, instance = said.get("service") or message.cluster, said.get("instance") or message.id
    if not service or not instance:
        raise BadResourceError("node.metadata.spanmesh needs service and instance")
    try:
        for key in ("address", "app"):
            if said.get(key):
                split_address(said[key])
        state = NodeState(said.get("state") or NodeState.READY)
    except ValueError as error:
        raise BadResourceError(f"node.metadata.spanmesh: {error}") from None
    return Node(
        ServiceId.of(said.get("namespace", ""), service),
        instance,
        said.get("address", ""),
        said.get("app", ""),
        said.get("version", ""),
        said.get("zone", ""),
        state,
    )


def identify(message: pb.Node) -> Node:
    """Return who is behind a stream, sidecar or not; of an Envoy only its id and cluster are known.

    Raises BadResourceError as ``decode`` does.
    """
    return decode(message) or Node(ServiceId.parse(message.cluster), message.id)
