"""The node of a sidecar, and the nodes of other clients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.model import Node, NodeState
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds import nodes
from proxy.contract.xds.protobuf import BadResourceError
from tests.support.resources import addresses, identities, names, text

places = st.one_of(st.just(""), addresses)


@given(st.builds(Node, identities, names, places, places, text, text, st.sampled_from(NodeState), text))
def test_a_node_names_itself(node: Node) -> None:
    assert nodes.decode(pb.Node.FromString(nodes.encode(node).SerializeToString())) == node


def test_nodes_of_others_are_none_and_bad_ones_are_refused() -> None:
    assert nodes.decode(pb.Node(id="envoy", cluster="web")) is None
    for said, reason in (
        ({"service": "", "instance": "i"}, "service and instance"),
        ({"service": "s", "instance": "i", "address": "nowhere"}, "HOST:PORT"),
        ({"service": "s", "instance": "i", "state": "asleep"}, "asleep"),
    ):
        node = pb.Node()
        node.metadata.get_or_create_struct("spanmesh").update(said)
        with pytest.raises(BadResourceError, match=reason):
            nodes.decode(node)


def test_a_stream_of_others_is_known_by_id_and_cluster() -> None:
    node = Node(ServiceId("web"), "web-1", "10.0.0.1:80")
    assert nodes.identify(nodes.encode(node)) == node
    assert nodes.identify(pb.Node(id="envoy-1", cluster="web")) == Node(ServiceId("web"), "envoy-1")
