"""``make soak``: mixed load and faults through two sidecars; memory stays flat and all counts agree.

Clients ask an outbound sidecar for an inbound one, before an application that misbehaves on demand;
both report to a sink that counts. Stops by itself after ``--seconds`` (180) and a short settling.
Ends with status 1 when a figure is not what it must be.
"""

import argparse
import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import uvloop

from deploy.processes import ports
from tests.bench import report
from tests.bench.process import running
from tests.bench.soak_backend import app
from tests.bench.soak_load import Clients, Tally
from tests.proxy.rig import serving
from tests.support.lone_sidecar import LoneSidecar, lone_sidecar

CLIENTS = 24
SETTLING = 20.0  # seconds at most, until sockets are closed and everything is reported
GROWTH = 4096.0  # KiB that memory may drift over the measured part; steps of the allocator are of MiB
WARM = 1 / 3  # of the time: caches fill, the allocator finds its size


@dataclass
class Outcome:
    """``problems`` is empty when everything is as it must be."""

    requests: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    slopes: dict[str, float] = field(default_factory=dict)  # KiB per minute
    descriptors: dict[str, tuple[int, int]] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


async def soak(seconds: float) -> Outcome:
    """Run the whole thing."""
    result = Outcome()
    grpc_port, count_port, nowhere = ports.free(3)
    async with AsyncExitStack() as stack:
        argv = [sys.executable, "-m", "tests.bench.sink", str(grpc_port), str(count_port)]
        stack.enter_context(running(argv, count_port))
        mesh = f"127.0.0.1:{grpc_port}"
        address = await stack.enter_async_context(serving(app))
        short: dict[str, Any] = {"pool_idle": 2}
        beside = lone_sidecar(address, mesh, "inside", **short)
        inside = await stack.enter_async_context(beside)
        outside = await stack.enter_async_context(lone_sidecar(mesh=mesh, service="outside", **short))
        sidecars = {"inbound": inside, "outbound": outside}
        tally = Tally()
        clients = Clients(outside.outbound, inside.inbound, nowhere, tally)
        await clients.run(CLIENTS, time.monotonic() + 1)
        before = {name: await _rested(each) for name, each in sidecars.items()}
        memory = await _measured(clients, seconds, sidecars)
        result.slopes = {name: _slope(samples) for name, samples in memory.items()}
        for name, each in sidecars.items():
            result.descriptors[name] = before[name], await _rested(each)
        result.counts = await _settled(count_port, _expected(tally))
        result.requests, result.answers = tally.through, dict(sorted(tally.answers.items()))
        _judge(result, tally, memory)
    return result


async def _measured(
    clients: Clients, seconds: float, sidecars: dict[str, LoneSidecar]
) -> dict[str, list[tuple[float, float]]]:
    """Load for so long; (seconds, KiB) of each sidecar after its warm part."""
    start = time.monotonic()
    load = asyncio.ensure_future(clients.run(CLIENTS, start + seconds, seed=1000))
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in sidecars}
    while not load.done():
        await asyncio.wait([load], timeout=0.5)
        since = time.monotonic() - start
        if since > WARM * seconds:
            for name, each in sidecars.items():
                samples[name].append((since, each.resident_kib))
    await load
    return samples


def _slope(samples: list[tuple[float, float]]) -> float:
    """Least squares, KiB per minute."""
    count = len(samples)
    x = sum(at for at, _ in samples) / count
    y = sum(size for _, size in samples) / count
    spread = sum((at - x) ** 2 for at, _ in samples)
    return 60 * sum((at - x) * (size - y) for at, size in samples) / spread if spread else 0.0


async def _rested(sidecar: LoneSidecar) -> int:
    """Descriptors once no client and no upstream is connected any more."""
    deadline = time.monotonic() + SETTLING
    while time.monotonic() < deadline:
        stats = await sidecar.stats()
        if not (stats["inbound_connections"] + stats["outbound_connections"] + stats["upstream_connections"]):
            break
        await asyncio.sleep(0.2)
    return sidecar.descriptors


def _expected(tally: Tally) -> dict[str, int]:
    sent = tally.through
    return {
        "server_spans": sent,
        "client_spans": sent + tally.outside,
        "server": sent,
        "client": sent + tally.outside,
        "refused": tally.refused,
    }


async def _settled(count_port: int, expected: dict[str, int]) -> dict[str, int]:
    """Return what the sink has counted, once it is what is expected or no more comes."""
    deadline = time.monotonic() + SETTLING
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", count_port)
        counted = json.loads(await reader.read())
        writer.close()
        found = {name: int(counted.get(name, 0)) for name in expected}
        if found == expected or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.5)


def _judge(result: Outcome, tally: Tally, memory: dict[str, list[tuple[float, float]]]) -> None:
    for name, expected in _expected(tally).items():
        if result.counts[name] != expected:
            result.problems.append(f"{name}: {result.counts[name]} at the sink, {expected} sent")
    for name, (first, last) in result.descriptors.items():
        if last > first + 2:
            result.problems.append(f"{name}: {first} descriptors before, {last} after")
    for name, samples in memory.items():
        drift = result.slopes[name] * (samples[-1][0] - samples[0][0]) / 60
        if drift > GROWTH:
            result.problems.append(f"{name}: memory grew by {drift:.0f} KiB")
    result.problems += sorted(set(tally.wrong))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=180.0)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(soak(options.seconds))
    report.say(f"{result.requests} requests in {options.seconds:g} s; at the sink {result.counts}")
    for answer, count in result.answers.items():
        report.say(f"  {answer:20} {count}")
    for name, slope in result.slopes.items():
        first, last = result.descriptors[name]
        report.say(f"{name:9} memory {slope:+.0f} KiB/min, descriptors {first} before and {last} after")
    for problem in result.problems:
        report.say(f"! {problem}")
    sys.exit(bool(result.problems))


if __name__ == "__main__":
    main()
