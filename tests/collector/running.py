"""A whole collector in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import grpc

from deploy.processes import ports
from tests.collector.receive.receiving import TRACES

ROOT = Path(__file__).parents[2]
MAIN = """
import sys
from collector.app import run
from collector.config import CollectorConfig
from proxy.contract.failure import ConfigError
from proxy.contract.settings import load
from topology.settings import EngineSettings
try:
    run(load(CollectorConfig, dict(pair.split("=", 1) for pair in sys.argv[1:]), {}), EngineSettings())
except ConfigError as error:
    sys.exit(str(error))
"""

QUERY = """
import json, sys
from pathlib import Path
from collector.clickhouse.embedded import EmbeddedStore
print(json.dumps(EmbeddedStore(Path(sys.argv[1])).connect().query(sys.argv[2])))
"""


def free_port() -> int:
    """A port nobody listens on at this moment."""
    return ports.free(1)[0]


def options(data: Path, **given: object) -> list[str]:
    """Command line of ``MAIN``: free ports and the directory, unless given otherwise."""
    values: dict[str, object] = {name: f"127.0.0.1:{free_port()}" for name in ("grpc", "http", "query")} | {
        "data": data,
        **given,
    }
    return [f"{name}={value}" for name, value in values.items()]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPANMESH_")}
    return {**kept, "PYTHONPATH": str(ROOT)}


def refused(data: Path, **given: object) -> str:
    """What a collector says that cannot start."""
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *options(data, **given)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    return done.stderr


def stored(data: Path, sql: str) -> list[list[Any]]:
    """Rows in the directory of a collector that has ended; in a process of its own, as the engine
    holds one directory in each."""
    done = subprocess.run(
        [sys.executable, "-c", QUERY, str(data), sql],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    rows: list[list[Any]] = json.loads(done.stdout)
    return rows


@dataclass
class Collector:
    process: subprocess.Popen[bytes]
    options: dict[str, str]

    def get(self, path: str) -> Any:
        with urlopen(f"http://{self.options['query']}{path}", timeout=20) as response:
            return json.loads(response.read())

    def put(self, path: str, body: object) -> Any:
        request = Request(
            f"http://{self.options['query']}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        with urlopen(request, timeout=20) as response:
            return json.loads(response.read())

    def metric(self, name: str) -> float:
        """A figure without labels of the collector's own."""
        with urlopen(f"http://{self.options['query']}/metrics", timeout=20) as response:
            lines = response.read().decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    def post(self, path: str, body: bytes) -> int:
        """Send protobuf over OTLP/HTTP; the status."""
        request = Request(
            f"http://{self.options['http']}{path}", body, {"Content-Type": "application/x-protobuf"}
        )
        with urlopen(request, timeout=20) as response:
            status: int = response.status
            return status

    def end(self, number: int = signal.SIGTERM) -> int:
        """Its exit status after a signal."""
        self.process.send_signal(number)
        return self.process.wait(30)


def started(data: Path, **given: object) -> Collector:
    """A collector that is ready."""
    arguments = options(data, **given)
    process = subprocess.Popen([sys.executable, "-c", MAIN, *arguments], env=environment())
    collector = Collector(process, dict(pair.split("=", 1) for pair in arguments))
    until(lambda: _ready(collector), "the collector to be ready")
    return collector


def _ready(collector: Collector) -> bool:
    assert collector.process.poll() is None, "the collector ended"
    try:
        return bool(collector.get("/readyz"))
    except (URLError, ConnectionError, TimeoutError):
        return False


def until(look: Any, what: str, seconds: float = 30) -> Any:
    """Poll until ``look`` gives something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


def export(target: Collector, body: bytes, method: str = TRACES) -> None:
    """Send one request of raw bytes over gRPC."""
    with grpc.insecure_channel(target.options["grpc"]) as channel:
        channel.unary_unary(method, None, None)(body, timeout=20)
