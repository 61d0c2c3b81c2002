"""The composition of one sidecar: listeners, directions, telemetry, registration, and how it ends."""

import asyncio
import gc
import os
import random
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, Protocol

import uvloop

from proxy.config import SidecarConfig
from proxy.contract import attributes
from proxy.contract.address import join_address, split_address
from proxy.contract.failure import ConfigError
from proxy.contract.model import MeshView
from proxy.contract.service_id import ServiceId
from proxy.contract.transport.streams import bound_port, listen
from proxy.control.admin import Admin
from proxy.control.registration import Registration
from proxy.errors import STATUS, Reason
from proxy.http.http1.requests import MessageLimits
from proxy.http.inbound import Inbound
from proxy.http.listener_context import Direction, ListenerContext, Timeouts
from proxy.http.outbound import Outbound
from proxy.http.pool import Pool
from proxy.routing.router import Destination, Router
from proxy.sockets import options
from proxy.sockets.dialer import Dialer
from proxy.sockets.dns_cache import DnsCache
from proxy.sockets.write_batch import WriteBatch
from proxy.tcp.opaque import established
from proxy.tcp.routes import InboundTcp, OutboundTcp
from proxy.tcp.sniffer import ListenerRules
from proxy.telemetry.call_recorder import CallRecorder
from proxy.telemetry.connection_recorder import ConnectionRecorder
from proxy.telemetry.gauges import EndpointGauges, endpoint_rows
from proxy.telemetry.meter import Meter
from proxy.telemetry.metrics import Gauge
from proxy.telemetry.trace_context import Sampler, Tracer

_REPORT_TURNS: Final = 5  # of the sweep, between two reports out of turn


def run(make: Callable[[], Awaitable["Process"]]) -> None:
    """Run a process until SIGTERM or SIGINT, then drain it. Raises ConfigError before it starts."""
    # Requests leave no cycles behind; collecting less often keeps pauses out of their way.
    gc.set_threshold(20_000, 20, 50)
    # libuv looks names up on these threads, at most half of them at once, and each may wait many seconds for
    # a name server that is away: of four, two such names would stop all others.
    os.environ.setdefault("UV_THREADPOOL_SIZE", "32")
    # gRPC's own log lines mean nothing to a user, who would see them on the terminal.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_signal(make))


