"""A sidecar of several workers composed: the crew, and what there is one of beside it."""

import asyncio
import socket
from typing import Any

from proxy.app import admin_protocol
from proxy.config import SidecarConfig
from proxy.contract.address import join_address, split_address
from proxy.contract.failure import ConfigError
from proxy.contract.transport.streams import bound_port, listen, reserve
from proxy.control.admin import Admin
from proxy.control.registration import Instance, resource
from proxy.control.xds_client import Feed
from proxy.telemetry.exporter import Exporter
from proxy.telemetry.meter import Meter
from proxy.telemetry.metrics import Gauge
from proxy.workers.worker_pool import Crew, total


class Parent:
    """One sidecar of ``config.workers`` processes. ``ports`` are the bound ones by listener."""

    def __init__(self, config: SidecarConfig) -> None:
        self.config = config
        self.ports: dict[str, int] = {}
        self.meter = Meter()
        exporter = Exporter(config.mesh, resource(config), self.meter, self._gauges, config.max_queued_spans)
        self.crew = Crew(config, self.meter, exporter.keep, exporter.hurry)
        self._instance = Instance(config, exporter, Feed, self.crew.tell)
        self._held: list[socket.socket] = []
        self._admin: asyncio.Server | None = None

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
        await self._instance.start(addresses["inbound"])

    async def stop(self) -> None:
        """Tell the mesh, let every worker drain, send what they reported."""
        self._instance.drain()
        await self.crew.stop()
        self._close()
        await self._instance.stop()

    def stats(self) -> dict[str, Any]:
        """What /stats shows: sums over the workers, and what only the parent knows."""
        own = self._instance.stats()
        summed = total([self.crew.past, *(worker.stats for worker in self.crew.workers)])
        return {
            **summed,
            **own,
            "workers": self.crew.up,
            "worker_restarts": self.crew.restarts,
            **{key: own[key] + summed.get(key, 0) for key in ("spans_queued", "spans_dropped")},
            "series": len(self.meter),
        }

    def _reserve(self, option: str) -> str:
        """Hold an address without listening, so that its port is known and no other program's."""
        address: str = getattr(self.config, option)
        if not address:
            return ""
        held = reserve(option, address, shared=True)
        self._held.append(held)
        self.ports[option] = held.getsockname()[1]
        return join_address(split_address(address)[0], self.ports[option])

    def _gauges(self) -> list[Gauge]:
        return self.crew.gauges()

    def _missing(self) -> str:
        if not self.crew.up:
            return "no worker is up yet"
        return self._instance.missing()

    def _shown_config(self) -> dict[str, Any]:
        return {**vars(self.config), "ports": self.ports}

    def _close(self) -> None:
        if self._admin is not None:
            self._admin.close()
        for held in self._held:
            held.close()
        self._held.clear()
