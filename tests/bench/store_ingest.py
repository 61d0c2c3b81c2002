"""OTLP spans from a socket to rows on disk: the collector beside rotel, both before the same engine.

Rotel exports over ClickHouse's HTTP interface, so ``store_front`` stands there with the embedded engine
behind it; of that process only the engine's threads count, not the one that does HTTP. Rotel sends
uncompressed batches of 30,000 spans or of a second, its cheapest setting here, and takes no request past
4 MiB. It decodes and encodes; the collector checks every span, feeds the graph, and has each request
durable before it answers.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import grpc

from tests.bench.process import cpu_seconds, pinned, rss_mib
from tests.bench.report import Row, compare, finish, heading, say
from tests.bench.store_requests import requests
from tests.collector.receive.receiving import TRACES
from tests.collector.running import MAIN, free_port, options

ROTEL: Final = "rotel==0.0.1a15"
_FOLDER: Final = Path(sys.prefix) / "bench" / "rotel"  # beside the packages, not among them
_CORE: Final = 0
_SENDERS: Final = 8
_SETTLE_SECONDS: Final = 5.0  # for merges
_STORED: Final = 'spanmesh_stored_rows_total{table="otel_traces"}'
_GOAL: Final = 1e6 / 60_000  # µs a span: 60,000 spans a second on one core
_MEMORY_GOAL: Final = 1024.0  # MiB


@dataclass(frozen=True)
class Target:
    """What is measured: where it listens, its CPU seconds so far, rows it stored, its process."""

    grpc: str
    cpu: Callable[[], float]
    stored: Callable[[], int]
    pid: int


@dataclass(frozen=True)
class Run:
    """One run: µs of CPU a span, spans a second as sent, MiB resident halfway and at the end."""

    cpu: float
    rate: float
    halfway: float
    memory: float


@contextmanager
def collector(directory: Path) -> Iterator[Target]:
    given = options(directory)
    ports = dict(pair.split("=", 1) for pair in given)
    with pinned([sys.executable, "-c", MAIN, *given], _CORE, _port(ports["grpc"])) as pid:

        def stored() -> int:
            lines = _get(f"http://{ports['query']}/metrics").splitlines()
            return sum(int(float(line.rpartition(" ")[2])) for line in lines if line.startswith(_STORED))

        yield Target(ports["grpc"], lambda: cpu_seconds(pid), stored, pid)


@contextmanager
def rotel(directory: Path) -> Iterator[Target]:
    front, grpc_port = free_port(), free_port()
    argv = [
        str(_rotel()),
        "start",
        "--otlp-grpc-endpoint",
        f"127.0.0.1:{grpc_port}",
        "--otlp-http-endpoint",
        f"127.0.0.1:{free_port()}",
        "--exporter",
        "clickhouse",
        "--clickhouse-exporter-endpoint",
        f"http://127.0.0.1:{front}",
        "--clickhouse-exporter-database",
        "default",
        "--clickhouse-exporter-compression",
        "none",
        "--batch-max-size",
        "30000",
        "--batch-timeout",
        "1s",
    ]
    engine = [sys.executable, "-m", "tests.bench.store_front", str(directory), str(front)]
    with pinned(engine, _CORE, front) as below, pinned(argv, _CORE, grpc_port) as pid:
        yield Target(
            f"127.0.0.1:{grpc_port}",
            lambda: cpu_seconds(pid) + cpu_seconds(below) - _main_thread_seconds(below),
            lambda: int(_get(f"http://127.0.0.1:{front}/?query=SELECT+count()+FROM+otel_traces")),
            pid,
        )


def measure(target: Target, bodies: Sequence[bytes], spans: int) -> Run:
    """Send all, wait until all is stored and merged."""
    before, began = target.cpu(), time.monotonic()
    halfway = asyncio.run(_send(target, bodies))
    rate = spans / (time.monotonic() - began)
    deadline = time.monotonic() + 120
    while target.stored() < spans:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{target.stored()} of {spans} spans were stored")
        time.sleep(0.2)
    time.sleep(_SETTLE_SECONDS)
    return Run((target.cpu() - before) / spans * 1e6, rate, halfway, rss_mib(target.pid))


async def _send(target: Target, bodies: Sequence[bytes]) -> float:
    """Send each body once it is due; resident MiB when half of them were answered."""
    rest = iter(bodies)
    answered, halfway = 0, 0.0
    sizes = (("grpc.max_send_message_length", -1),)
    async with grpc.aio.insecure_channel(target.grpc, options=sizes) as channel:
        export = channel.unary_unary(TRACES, None, None)

        async def sender() -> None:
            nonlocal answered, halfway
            for body in rest:
                await export(body, timeout=60, wait_for_ready=True)
                answered += 1
                if answered == len(bodies) // 2:
                    halfway = rss_mib(target.pid)

        await asyncio.gather(*(sender() for _ in range(_SENDERS)))
    return halfway


def compared(rounds: int, total: int, sizes: Sequence[int] = (512, 4096)) -> list[Row]:
    """The rows of the benchmark: ``total`` spans for each of the ``sizes`` of a request and round."""
    rows: list[Row] = []
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for size in sizes:
        ours: list[Run] = []
        theirs: list[Run] = []
        for number in range(rounds):
            bodies = requests(total // size, size, time.time_ns(), number)
            pair = ((collector, ours), (rotel, theirs))
            for start, runs in pair if number % 2 == 0 else reversed(pair):
                with tempfile.TemporaryDirectory() as name, start(Path(name)) as target:
                    runs.append(measure(target, bodies, len(bodies) * size))
        rows += _judged(f"ingest, {size} spans a request", ours, theirs)
    return rows


def _judged(case: str, ours: Sequence[Run], theirs: Sequence[Run]) -> list[Row]:
    costs, peers = [run.cpu for run in ours], [run.cpu for run in theirs]
    memory = [run.memory for run in ours]
    return [
        compare(case, "cpu per span", "us", costs, peers, "rotel", 1.0),
        compare(case, "cpu per span", "us", costs, [_GOAL], "60,000/s", 1.0),
        compare(case, "sent", "spans/s", [run.rate for run in ours], [run.rate for run in theirs], "rotel"),
        compare(case, "memory at the end", "MiB", memory, [_MEMORY_GOAL], "goal", 1.0),
        compare(case, "memory at the end", "MiB", memory, [run.halfway for run in ours], "halfway"),
    ]


def _main_thread_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/task/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _get(url: str) -> str:
    with urlopen(url, timeout=30) as response:
        return str(response.read(), "utf-8")


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


def _rotel() -> Path:
    """The peer, installed beside the tests: nothing of ours depends on it."""
    agent = _FOLDER / "rotel" / "rotel-agent"
    if not agent.exists():
        say(f"# installing {ROTEL} into {_FOLDER}")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(_FOLDER)]
        subprocess.run([*command, ROTEL], check=True, env={**os.environ, "PIP_CONSTRAINT": ""})
    return agent


if __name__ == "__main__":
    heading("python -m tests.bench.store_ingest", "chdb-core", "grpcio", "protobuf")
    finish("store-ingest", compared(int(sys.argv[1]), int(sys.argv[2])))
