"""A sidecar of several worker processes: the supervisor registers, they carry the requests."""

import asyncio
import socket
from typing import Any

from proxy.config import SidecarConfig
from proxy.contract.address import join_address, split_address
from proxy.contract.failure import ConfigError
from proxy.contract.transport.streams import bound_port, listen, reserve
from proxy.control.admin import Admin
from proxy.control.registration import Registration
from proxy.workers.worker_pool import WorkerPool


class Supervisor:
    """One sidecar of ``config.workers`` processes. ``ports`` are the bound ones by listener."""

    def __init__(self, config: SidecarConfig) -> None:
        self.config = config
        self.ports: dict[str, int] = {}
        self._registration = registration = Registration(config)
        self._pool = pool = WorkerPool(config, registration.meter, registration.keep, registration.report_now)
        registration.gauges, registration.on_view = pool.gauges, pool.send_view
        self._held: list[socket.socket] = []
        self._admin: asyncio.Server | None = None

    async def start(self) -> None:
        """Take the addresses, start the workers, connect to the mesh. Raises ConfigError."""
        config = self.config
        try:
            addresses = {option: self._reserve(option) for option in ("inbound", "outbound")}
            if config.admin:
                admin = Admin(self._missing, self.stats, vars(config), self.ports)
                self._admin = await listen("admin", config.admin, admin.protocol)
                self.ports["admin"] = bound_port(self._admin)
        except ConfigError:
            self._close()
            raise
        self._pool.start(addresses)
        # A registered instance is sent requests at once, so its workers must accept first.
        await self._pool.ready()
        await self._registration.start(addresses["inbound"])

    async def stop(self) -> None:
        """Report that the instance drains, let every worker drain, export their last reports."""
        self._registration.drain()
        await self._pool.stop()
        self._close()
        await self._registration.stop()

    def stats(self) -> dict[str, Any]:
        """Return what /stats shows: sums over the workers, and the supervisor's own."""
        own, summed = self._registration.stats(), self._pool.stats()
        return {
            **own,
            **summed,
            "workers": self._pool.up,
            "worker_restarts": self._pool.restarts,
            **{key: own[key] + summed.get(key, 0) for key in ("spans_queued", "spans_dropped")},
            "series": len(self._registration.meter),
        }

    def _reserve(self, option: str) -> str:
        """Take the address of an option and return it with its port, which workers share."""
        address: str = getattr(self.config, option)
        if not address:
            return ""
        held = reserve(option, address, shared=True)
        self._held.append(held)
        self.ports[option] = held.getsockname()[1]
        return join_address(split_address(address)[0], self.ports[option])

    def _missing(self) -> str:
        return self._registration.missing() if self._pool.up else "no worker is up yet"

    def _close(self) -> None:
        if self._admin is not None:
            self._admin.close()
        for held in self._held:
            held.close()
        self._held.clear()
