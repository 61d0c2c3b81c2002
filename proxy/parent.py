"""A sidecar of several workers composed: the crew, and what there is one of beside it."""

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Final

from proxy.admin import Admin
from proxy.app import admin_protocol, resource
from proxy.contract.address import join_address, split_address
from proxy.contract.failure import ConfigError
from proxy.contract.model import Node, NodeState
from proxy.crew import Crew, total
from proxy.export import Exporter
from proxy.feed import Feed
from proxy.health import Health
from proxy.listener import bound_port, explain, listen
from proxy.meter import Meter
from proxy.metrics import Gauge

if TYPE_CHECKING:
    from proxy.config import SidecarConfig

_FLUSH: Final = 3.0


class Parent:
    """One sidecar of ``config.workers`` processes. ``ports`` are the bound ones by listener."""

    def __init__(self, config: "SidecarConfig") -> None:
        self.config = config
        self.ports: dict[str, int] = {}
        self.meter = Meter()
        self.exporter = Exporter(
            config.mesh, resource(config), self.meter, self._gauges, config.max_queued_spans
        )
        self.crew = Crew(config, self.meter, self.exporter.keep)
        self._held: list[socket.socket] = []
        self._admin: asyncio.Server | None = None
        self._health = Health(config.app, self._on_health) if config.app else None
        self._feed: Feed | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._draining = False

    async def start(self) -> None:
        """Take the addresses, start the workers, connect to the mesh. Raises ConfigError."""
        config = self.config
        try:
            addresses = {option: self._reserve(option) for option in ("inbound", "outbound")}
            if config.admin:
                admin = Admin(self._missing, self.stats, self._shown_config)
                self._admin = await listen("admin", config.admin, lambda: admin_protocol(admin))
                self.ports["admin"] = bound_port(self._admin)
        except ConfigError:
            self._close()
            raise
        self.crew.start(addresses)
        await self.crew.ready()
        if self._health is not None:
            await self._health.check()
        ready = self._health is None or self._health.ready
        state = NodeState.READY if ready else NodeState.UNREADY
        node = Node(
            config.service, config.instance, addresses["inbound"], config.app, config.version, config.zone,
            state,
        )
        self._feed = Feed(config.mesh, node, self.crew.tell)
        parts = [self.exporter.run(), self._feed.run()]
        if self._health is not None:
            parts.append(self._health.run())
        self._tasks = [asyncio.create_task(part) for part in parts]

    async def stop(self) -> None:
        """Tell the mesh, let every worker drain, send what they reported."""
        self._draining = True
        if self._feed is not None:
            self._feed.set_state(NodeState.DRAINING)
        await self.crew.stop()
        self._close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.exporter.flush(_FLUSH)
        await self.exporter.close()

    def stats(self) -> dict[str, Any]:
        """What /stats shows: sums over the workers, and what only the parent knows."""
        exporter = self.exporter
        summed = total([self.crew.past, *(worker.stats for worker in self.crew.workers)])
        return {
            **summed,
            "service": self.config.service,
            "instance": self.config.instance,
            "workers": len(self.crew.workers),
            "worker_restarts": self.crew.restarts,
            "mesh_connected": self._feed is not None and self._feed.connected,
            "export_connected": exporter.connected,
            "app_ready": self._health is None or self._health.ready,
            "draining": self._draining,
            "spans_sent": exporter.sent_spans,
            "spans_queued": exporter.queued_spans + summed.get("spans_queued", 0),
            "spans_dropped": exporter.dropped_spans + summed.get("spans_dropped", 0),
            "spans_rejected": exporter.rejected_spans,
            "points_rejected": exporter.rejected_points,
            "reports_dropped": exporter.dropped_reports,
            "export_failures": exporter.failed_exports,
            "series": len(self.meter),
        }

    def _reserve(self, option: str) -> str:
        """Hold an address without listening, so that its port is known and no other program's."""
        address: str = getattr(self.config, option)
        if not address:
            return ""
        host, port = split_address(address)
        try:
            family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            held = socket.socket(family, socket.SOCK_STREAM)
            self._held.append(held)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            held.bind(place)
        except OSError as error:
            raise ConfigError(explain(option, address, error)) from None
        self.ports[option] = held.getsockname()[1]
        return join_address(host, self.ports[option])

    def _gauges(self) -> list[Gauge]:
        return self.crew.gauges()

    def _on_health(self, ready: bool) -> None:
        if self._feed is not None and not self._draining:
            self._feed.set_state(NodeState.READY if ready else NodeState.UNREADY)

    def _missing(self) -> str:
        if self._draining:
            return "draining"
        if self._health is not None and not self._health.ready:
            return f"nothing answers at {self.config.app}: start the application"
        return ""

    def _shown_config(self) -> dict[str, Any]:
        return {**vars(self.config), "ports": self.ports}

    def _close(self) -> None:
        if self._admin is not None:
            self._admin.close()
        for held in self._held:
            held.close()
        self._held.clear()
