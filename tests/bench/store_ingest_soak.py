"""The collector under a bounded rate of spans for minutes: does its memory stay, and what does a span cost?

``python -m tests.bench.store_ingest_soak [SECONDS [SPANS_A_SECOND]]``. The cost of a span grows until merges
have gone through all their levels; threads are told apart by name, merges have their own.
"""

import asyncio
import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import linear_regression
from typing import Final

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.bench.process import rss_mib
from tests.bench.report import Row, compare, finish, heading, say
from tests.bench.store_ingest import Target, collector
from tests.bench.store_requests import requests
from tests.collector.receive.receiving import TRACES

_SPANS: Final = 512  # a request
_EVERY: Final = 10.0  # seconds between looks
_MEMORY_GOAL: Final = 1024.0  # MiB
_MERGING: Final = ("MergeMutate",)


class Fresh:
    """Requests that were never sent before: known ones with ids and times of their own."""

    def __init__(self, known: Sequence[bytes], seed: int) -> None:
        self._known = [ExportTraceServiceRequest.FromString(body) for body in known]
        self._chance = random.Random(seed)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            request = self._chance.choice(self._known)
            now, new = time.time_ns(), self._chance.randbytes
            traces: dict[bytes, bytes] = {}
            ids: dict[bytes, bytes] = {b"": b""}
            for span in request.resource_spans[0].scope_spans[0].spans:
                span.trace_id = traces.setdefault(span.trace_id, new(16))
                span.parent_span_id = ids.setdefault(span.parent_span_id, new(8))
                span.span_id = ids.setdefault(span.span_id, new(8))
                took = span.end_time_unix_nano - span.start_time_unix_nano
                span.start_time_unix_nano = now - self._chance.randrange(1_000_000_000)
                span.end_time_unix_nano = span.start_time_unix_nano + took
            yield request.SerializeToString()


def soak(seconds: float, rate: float) -> list[Row]:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    bodies = iter(Fresh(requests(50, _SPANS, time.time_ns(), 0), 1))
    with tempfile.TemporaryDirectory() as name, collector(Path(name)) as target:
        times, memory = asyncio.run(_steady(target, bodies, seconds, rate))
    late = [place for place, at in enumerate(times) if at >= seconds / 3]
    slope = linear_regression([times[place] for place in late], [memory[place] for place in late]).slope
    say(f"# memory {slope * 60:+.2f} MiB a minute over the last two thirds")
    held = [memory[place] for place in late]
    last = held[len(held) // 2 :]
    case = f"soak of {seconds:.0f} s, {rate:.0f} spans/s"
    return [
        compare(case, "memory", "MiB", held, [_MEMORY_GOAL], "goal", 1.0),
        compare(case, "memory, last third", "MiB", last, held, "before", 1.05),
    ]


async def _steady(
    target: Target, bodies: Iterator[bytes], seconds: float, rate: float
) -> tuple[list[float], list[float]]:
    """Send evenly; when was looked, and MiB resident then. What is late is not caught up with."""
    times: list[float] = []
    memory: list[float] = []
    began, due, look, sent = time.monotonic(), 0.0, _EVERY, 0
    before, sent_before = _by_thread(target.pid), 0
    async with grpc.aio.insecure_channel(target.grpc) as channel:
        export = channel.unary_unary(TRACES, None, None)
        while (at := time.monotonic() - began) < seconds:
            await export(next(bodies), timeout=60, wait_for_ready=True)
            sent += _SPANS
            due = max(due + _SPANS / rate, at)
            await asyncio.sleep(max(0.0, began + due - time.monotonic()))
            if at >= look:
                look += _EVERY
                now = _by_thread(target.pid)
                times.append(at)
                memory.append(rss_mib(target.pid))
                cost = {name: (now[name] - before[name]) / (sent - sent_before) * 1e6 for name in now}
                merging = sum(cost[name] for name in _MERGING if name in cost)
                told = f"{sum(cost.values()):5.1f} us a span, merges {merging:.1f}"
                say(f"# {at:5.0f} s  {sent:9} spans  {memory[-1]:6.1f} MiB  {told}")
                before, sent_before = now, sent
    return times, memory


def _by_thread(pid: int) -> dict[str, float]:
    """CPU seconds by name of thread; those that ended since count no more."""
    found: dict[str, float] = defaultdict(float)
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            name, _, fields = (task / "stat").read_text(encoding="utf-8").partition("(")[2].rpartition(")")
        except OSError:
            continue
        ticks = fields.split()[11:13]
        found[name] += (int(ticks[0]) + int(ticks[1])) / os.sysconf("SC_CLK_TCK")
    return found


if __name__ == "__main__":
    heading("python -m tests.bench.store_ingest_soak", "chdb-core", "grpcio", "protobuf")
    given = [float(text) for text in sys.argv[1:]]
    finish("store-ingest-soak", soak(*(given + [300.0, 5000.0][len(given) :])))
