"""Names on the wire that other implementations rely on."""

from proxy.contract.xds import protocol


def test_types_and_methods_are_those_of_envoy() -> None:
    assert protocol.CDS == "type.googleapis.com/envoy.config.cluster.v3.Cluster"
    assert protocol.EDS == "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
    assert protocol.RDS == "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
    assert protocol.ADS == "envoy.service.discovery.v3.AggregatedDiscoveryService"
    assert (protocol.SOTW_METHOD, protocol.DELTA_METHOD) == (
        "StreamAggregatedResources",
        "DeltaAggregatedResources",
    )


def test_feedback_outlives_two_lost_heartbeats() -> None:
    assert protocol.TTL_SECONDS > 2 * protocol.HEARTBEAT_SECONDS
