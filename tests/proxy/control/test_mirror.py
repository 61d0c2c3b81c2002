"""The sidecar's copy of the resources: storing them, answering responses, subscribing to more."""

from dataclasses import replace

from proxy.contract.model import Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import inbound, protocol
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.inbound import InboundPolicy
from proxy.control.mirror import Mirror
from tests.proxy.control.test_xds_client import REVIEWS
from tests.support.resources import encoded


def test_a_bad_resource_is_rejected_with_its_reason_and_the_last_good_one_stays() -> None:
    mirror = Mirror()
    for kind, bodies in encoded({ServiceId("reviews"): REVIEWS}).items():
        mirror.receive(_response(kind, bodies, "1"))
    good = mirror.view()
    assert good == {"reviews": REVIEWS}
    bad = pb.ClusterLoadAssignment(cluster_name="reviews")
    bad.endpoints.add().lb_endpoints.add().load_balancing_weight.value = 0
    answers = mirror.receive(_response(protocol.EDS, {"reviews": bad.SerializeToString()}, "2"))
    assert [answer.response_nonce for answer in answers] == ["2"]
    assert "endpoint without address" in answers[0].error_detail.message
    assert mirror.view() == good
    assert mirror.opening()[1].initial_resource_versions["reviews"] == "v1"


def test_the_usable_part_of_a_resource_is_used_and_the_rest_named() -> None:
    mirror = Mirror()
    other = replace(REVIEWS, name=ServiceId("other"))
    found = encoded({REVIEWS.name: REVIEWS, other.name: other})
    routes = pb.RouteConfiguration.FromString(found[protocol.RDS][protocol.OUTBOUND_ROUTES])
    routes.virtual_hosts[0].routes[-1].metadata.filter_metadata["spanmesh"]["stage"] = "walk"
    found[protocol.RDS] = {protocol.OUTBOUND_ROUTES: routes.SerializeToString()}
    answers = [
        each for kind, bodies in found.items() for each in mirror.receive(_response(kind, bodies, kind))
    ]
    [problem] = [each.error_detail.message for each in answers if each.error_detail.message]
    assert problem == f"{routes.virtual_hosts[0].name}: 'walk' is not a valid Stage"
    view = mirror.view()
    assert view is not None
    assert view[ServiceId(routes.virtual_hosts[1].name)].stage is REVIEWS.stage
    assert view[ServiceId(routes.virtual_hosts[0].name)].stage is Stage.OBSERVE


def test_nothing_is_told_before_all_of_it_is_known() -> None:
    mirror = Mirror()
    found = encoded({ServiceId("reviews"): REVIEWS})
    mirror.receive(_response(protocol.CDS, found[protocol.CDS], "1"))
    mirror.receive(_response(protocol.RDS, found[protocol.RDS], "1"))
    assert mirror.view() is None
    mirror.receive(_response(protocol.EDS, found[protocol.EDS], "1"))
    assert mirror.view() == {"reviews": REVIEWS}


def test_endpoints_are_asked_for_once_their_service_is_known() -> None:
    mirror = Mirror()
    assert [request.type_url for request in mirror.opening()] == [
        protocol.CDS,
        protocol.RDS,
        protocol.INBOUND,
    ]
    answer, wanted = mirror.receive(
        _response(protocol.CDS, encoded({ServiceId("b"): Service(ServiceId("b"))})[protocol.CDS], "1")
    )
    assert (answer.type_url, answer.response_nonce) == (protocol.CDS, "1")
    assert (wanted.type_url, list(wanted.resource_names_subscribe)) == (protocol.EDS, ["b"])
    gone = pb.DeltaDiscoveryResponse(type_url=protocol.CDS, nonce="2", removed_resources=["b"])
    _, unwanted = mirror.receive(gone)
    assert list(unwanted.resource_names_unsubscribe) == ["b"]


def test_a_type_that_is_not_known_is_left_unanswered() -> None:
    assert Mirror().receive(_response("type.googleapis.com/spanmesh.Future", {"x": b""}, "1")) == []


def test_the_policy_for_the_own_inbound_side_comes_and_goes() -> None:
    mirror = Mirror()
    mirror.receive(_response(protocol.INBOUND, {"inbound": inbound.encode(InboundPolicy("web"))}, "1"))
    assert mirror.inbound == InboundPolicy("web")
    gone = pb.DeltaDiscoveryResponse(type_url=protocol.INBOUND, nonce="2", removed_resources=["inbound"])
    mirror.receive(gone)
    assert mirror.inbound is None


def _response(kind: str, bodies: dict[str, bytes], nonce: str) -> pb.DeltaDiscoveryResponse:
    response = pb.DeltaDiscoveryResponse(type_url=kind, nonce=nonce)
    for name, body in bodies.items():
        resource = response.resources.add(name=name, version=f"v{nonce}")
        resource.resource.value = body
    return response
