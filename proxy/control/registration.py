"""What an instance has one of, whatever the number of its processes: health, line to the mesh, export."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

from proxy.config import SidecarConfig
from proxy.contract import attributes
from proxy.contract.model import MeshView, Node, NodeState
from proxy.control.health import Health
from proxy.telemetry.exporter import Exporter
from proxy.workers.link import Line

_FLUSH: Final = 3.0


class MeshFeed(Protocol):
    """What the sidecar needs of its line to the mesh; ``proxy.control.xds_client.Feed`` is the real one."""

    @property
    def connected(self) -> bool: ...
    def set_state(self, state: NodeState) -> None: ...
    async def run(self) -> None: ...


FeedFactory = Callable[[str, Node, Callable[[MeshView], None]], MeshFeed]


class Instance:
    """``watched``: look after the application here; of several workers their parent does."""

    def __init__(
        self,
        config: SidecarConfig,
        exporter: Exporter | Line,
        feed: FeedFactory,
        on_view: Callable[[MeshView], None],
        *,
        watched: bool = True,
    ) -> None:
        self.exporter = exporter
        self.draining = False
        self._config = config
        self._make_feed = feed
        self._on_view = on_view
        self._health = Health(config.app, self._on_health) if config.app and watched else None
        self._feed: MeshFeed | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, address: str) -> None:
        """Connect to the mesh as an endpoint at ``address`` (``host:port``; empty when it only sends)."""
        config = self._config
        if self._health is not None:
            await self._health.check()
        node = Node(
            config.service,
            config.instance,
            address,
            config.app,
            config.version,
            config.zone,
            self._state(),
            config.namespace,
        )
        self._feed = self._make_feed(config.mesh, node, self._on_view)
        parts = [self.exporter.run(), self._feed.run()]
        if self._health is not None:
            parts.append(self._health.run())
        self._tasks = [asyncio.create_task(part) for part in parts]

    def drain(self) -> None:
        """Tell the mesh that nothing new is wanted."""
        self.draining = True
        if self._feed is not None:
            self._feed.set_state(NodeState.DRAINING)

    async def stop(self) -> None:
        """Send what is left and hang up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.exporter.flush(_FLUSH)
        await self.exporter.close()

    def missing(self) -> str:
        """What keeps it from being ready; empty when it is."""
        if self.draining:
            return "draining"
        if self._state() is NodeState.UNREADY:
            return f"nothing answers at {self._config.app}: start the application"
        return ""

    def stats(self) -> dict[str, Any]:
        """Its part of what /stats shows."""
        exporter = self.exporter
        return {
            "service": self._config.service,
            "instance": self._config.instance,
            "mesh_connected": self._feed is not None and self._feed.connected,
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
        if self._feed is not None and not self.draining:
            self._feed.set_state(NodeState.READY if ready else NodeState.UNREADY)


def resource(config: SidecarConfig) -> dict[str, str]:
    """What tells this instance from others."""
    given = {
        attributes.SERVICE_NAME: config.service,
        attributes.SERVICE_INSTANCE: config.instance,
        attributes.SERVICE_VERSION: config.version,
        attributes.ZONE: config.zone,
        attributes.NAMESPACE: config.namespace,
    }
    return {key: value for key, value in given.items() if value}
