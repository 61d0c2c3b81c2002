"""Stock Envoys: with outlier detection as it comes, tuned, and driven over xDS by the collector.

Without xDS one process holds all clients: a listener and a cluster each, so that each detects and
balances for itself. With xDS there is a process for each. ``tuned`` is notes on what users set:
a sweep a second, failure percentage from 10 requests, no cap on ejections, a deadline of 1 s so
that a stall is a failure, no panic.
"""

from collections.abc import Sequence
from typing import Any, Final

from proxy.contract.xds import protocol

_EXTENSIONS: Final = "type.googleapis.com/envoy.extensions."
_TUNED: Final = {
    "interval": "1s",
    "max_ejection_percent": 100,
    "always_eject_one_host": True,
    "success_rate_request_volume": 10,
    "enforcing_failure_percentage": 100,
    "failure_percentage_threshold": 50,
    "failure_percentage_request_volume": 10,
}
_LIMITS: Final = {
    "thresholds": [{"max_connections": 50000, "max_requests": 50000, "max_pending_requests": 50000}]
}


def standalone(listeners: Sequence[int], backends: Sequence[int], tuned: bool) -> dict[str, Any]:
    """Bootstrap of all clients: as Envoy comes (LEAST_REQUEST, default outlier detection), or tuned."""
    timeout = "1s" if tuned else "15s"
    names = [f"client-{number}" for number in range(len(listeners))]
    return {
        "static_resources": {
            "listeners": [
                _listener(name, port, {"route_config": _routes(name, timeout)})
                for name, port in zip(names, listeners, strict=True)
            ],
            "clusters": [
                {
                    "name": name,
                    "type": "STATIC",
                    "lb_policy": "LEAST_REQUEST",
                    "outlier_detection": _TUNED if tuned else {},
                    "circuit_breakers": _LIMITS,
                    "common_lb_config": {"healthy_panic_threshold": {"value": 0 if tuned else 50}},
                    "load_assignment": {
                        "cluster_name": name,
                        "endpoints": [{"lb_endpoints": [_endpoint(port) for port in backends]}],
                    },
                }
                for name in names
            ],
        }
    }


def driven(name: str, listen: int, mesh: int) -> dict[str, Any]:
    """Bootstrap of one Envoy that takes clusters, endpoints and routes from the collector."""
    ads: dict[str, Any] = {"ads": {}, "resource_api_version": "V3"}
    kind = _EXTENSIONS + "upstreams.http.v3.HttpProtocolOptions"
    collector = {
        "name": "xds",
        "type": "STATIC",
        "typed_extension_protocol_options": {
            kind.partition("/")[2]: {"@type": kind, "explicit_http_config": {"http2_protocol_options": {}}}
        },
        "load_assignment": {"cluster_name": "xds", "endpoints": [{"lb_endpoints": [_endpoint(mesh)]}]},
    }
    return {
        "node": {"id": name, "cluster": "envoy"},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "grpc_services": [{"envoy_grpc": {"cluster_name": "xds"}}],
            },
            "cds_config": ads,
        },
        "static_resources": {
            "clusters": [collector],
            "listeners": [
                _listener(
                    "out",
                    listen,
                    {"rds": {"route_config_name": protocol.OUTBOUND_ROUTES, "config_source": ads}},
                )
            ],
        },
    }


def _listener(name: str, port: int, routes: dict[str, Any]) -> dict[str, Any]:
    router = {"@type": _EXTENSIONS + "filters.http.router.v3.Router"}
    manager = {
        "@type": _EXTENSIONS + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        **routes,
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
    }
    return {
        "name": name,
        "address": _address(port),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }


def _routes(cluster: str, timeout: str) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": timeout}}
    return {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]}


def _endpoint(port: int) -> dict[str, Any]:
    return {"endpoint": {"address": _address(port)}}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