async def _until_signal(make: Callable[[], Awaitable["Process"]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    process = await make()
    await process.start()
    await stop.wait()
    await process.stop()


class Process(Protocol):
    """A sidecar, one of its workers, or their supervisor."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


class Uplink(Protocol):
    """The connection from one process to the mesh: a ``Registration``, or a worker's ``ParentLink``."""

    meter: Meter
    gauges: Callable[[], Iterable[Gauge]]
    on_view: Callable[[MeshView], None]

    @property
    def keep(self) -> Callable[[bytes], None]: ...
    @property
    def report_now(self) -> Callable[[], None]: ...
    async def start(self, address: str) -> None: ...
    def drain(self) -> None: ...
    async def stop(self) -> None: ...
    def missing(self) -> str: ...
    def stats(self) -> dict[str, Any]: ...


class Sidecar:
    """One sidecar, or one of its workers. ``ports`` are the bound ones by listener."""

    def __init__(self, config: SidecarConfig, uplink: Uplink | None = None) -> None:
        self.config = config
        self.ports: dict[str, int] = {}
        self.refused: dict[str, int] = {}
        self._coarse = time.monotonic()
        self._servers: list[asyncio.Server] = []
        self._open = EndpointGauges()
        self._sweeping: asyncio.Task[None] | None = None
        source = random.Random()  # seeded by the system
        self._uplink = uplink = uplink or Registration(config)
        self.recorder = CallRecorder(uplink.meter, uplink.keep, time.time_ns() - time.monotonic_ns())
        dns = DnsCache(self._now)
        self.dialer = Dialer(config.max_connections, dns)
        self._batch = WriteBatch()
        self._limits = limits = MessageLimits(
            config.max_header_bytes, config.max_headers, config.max_uri_bytes, config.max_body_bytes
        )
        self.pool = Pool(self.dialer, self._batch, limits, self._now, config.pool_idle, config.pool_age)
        self.router = Router(source.random, namespace=config.namespace)
        uplink.gauges, uplink.on_view = self._gauges, self._take_view
        self._tracer = Tracer(Sampler.of(config.sample), source.getrandbits, config.b3)
        self.inbound = Inbound(config.app, self.recorder, config.max_requests)
        self.outbound = Outbound(self.router, dns, self.recorder, config.max_requests)
        links = ConnectionRecorder(uplink.meter, uplink.keep, lambda: self.recorder.epoch)
        self.tcp_directions = {
            "inbound": InboundTcp(config.app, links, self._tracer),
            "outbound": OutboundTcp(self.outbound, self.router, links, self._tracer),
        }
        self._contexts = {
            "inbound": self._listener_context(self.inbound, self._inbound_refused, config.forwarded),
            "outbound": self._listener_context(self.outbound, self._count_refused, forwarded=False),
        }

    async def start(self) -> None:
        """Open the listeners and connect to the mesh. Raises ConfigError; nothing stays open then."""
        config = self.config
        try:
            for option, context in self._contexts.items():
                address = getattr(config, option)
                if address:
                    await self._listen(option, address, self._rules(option, context).accept)
            if config.outbound:
                self.dialer.own = self.outbound.own = _own(
                    split_address(config.outbound)[0], self.ports["outbound"]
                )
            if config.admin:
                admin = Admin(self._uplink.missing, self.stats, vars(config), self.ports)
                await self._listen("admin", config.admin, admin.protocol)
        # A port that is taken must not leave the others listening in a process that will not serve.
        except ConfigError:
            self._close_servers()
            raise
        self._sweeping = asyncio.create_task(self._sweep())
        address = ""
        if "inbound" in self.ports:
            address = join_address(split_address(config.inbound)[0], self.ports["inbound"])
        await self._uplink.start(address)

    async def stop(self) -> None:
        """Drain: report it, stop accepting after a short notice, finish requests, flush telemetry."""
        # First the mesh, so that others stop sending while this process still accepts: the notice is their
        # time to hear of it.
        self._uplink.drain()
        for context in self._contexts.values():
            context.draining = True
        await asyncio.sleep(self.config.drain_notice)
        self._close_servers()
        for context in self._contexts.values():
            for connection in list(context.connections):
                connection.drain()
        deadline = time.monotonic() + self.config.drain_time
        while self._busy() and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        for context in self._contexts.values():
            for connection in list(context.connections):
                connection.abort()
        self.pool.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
        await self._uplink.stop()

    def stats(self) -> dict[str, Any]:
        """Return what /stats shows."""
        return {
            **self._uplink.stats(),
            "inbound_requests": self.inbound.request_count,
            "inbound_open": self.inbound.open,
            "inbound_connections": len(self._contexts["inbound"].connections),
            "outbound_requests": self.outbound.request_count,
            "outbound_connections": len(self._contexts["outbound"].connections),
            "opaque_connections": sum(each.connection_count for each in self.tcp_directions.values()),
            "upstream_connections": self.dialer.open,
            "upstream_idle": self.pool.idle,
            "series": len(self._uplink.meter),
            "refused": dict(self.refused),
            "endpoints": endpoint_rows(self._destinations(), time.monotonic()),
        }

    async def _listen(self, option: str, address: str, protocol: Callable[[], asyncio.Protocol]) -> None:
        server = await listen(option, address, protocol, shared=self.config.workers > 1)
        for listening in server.sockets:
            options.keep_alive(listening)
        self._servers.append(server)
        self.ports[option] = bound_port(server)

    def _listener_context(
        self, direction: Direction, refused: Callable[[Reason], None], forwarded: bool
    ) -> ListenerContext:
        config = self.config
        # Others may hold connections with heads that never end; our own application is no stranger.
        header = config.header_timeout if direction is self.inbound else 0.0
        timeouts = Timeouts(header, config.idle_timeout, config.connect_timeout)
        return ListenerContext(
            direction=direction,
            pool=self.pool,
            dialer=self.dialer,
            batch=self._batch,
            tracer=self._tracer,
            limits=self._limits,
            timeouts=timeouts,
            now=self._now,
            clock=time.monotonic_ns,
            count_refusal=refused,
            caller=(
                attributes.CALLER_HEADER.encode(),
                ServiceId.of(config.namespace, config.service).encode(),
            ),
            via=config.service.encode() if config.via else b"",
            forwarded=forwarded,
        )

    def _take_view(self, view: MeshView) -> None:
        for address in self.router.update(view):
            self.pool.forget(address)

    def _rules(self, option: str, context: ListenerContext) -> ListenerRules:
        config = self.config
        inbound = option == "inbound"
        return ListenerRules(
            context,
            self.tcp_directions[option],
            app=config.app if inbound else "",
            protocol=config.app_protocol if inbound else "auto",
            intercept=config.intercept,
            patience=config.detect_timeout,
        )

    def _count_refused(self, reason: Reason) -> None:
        self.refused[reason] = self.refused.get(reason, 0) + 1

    def _inbound_refused(self, reason: Reason) -> None:
        self._count_refused(reason)
        self.recorder.refused(STATUS[reason], reason)

    def _now(self) -> float:
        return self._coarse

    async def _sweep(self) -> None:
        """Advance the coarse clock, and act on deadlines that have passed."""
        turn = reported = 0
        while True:
            await asyncio.sleep(0.1)
            self._coarse = time.monotonic()
            turn += 1
            # At each turn of 0.1 s, as news of a failing endpoint is worth most in its first moments.
            if reported <= turn - _REPORT_TURNS and self.router.news(self._coarse):
                reported = turn
                self._uplink.report_now()
            # Twice a second is exact enough for timeouts of seconds, and a sweep walks over all
            # connections.
            if turn % 5 == 0:
                for context in self._contexts.values():
                    context.sweep()
                self.pool.sweep()
                self.recorder.tidy()
                # Renewed because the wall clock is corrected now and then (NTP); the monotonic one never
                # jumps.
                self.recorder.epoch = time.time_ns() - time.monotonic_ns()

    def _gauges(self) -> list[Gauge]:
        readings = self._open.read(self._destinations(), time.monotonic())
        if self.config.inbound:
            readings.append(Gauge(attributes.SERVER_ACTIVE, self.inbound.open, {}))
        for option, direction in self.tcp_directions.items():
            readings += direction.gauges(established(self._contexts[option].connections))
        return readings

    def _destinations(self) -> list[Destination]:
        return [*self.router.services.values(), *self.router.outside.values()]

    def _busy(self) -> bool:
        contexts = self._contexts.values()
        return any(connection.busy for context in contexts for connection in context.connections)

    def _close_servers(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()


def _own(host: str, port: int) -> frozenset[str]:
    """Return the addresses by which an application on this machine reaches the outbound listener."""
    names = {host, "localhost", "127.0.0.1", "::1", socket.gethostname().lower()}
    return frozenset(join_address(name, port) for name in names)
