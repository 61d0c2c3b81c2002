"""The xDS ``node`` of a sidecar: its identity and state, in metadata under ``spanmesh``."""

from proxy.contract.address import split_address
from proxy.contract.model import METADATA, Node, NodeState
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.protobuf import BadResourceError


def encode(node: Node) -> pb.Node:
    """Return the node message of a sidecar."""
    service = node.service
    message = pb.Node(id=node.instance, cluster=service.name, user_agent_name="spanmesh")
    metadata: dict[str, str] = {
        "service": service.name,
        "instance": node.instance,
        "address": node.address,
        "app": node.app,
        "version": node.version,
        "zone": node.zone,
        "state": node.state.value,
        "namespace": service.namespace,
        "generation": node.generation,
    }
    message.metadata.get_or_create_struct(METADATA).update(metadata)
    return message


def decode(message: pb.Node) -> Node | None:
    """Return the sidecar behind a stream; None for any other client, an Envoy for example.

    Raises BadResourceError for one that claims to be a sidecar and cannot be registered.
    """
    fields = message.metadata.fields
    if METADATA not in fields:
        return None
    metadata = {key: value.string_value for key, value in fields[METADATA].struct_value.fields.items()}
    service, instance = metadata.get("service") or message.cluster, metadata.get("instance") or message.id
    if not service or not instance:
        raise BadResourceError("node.metadata.spanmesh needs service and instance")
    try:
        # Checked here, at the entrance: an address that does not parse would fail later, in every other
        # sidecar.
        for key in ("address", "app"):
            if metadata.get(key):
                split_address(metadata[key])
        state = NodeState(metadata.get("state") or NodeState.READY)
    except ValueError as error:
        raise BadResourceError(f"node.metadata.spanmesh: {error}") from None
    return Node(
        ServiceId.of(metadata.get("namespace", ""), service),
        instance,
        metadata.get("address", ""),
        metadata.get("app", ""),
        metadata.get("version", ""),
        metadata.get("zone", ""),
        state,
        metadata.get("generation", ""),
    )


def identify(message: pb.Node) -> Node:
    """Return the client behind a stream, sidecar or not; an Envoy has only its id and cluster.

    Raises BadResourceError as ``decode`` does.
    """
    return decode(message) or Node(ServiceId.parse(message.cluster), message.id)
