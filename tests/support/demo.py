"""A running `spanmesh demo`, for tests that need the whole loop."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, TypeVar

from deploy import api
from deploy.processes import ports
from deploy.processes.supervise import command
from proxy.contract.api.mesh_routes import SET_STAGE
from proxy.contract.transport.http_client import opener

T = TypeVar("T")

# How callers and callees of the example shop hang together.
EDGES = {
    ("user", "frontend"),
    ("frontend", "catalog"),
    ("frontend", "reviews"),
    ("frontend", "cart"),
    ("frontend", "checkout"),
    ("catalog", "stockdb"),
    ("cart", "stockdb"),
    ("checkout", "cart"),
    ("checkout", "payment"),
    ("checkout", "shipping"),
    ("reviews", "ratings"),
}


def until(look: Callable[[], T | None], seconds: float, what: str) -> T:
    """Poll until ``look`` gives something; fail with ``what`` after a generous limit."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


@dataclass
class Demo:
    """The demo's process and the ways a user looks at it."""

    process: subprocess.Popen[bytes]
    output: Path
    api: str
    otlp: str
    dashboard: str

    def get(self, path: str) -> Any:
        with opener().open(self.api + path, timeout=20) as response:
            return json.load(response)

    def set_stage(self, service: str, stage: str, percent: int = 100) -> Any:
        return api.ask(self.api, SET_STAGE, {"service": service, "stage": stage, "percent": percent})

    def edges(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {(e["source"], e["target"]): e for e in self.get("/api/mesh/graph")["edges"]}

    def endpoints(self, service: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"/api/mesh/endpoints?service={service}")["endpoints"]
        return found

    def address(self, service: str) -> tuple[str, int]:
        """Where callers of a service connect: its first endpoint."""
        host, _, port = self.endpoints(service)[0]["address"].rpartition(":")
        return host, int(port)

    def fault(self, app: str, kind: str) -> None:
        """Make the application at ``host:port`` misbehave; an empty kind mends it."""
        host, _, port = app.rpartition(":")
        connection = HTTPConnection(host, int(port), timeout=10)
        connection.request("POST", "/fault", body=kind)
        assert connection.getresponse().status == 200
        connection.close()

    def child(self, role: str) -> int:
        """Process id of the supervised ``spanmesh ROLE``."""
        started = [part.encode() for part in command(role)]
        for entry in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            arguments = Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
            if arguments[: len(started)] == started:
                return int(entry)
        raise AssertionError(f"the demo has no child {role}")

    def kill(self, role: str) -> None:
        os.kill(self.child(role), signal.SIGKILL)


@contextmanager
def running(data: Path, *options: str) -> Iterator[Demo]:
    """A demo with its data under ``data``, ready when the shop answers; stopped with Ctrl-C."""
    output = data / "demo.log"
    names = ("grpc", "http", "query", "listen")
    at = {name: f"{ports.LOOPBACK}:{port}" for name, port in zip(names, ports.free(4), strict=True)}
    given = ["--data", str(data / "store"), *(f"--{name}={address}" for name, address in at.items())]
    with output.open("wb") as log:
        process = subprocess.Popen(command("demo", *given, *options), stdout=log, stderr=subprocess.STDOUT)
        demo = Demo(process, output, *(ports.url(at[name]) for name in ("query", "http", "listen")))
        try:
            until(lambda: "Ctrl-C stops everything" in output.read_text() or process.poll(), 60, "a demo")
            assert process.poll() is None, output.read_text()
            yield demo
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(60)
