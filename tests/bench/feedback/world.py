"""The processes of one arm: backends, its proxies, and a collector where it is ours."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

from deploy.processes import ports
from tests.bench import envoy_peer
from tests.bench.feedback import clients, envoys, scenarios
from tests.bench.feedback.scenarios import Scenario
from tests.bench.process import OTHER_CORE, PROXY_CORE, cpu_seconds, pinned

SERVICE: Final = "backend"
ENVOYS: Final = ("envoy-default", "envoy-tuned")
MIXED: Final = "ours-envoy"
_MESH: Final = """\
services:
  {service}:
    stage: route
    percent: 100
    retries: {{on: []}}
    endpoints: [{endpoints}]
"""
# Arms that are ours with something done to the collector this long into the fault.
HURT: Final = {"ours-killed": signal.SIGKILL, "ours-frozen": signal.SIGSTOP}
HURT_AFTER: Final = 3.0
ARMS: Final = (*clients.ARMS, *HURT, *ENVOYS, MIXED)
OURS: Final = ("ours", "ours-fleet", *HURT, MIXED)

_PYTHON: Final = [sys.executable, "-m"]


@dataclass
class World:
    """What runs. ``listeners`` are the clients' ports; ``measured`` those whose requests count."""

    backends: list[int]
    control: int
    listeners: list[int] = field(default_factory=list)
    measured: list[int] = field(default_factory=list)
    collector: int = 0
    query: int = 0
    pids: dict[str, list[int]] = field(default_factory=dict)

    def tell(self, **said: Any) -> Any:
        """Ask the backends' control port."""
        with socket.create_connection(("127.0.0.1", self.control), timeout=10) as link:
            stream = link.makefile("rwb")
            stream.write(json.dumps(said).encode() + b"\n")
            stream.flush()
            return json.loads(stream.readline())

    def decisions(self) -> list[dict[str, Any]]:
        """What the collector decided; nothing where there is none or it answers no more."""
        if not self.query:
            return []
        with suppress(URLError, OSError):
            url = f"http://127.0.0.1:{self.query}/api/mesh/decisions?limit=500"
            with urlopen(url, timeout=3) as reply:
                found: list[dict[str, Any]] = json.load(reply)["decisions"]
                return found
        return []

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far, by kind of process."""
        found = {}
        for name, pids in self.pids.items():
            with suppress(OSError):
                found[name] = sum(cpu_seconds(pid) for pid in pids)
        return found

    def hurt(self, arm: str) -> None:
        """Kill or freeze the collector."""
        os.kill(self.collector, HURT[arm])


@contextmanager
def world(arm: str, scenario: Scenario, seed: int, folder: Path) -> Iterator[World]:
    """Everything but the load, ready for requests."""
    count = scenarios.BACKENDS
    given = ports.free(2 * count + scenario.clients + 5)
    backends, probes = given[:count], given[count : 2 * count]
    listeners = given[2 * count : -5]
    found = World(backends, given[-1], listeners, list(range(scenario.clients)))
    with ExitStack() as stack:
        found.pids["backends"] = [_backends(stack, found, probes, scenario, seed)]
        if arm in ENVOYS:
            config = envoys.standalone(listeners, backends, arm == "envoy-tuned")
            found.pids["proxies"] = [_envoy(stack, folder, "envoy", config, listeners[0])]
        else:
            _mesh(stack, found, folder, given[-5:-2])
            _proxies(stack, found, arm, seed, folder, given[-5], dict(zip(backends, probes, strict=True)))
        for port in listeners:
            _warm(port)
        yield found


def _backends(stack: ExitStack, found: World, probes: list[int], scenario: Scenario, seed: int) -> int:
    said = {
        "ports": found.backends,
        "probes": probes,
        "control": found.control,
        "seed": seed,
        "latency": scenario.latency,
        "spread": scenarios.SPREAD,
        "slots": scenario.slots,
    }
    argv = [*_PYTHON, "tests.bench.feedback.backends", json.dumps(said)]
    return stack.enter_context(pinned(argv, OTHER_CORE, found.control))


def _mesh(stack: ExitStack, found: World, folder: Path, given: list[int]) -> None:
    """A collector that routes everything."""
    grpc, http, found.query = given
    file = folder / "mesh.yaml"
    endpoints = ", ".join(f"127.0.0.1:{port}" for port in found.backends)
    file.write_text(_MESH.format(service=SERVICE, endpoints=endpoints))
    argv = [
        *_PYTHON,
        "deploy.cli.entry",
        "collector",
        "--data",
        str(folder / "data"),
        "--config",
        str(file),
        "--grpc",
        f"127.0.0.1:{grpc}",
        "--http",
        f"127.0.0.1:{http}",
        "--query",
        f"127.0.0.1:{found.query}",
    ]
    found.collector = stack.enter_context(_endurable(pinned(argv, PROXY_CORE, grpc)))
    found.pids["collector"] = [found.collector]


@contextmanager
def _endurable(process: AbstractContextManager[int]) -> Iterator[int]:
    """A process that may have been frozen or killed on the way."""
    with process as pid:
        yield pid
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _proxies(
    stack: ExitStack, found: World, arm: str, seed: int, folder: Path, mesh: int, probes: dict[int, int]
) -> None:
    """Sidecars for all clients; in the mixed fleet stock Envoys for every other one, which then count."""
    mixed = arm == MIXED
    own = found.listeners[::2] if mixed else found.listeners
    said = {
        "arm": arm if arm in clients.ARMS else "ours",
        "mesh": f"127.0.0.1:{mesh}",
        "ports": own,
        "seed": seed,
        "probes": {f"127.0.0.1:{port}": probe for port, probe in probes.items()},
    }
    argv = [*_PYTHON, "tests.bench.feedback.clients", json.dumps(said)]
    found.pids["proxies"] = [stack.enter_context(pinned(argv, PROXY_CORE, own[-1]))]
    if mixed:
        found.measured = found.measured[1::2]
        for port in found.listeners[1::2]:
            config = envoys.driven(f"envoy-{port}", port, mesh)
            found.pids["proxies"].append(_envoy(stack, folder, f"envoy-{port}", config, port))


def _envoy(stack: ExitStack, folder: Path, name: str, config: dict[str, Any], port: int) -> int:
    file = folder / f"{name}.json"
    file.write_text(json.dumps(config))
    return stack.enter_context(pinned(envoy_peer.argv(file), PROXY_CORE, port))


def _warm(port: int) -> None:
    """Wait until a request through the proxy succeeds."""
    deadline = time.monotonic() + 30
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            link.sendall(f"GET / HTTP/1.1\r\nhost: {SERVICE}\r\nconnection: close\r\n\r\n".encode())
            if b" 200 " in link.recv(64):
                return
        if time.monotonic() > deadline:
            raise RuntimeError("a proxy does not get through to the backends")
        time.sleep(0.1)


@contextmanager
def load(world_: World, scenario: Scenario, start: float, seed: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The load generator, under way."""
    rate = scenario.rate / len(world_.listeners)
    said = {
        "ports": world_.listeners,
        "rates": [rate] * len(world_.listeners),
        "host": SERVICE,
        "start": start,
        "seconds": scenario.seconds,
        "patience": 3.0,
        "seed": seed,
    }
    argv = ["taskset", "-c", str(OTHER_CORE), *_PYTHON, "tests.bench.feedback.load", json.dumps(said)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE)
    world_.pids["load"] = [process.pid]
    try:
        yield process
    finally:
        process.kill()
        process.wait()
