"""What a second worker costs: one sidecar of two workers beside two sidecars of one.

Both are given the same connections on the same two cores, alternating, so what differs is what workers
of one instance do for each other. With that ratio at 1 two workers carry what two sidecars carry.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.processes import ports
from tests.bench import report
from tests.bench.process import cpu_seconds, running

_CONNECTIONS = 64
_TARGET = 1.1


def row(backend: int, sink: int, rounds: int, seconds: float) -> report.Row:
    """CPU per request of both, every request traced."""
    took: dict[int, list[float]] = {1: [], 2: []}
    for number in range(rounds):
        for sidecars in (1, 2) if number % 2 else (2, 1):
            took[sidecars].append(_cost(backend, sink, sidecars, seconds))
    return report.compare(
        f"2 workers, {_CONNECTIONS} connections, traced 100 %",
        "cpu per request",
        "us",
        took[1],
        took[2],
        "two sidecars",
        _TARGET,
    )


def _cost(backend: int, sink: int, sidecars: int, seconds: float) -> float:
    """Microseconds of CPU per request of ``sidecars`` that have two workers together."""
    with ExitStack() as stack:
        started = [stack.enter_context(_sidecar(backend, sink, 2 // sidecars)) for _ in range(sidecars)]
        listening = [port for _, port in started]
        _load(listening, 1)
        before = sum(map(_cpu, (pid for pid, _ in started)))
        requests = _load(listening, seconds)
        return 1e6 * (sum(map(_cpu, (pid for pid, _ in started))) - before) / requests


@contextmanager
def _sidecar(backend: int, sink: int, workers: int) -> Iterator[tuple[int, int]]:
    port = ports.free(1)[0]
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
        f"127.0.0.1:{backend}",
        "--inbound",
        f"127.0.0.1:{port}",
        "--outbound",
        "",
        "--mesh",
        f"127.0.0.1:{sink}",
        "--sample",
        "1",
        "--workers",
        str(workers),
    ]
    with running(argv, port) as pid:
        yield pid, port


def _load(listening: list[int], seconds: float) -> int:
    """Requests answered with success; one that failed voids the run."""
    share = _CONNECTIONS // len(listening)
    loads = [
        subprocess.Popen(
            ["wrk", "-t1", f"-c{share}", f"-d{max(1, round(seconds))}s", f"http://127.0.0.1:{port}/64"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for port in listening
    ]
    total = 0
    for load in loads:
        said, _ = load.communicate()
        found = re.search(r"(\d+) requests in", said)
        if found is None or "Non-2xx" in said or "Socket errors" in said:
            raise RuntimeError(said)
        total += int(found[1])
    return total


def _cpu(pid: int) -> float:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return cpu_seconds(pid) + sum(map(_cpu, map(int, children)))
