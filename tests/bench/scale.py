"""How large a fleet one collector carries: ``python -m tests.bench.scale [--sidecars 100,300,1000]``.

One collector process with its store; simulated sidecars in others, with real ADS streams and real
OTLP reports over gRPC, twice a second. Endpoints beyond the sidecars' own are static. Measured: CPU
and memory of the collector, bytes it fans out, and the time from the first report of a failing
endpoint to every stream having its ejection. With ``--spans`` each fleet is played twice, the second
time while the collector takes in spans as fast as it can. The last line is JSON.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, Final

from tests.bench.process import cpu_seconds, rss_mib, running
from tests.bench.report import Row, finish, heading, say
from tests.bench.scale_plan import Fault, Plan, endpoint, service
from tests.collector.running import MAIN, free_port

_WORKERS: Final = 2
_RAMP: Final = 20.0  # sidecars per second
_SETTLE: Final = 10.0
_STEADY: Final = 15.0
_FAULTS: Final = 3
_FAULT_SECONDS: Final = 6.0
_UNITS: Final = {
    "cpu": "cores",
    "rss_mib": "MiB",
    "fan_out_bytes_per_s": "B/s",
    "fan_out_messages_per_s": "1/s",
    "delay_p50": "s",
    "delay_p99": "s",
    "delay_max": "s",
    "streams_without_ejection": "1",
    "reports": "1",
    "failed_reports": "1",
    "spans_per_s": "1/s",
    "refused": "1",
}


def quantile(values: Sequence[float], q: float) -> float:
    """Nearest rank, to milliseconds; infinite without values."""
    ordered = sorted(values)
    return round(ordered[math.ceil(q * len(ordered)) - 1], 3) if ordered else math.inf


def _finite(value: float) -> float | None:
    """JSON has no word for the delay of an ejection that never came."""
    return value if math.isfinite(value) else None


def mesh_yaml(services: int, endpoints: int) -> str:
    """All endpoints as static ones; those that register replace theirs."""
    lines = ["services:"]
    for number in range(services):
        places = ", ".join(endpoint(number, each) for each in range(endpoints))
        lines.append(f"  {service(number)}: {{stage: route, percent: 100, endpoints: [{places}]}}")
    return "\n".join(lines) + "\n"


def measured(sidecars: int, services: int, endpoints: int, *, spans: bool = False) -> dict[str, Any]:
    """One fleet of one size; with ``spans`` beside spans at the collector's limit."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "mesh.yaml"
        config.write_text(mesh_yaml(services, endpoints), encoding="utf-8")
        port = free_port()
        given = [
            f"grpc=127.0.0.1:{port}",
            f"http=127.0.0.1:{free_port()}",
            f"query=127.0.0.1:{free_port()}",
            f"data={folder}/data",
            f"config={config}",
        ]
        with running([sys.executable, "-c", MAIN, *given], port) as pid:
            return _played(pid, f"127.0.0.1:{port}", sidecars, services, endpoints, spans)


def _played(
    pid: int, target: str, sidecars: int, services: int, endpoints: int, spans: bool
) -> dict[str, Any]:
    begin = time.monotonic() + 3.0
    steady = begin + sidecars / _RAMP + _SETTLE
    first = steady + _STEADY
    faults = tuple(
        Fault(
            (number * 37 + 5) % services,
            endpoints - 1 - number,
            first + number * _FAULT_SECONDS,
            first + (number + 1) * _FAULT_SECONDS,
        )
        for number in range(_FAULTS)
    )
    end = first + _FAULTS * _FAULT_SECONDS
    plan = Plan(target, sidecars, _WORKERS, 0, services, endpoints, begin, end, _RAMP, faults)
    workers = [worker(replace(plan, worker=number)) for number in range(_WORKERS)]
    _until(steady)
    load = _loaded(target, end - steady) if spans else None
    cpu, at = cpu_seconds(pid), time.monotonic()
    _until(first)
    cpu, took = cpu_seconds(pid) - cpu, time.monotonic() - at
    memory = rss_mib(pid)
    seen = [json.loads(each.communicate(timeout=120)[0]) for each in workers]
    taken = json.loads(load.communicate(timeout=120)[0]) if load else {"spans_per_s": 0, "refused": 0}
    return {
        **taken,
        "sidecars": sidecars,
        "services": services,
        "endpoints": services * endpoints,
        "cpu": round(cpu / took, 3),
        "rss_mib": round(memory),
        **_fan_out(seen, steady, first),
        **_delays(seen, sidecars),
        "reports": sum(each["reports"] for each in seen),
        "failed_reports": sum(each["failed_reports"] for each in seen),
    }


