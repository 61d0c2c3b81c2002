"""The parts of an instance that exist once, however many processes it has: health, xDS stream, export."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from proxy.config import SidecarConfig
from proxy.contract import attributes
from proxy.contract.model import MeshView, Node, NodeState
from proxy.contract.service_id import ServiceId
from proxy.control.health import HealthCheck
from proxy.control.xds_client import XdsClient
from proxy.telemetry.exporter import Exporter
from proxy.telemetry.meter import Meter
from proxy.telemetry.metrics import Gauge

_FLUSH: Final = 3.0  # seconds at the end for what is still to be exported


class MeshClient(Protocol):
    """The part of an ``XdsClient`` that a registration needs; tests and benchmarks have others."""

    @property
    def connected(self) -> bool: ...
    def set_state(self, state: NodeState) -> None: ...
    async def run(self) -> None: ...


ClientFactory = Callable[[str, Node, Callable[[MeshView], None]], MeshClient]


class Registration:
    """The instance's connection to the mesh: a single process has one, several workers share their parent's.

    Its user sets ``on_view``, which takes every new view of the mesh, and ``gauges``, which are
    read for each report, before ``start``.
    """

    def __init__(self, config: SidecarConfig, make_client: ClientFactory = XdsClient) -> None:
        self.meter = Meter()
        self.gauges: Callable[[], Iterable[Gauge]] = tuple
        self.on_view: Callable[[MeshView], None] = lambda _: None
        self.draining = False
        self._config = config
        self._make_client = make_client
        self._exporter = Exporter(
            config.mesh, resource(config), self.meter, lambda: self.gauges(), config.max_queued_spans
        )
        self.keep = self._exporter.keep
        self.report_now = self._exporter.report_now
        self._health = HealthCheck(config.app, self._on_health) if config.app else None
        self._client: MeshClient | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, address: str) -> None:
        """Register as an endpoint at ``address`` (``host:port``; empty for one that takes no calls)."""
        config = self._config
        if self._health is not None:
            # Checked once before the node is sent: a running application is registered as ready from the
            # first moment.
            await self._health.check()
        node = Node(
            ServiceId.of(config.namespace, config.service),
            config.instance,
            address,
            config.app,
            config.version,
            config.zone,
            self._state(),
        )
        self._client = self._make_client(config.mesh, node, self.on_view)
        parts = [self._exporter.run(), self._client.run()]
        if self._health is not None:
            parts.append(self._health.run())
        self._tasks = [asyncio.create_task(part) for part in parts]

    def drain(self) -> None:
        """Ask the mesh to send nothing new here."""
        self.draining = True
        if self._client is not None:
            self._client.set_state(NodeState.DRAINING)

    async def stop(self) -> None:
        """End the stream, which takes the instance out of the mesh, and export what is left."""
        # The stream ends before the flush, so that no request is sent here while the last telemetry leaves.
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._exporter.flush(_FLUSH)
        await self._exporter.close()

    def missing(self) -> str:
        """Return what keeps the instance from being ready; empty when it is."""
        if self.draining:
            return "draining"
        if self._state() is NodeState.UNREADY:
            return f"nothing answers at {self._config.app}: start the application"
        return ""

    def stats(self) -> dict[str, Any]:
        """Return this part of /stats."""
        exporter = self._exporter
        return {
            "service": self._config.service,
            "instance": self._config.instance,
            "mesh_connected": self._client is not None and self._client.connected,
            "export_connected": exporter.connected,
            "app_ready": self._state() is NodeState.READY,
            "draining": self.draining,
            "spans_sent": exporter.sent_spans,
            "spans_queued": exporter.queued_spans,
            "spans_dropped": exporter.dropped_spans,
            "spans_rejected": exporter.rejected_spans,
            "points_rejected": exporter.rejected_points,
            "reports_dropped": exporter.dropped_reports,
            "export_failures": exporter.failed_exports,
        }

    def _state(self) -> NodeState:
        return NodeState.READY if self._health is None or self._health.ready else NodeState.UNREADY

    def _on_health(self, ready: bool) -> None:
        # An application that answers again while we drain must not call requests back.
        if self._client is not None and not self.draining:
            self._client.set_state(NodeState.READY if ready else NodeState.UNREADY)


def resource(config: SidecarConfig) -> dict[str, str]:
    """Return the OpenTelemetry resource attributes, which identify this instance."""
    given = {
        attributes.SERVICE_NAME: config.service,
        attributes.SERVICE_INSTANCE: config.instance,
        attributes.SERVICE_VERSION: config.version,
        attributes.ZONE: config.zone,
        attributes.NAMESPACE: config.namespace,
    }
    return {key: value for key, value in given.items() if value}
