"""A snapshot is encoded once and shared by all nodes of a scope."""

from proxy.contract.model import Endpoint, Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import protocol, routes
from proxy.contract.xds.inbound import InboundPolicy
from topology.xds.catalog import Catalog
from topology.xds.scope import Scope
from topology.xds.snapshot import Snapshot

B_ID = ServiceId("b")
C_ID = ServiceId("c")

B = Service(B_ID, (Endpoint("10.0.0.1:80"),), Stage.ROUTE, 100)
C = Service(C_ID, (Endpoint("10.0.1.1:80"),))
ALL = Scope()
FIRST = Catalog(Snapshot(1, {B_ID: B, C_ID: C}))
SECOND = Catalog(
    Snapshot(2, {B_ID: Service(B_ID, (Endpoint("10.0.0.2:80"),), Stage.ROUTE, 100), C_ID: C}), FIRST
)


def test_versions_follow_the_bytes_and_unchanged_services_are_not_encoded_again() -> None:
    again = Catalog(Snapshot(9, {C_ID: C, B_ID: B}))
    assert again.within(ALL) == FIRST.within(ALL)
    first, second = FIRST.within(ALL), SECOND.within(ALL)
    assert second[protocol.EDS].bodies["c"] is first[protocol.EDS].bodies["c"]
    assert second[protocol.EDS].versions["b"] != first[protocol.EDS].versions["b"]
    assert second[protocol.RDS].versions == first[protocol.RDS].versions


def test_a_service_that_is_gone_is_in_no_resource() -> None:
    after = Catalog(Snapshot(3, {C_ID: C}), SECOND).within(ALL)
    assert set(after[protocol.CDS].bodies) == set(after[protocol.CDS].versions) == {"c", "passthrough"}
    assert set(after[protocol.EDS].bodies) == set(after[protocol.EDS].versions) == {"c"}


def test_a_service_named_as_the_passthrough_cluster_is_left_out() -> None:
    found = Catalog(Snapshot(1, {ServiceId("passthrough"): Service(ServiceId("passthrough"))})).within(ALL)
    assert (list(found[protocol.CDS].bodies), list(found[protocol.EDS].bodies)) == (["passthrough"], [])


def test_nodes_of_all_scopes_share_what_is_encoded() -> None:
    catalog = Catalog(Snapshot(1, {B_ID: B, C_ID: C}, {B_ID: InboundPolicy("b")}))
    one, other = catalog.within(Scope(inbound=B_ID)), catalog.within(Scope(inbound=ServiceId("c")))
    for url in (protocol.CDS, protocol.EDS, protocol.RDS):
        assert one[url] is other[url]
    assert catalog.within(Scope(inbound=B_ID)) is one
    assert (list(one[protocol.INBOUND].bodies), list(other[protocol.INBOUND].bodies)) == (["inbound"], [])


def test_a_narrower_scope_has_fewer_destinations_of_the_same_bytes() -> None:
    catalog = Catalog(Snapshot(1, {B_ID: B, C_ID: C}))
    everything, part = catalog.within(ALL), catalog.within(Scope(frozenset({B_ID})))
    assert set(part[protocol.CDS].bodies) == {"b", "passthrough"}
    assert part[protocol.EDS].bodies["b"] is everything[protocol.EDS].bodies["b"]
    assert part[protocol.EDS].versions == {"b": everything[protocol.EDS].versions["b"]}
    assert set(routes.decode(part[protocol.RDS].bodies["outbound"])) == {"b"}
    assert set(routes.decode(everything[protocol.RDS].bodies["outbound"])) == {"b", "c"}