def worker(plan: Plan) -> "subprocess.Popen[str]":
    """A process that plays the plan's sidecars; what it saw comes as JSON from its standard output."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.scale_worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(plan.dump()))
    process.stdin.close()
    process.stdin = None
    return process


def _loaded(target: str, seconds: float) -> "subprocess.Popen[str]":
    """A process that sends spans as fast as they are taken; how many comes as JSON."""
    argv = [sys.executable, "-m", "tests.bench.scale_spans", target, str(seconds)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def _until(when: float) -> None:
    time.sleep(max(0.0, when - time.monotonic()))


def _fan_out(seen: Sequence[dict[str, Any]], begin: float, end: float) -> dict[str, float]:
    """Bytes and messages per second in steady state, to all streams together."""
    size = count = 0
    for each in seen:
        marks = [mark for mark in each["marks"] if begin <= mark[0] <= end]
        if len(marks) > 1:
            size += marks[-1][1] - marks[0][1]
            count += marks[-1][2] - marks[0][2]
    seconds = end - begin
    return {"fan_out_bytes_per_s": round(size / seconds), "fan_out_messages_per_s": round(count / seconds)}


def _delays(seen: Sequence[dict[str, Any]], sidecars: int) -> dict[str, Any]:
    """First bad report to a stream having the ejection, over all faults and streams."""
    delays, missing = [], 0
    for number in range(_FAULTS):
        began = [each["bad"][str(number)] for each in seen if str(number) in each["bad"]]
        times = [when for each in seen for when in each["out"].get(str(number), ())]
        missing += sidecars - len(times)
        delays += [when - min(began) for when in times] if began else []
    return {
        "delay_p50": quantile(delays, 0.5),
        "delay_p99": quantile(delays, 0.99),
        "delay_max": quantile(delays, 1.0),
        "streams_without_ejection": missing,
    }


def main() -> None:
    """Every size asked for, one after the other, each with a collector of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sidecars", default="100,300,1000")
    parser.add_argument("--services", type=int, default=200)
    parser.add_argument("--endpoints", type=int, default=25, help="of each service")
    parser.add_argument("--spans", action="store_true", help="also beside spans at the collector's limit")
    asked = parser.parse_args()
    heading("python -m tests.bench.scale " + " ".join(sys.argv[1:]), "grpcio", "protobuf")
    rows: list[Row] = []
    sizes = [int(each) for each in asked.sidecars.split(",")]
    for sidecars, spans in product(sizes, (False, True) if asked.spans else (False,)):
        row = measured(sidecars, asked.services, asked.endpoints, spans=spans)
        case = f"{sidecars} sidecars, {row['endpoints']} endpoints" + (", beside spans" if spans else "")
        rows += [
            Row(case, metric, unit, _finite(row[metric]), None, "", None, None, None)
            for metric, unit in _UNITS.items()
        ]
        say(
            f"{sidecars:5} sidecars, {row['endpoints']} endpoints, {row['spans_per_s']} spans/s: "
            f"CPU {row['cpu']:.2f} cores, {row['rss_mib']} MiB, "
            f"{row['fan_out_bytes_per_s'] / 1000:.0f} kB/s out, delay p50 {row['delay_p50']:.2f} s, "
            f"p99 {row['delay_p99']:.2f} s, {row['streams_without_ejection']} streams without the ejection, "
            f"{row['failed_reports']} of {row['reports']} reports failed"
        )
    finish("scale", rows)


if __name__ == "__main__":
    main()
