"""The gRPC edge of the mesh: ADS, state of the world and delta, to every sidecar."""

import time
from collections.abc import Callable
from typing import Final, Protocol

import grpc

from proxy.contract.model import Node
from topology.snapshot import Snapshot

# Options the hosting grpc.aio server needs: find dead peers within seconds, and allow sidecars
# to do the same (the default punishes pings more frequent than every five minutes).
OPTIONS: Final = (
    ("grpc.keepalive_time_ms", 5_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 2_000),
    ("grpc.http2.max_ping_strikes", 0),
)


class Sidecars(Protocol):
    """Who wants to know which sidecars are connected: the engine."""

    def connected(self, stream: str, node: Node, peer_host: str, now: float) -> None: ...
    def disconnected(self, stream: str, now: float) -> None: ...


class XdsServer:
    """Serves snapshots over the Aggregated Discovery Service."""

    def __init__(self, sidecars: Sidecars, clock: Callable[[], float] = time.time) -> None:
        raise NotImplementedError

    def register(self, server: grpc.aio.Server) -> None:
        """Add the ADS handlers to a server created with ``OPTIONS``."""
        raise NotImplementedError

    def publish(self, snapshot: Snapshot) -> None:
        """Tell every stream what changed; cheap when nothing did. Call on the server's loop."""
        raise NotImplementedError
