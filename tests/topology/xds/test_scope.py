"""The scope of a node: all destinations, and its own inbound side."""

from proxy.contract.model import Node
from proxy.contract.service_id import ServiceId
from topology.xds import scope
from topology.xds.scope import Scope


def test_a_sidecar_hears_of_all_services_and_has_the_policy_of_its_own() -> None:
    one, two = (
        Node(ServiceId("web"), "web-1", version="v1", zone="z1"),
        Node(ServiceId("web"), "web-2", version="v2", zone="z2"),
    )
    assert scope.of_node(one) == scope.of_node(two) == Scope(destinations=None, inbound=ServiceId("web"))
    assert scope.of_node(Node(ServiceId("reviews"), "reviews-1")) == Scope(
        destinations=None, inbound=ServiceId("reviews")
    )
