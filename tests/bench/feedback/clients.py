"""Sidecars of one arm, all in one process, each with its own picker and its own line to the mesh.

``python -m tests.bench.feedback.clients JSON``, an object with ``arm``, ``mesh`` (HOST:PORT), ``ports`` (an
outbound listener each), ``probes`` (UDP ports by endpoint address) and ``seed``. Nothing but the picker
and, for arms without the fleet's feedback, a view without weights and ejections tells arms apart.
"""

import asyncio
import gc
import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, cast

import uvloop

from proxy.app import Sidecar
from proxy.config import SidecarConfig
from proxy.contract.model import MeshView, Node
from proxy.control.registration import Registration
from proxy.control.xds_client import XdsClient, neutral
from proxy.routing.balancer import Balancer, Picker, Rng
from tests.bench.feedback.pickers import LeastRequest, LinkerdLike, PeakEwma, PrequalLike, RoundRobin

Make = Callable[[Rng], Picker]
ClientFactory = Callable[[str, Node, Callable[[MeshView], None]], XdsClient]


class Prober(asyncio.DatagramProtocol):
    """Prequal's probes of one sidecar to one endpoint, over UDP."""

    transport: asyncio.DatagramTransport

    def __init__(self, picker: PrequalLike, address: str) -> None:
        self._picker = picker
        self._address = address

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        rif, latency = json.loads(data)
        self._picker.answered(self._address, rif, latency, time.monotonic())

    def error_received(self, exc: Exception) -> None:
        """A refused probe is no answer."""


class Probing:
    """Opens a prober at the first question about an endpoint."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = ports
        self._probers: dict[tuple[int, str], Prober] = {}
        self._opening: set[asyncio.Task[None]] = set()

    def ask(self, picker: PrequalLike, address: str) -> None:
        key = (id(picker), address)
        prober = self._probers.get(key)
        if prober is None:
            prober = self._probers[key] = Prober(picker, address)
            task = asyncio.get_running_loop().create_task(self._open(prober, address))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        elif hasattr(prober, "transport"):
            prober.transport.sendto(b"?")

    async def _open(self, prober: Prober, address: str) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: prober, remote_addr=("127.0.0.1", self._ports[address]))
        prober.transport.sendto(b"?")


def local(target: str, node: Node, on_view: Callable[[MeshView], None]) -> XdsClient:
    """The mesh's view without what the fleet found out."""
    return XdsClient(target, node, lambda view: on_view(neutral(view)))


# Picker and xDS client of every arm that is our sidecar.
ARMS: Final[Mapping[str, tuple[Make | None, ClientFactory]]] = {
    "round-robin": (RoundRobin, local),
    "least-request": (LeastRequest, local),
    "peak-ewma": (PeakEwma, local),
    "linkerd-like": (LinkerdLike, local),
    "prequal-like": (None, local),
    "ours": (Balancer, XdsClient),
    "ours-local": (Balancer, local),
    "ours-fleet": (LeastRequest, XdsClient),
}


def _picker(make: Make, seeded: Rng, _: Rng) -> Picker:
    """Arms draw from the run's seed, not from the sidecar's own source."""
    return make(seeded)


async def run(given: dict[str, Any]) -> None:
    make, make_client = ARMS[given["arm"]]
    probing = Probing(given["probes"])
    sidecars = []
    for number, port in enumerate(given["ports"]):
        config = SidecarConfig(
            service="client",
            instance=f"client-{number}",
            inbound="",
            admin="",
            mesh=given["mesh"],
            outbound=f"127.0.0.1:{port}",
            sample=0.02,
        )
        sidecar = Sidecar(config, Registration(config, make_client))
        rng = random.Random(f"{given['seed']}/{number}").random
        sidecar.router.picker = partial(_picker, make or partial(PrequalLike, ask=probing.ask), rng)
        sidecars.append(sidecar)
    for sidecar in sidecars:
        await sidecar.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    gc.set_threshold(20_000, 20, 50)
    uvloop.run(run(json.loads(sys.argv[1])))
