"""One cell of the bench: an arm, a scenario, a seed. Plays it and gives its figures."""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from tests.bench.feedback import figures
from tests.bench.feedback.scenarios import Scenario
from tests.bench.feedback.world import HURT, HURT_AFTER, World, load, world

_QUIET: Final = 0.7  # share of idle time that a machine without neighbours has
_WORK: Final = 0.015  # seconds of CPU that ``pace`` takes where the planned rate fits on two cores
_SETTLE: Final = 1.5  # from ready processes to the first request


def play(arm: str, scenario: Scenario, seed: int) -> dict[str, Any]:
    """Figures of one run; see ``figures.of``. Raises RuntimeError when a process does not start."""
    with tempfile.TemporaryDirectory() as folder, world(arm, scenario, seed, Path(folder)) as found:
        start = time.monotonic() + _SETTLE
        sick = [scenario.sick, list(scenario.faulty), scenario.behaviour] if scenario.sick else None
        offset = _clock(found, plan=list(scenario.plan(start)), client=sick)
        with load(found, scenario, start, seed) as process:
            _until(start)
            before, idle = found.cpu(), _idle()
            if arm in HURT:
                _until(start + scenario.warm + HURT_AFTER)
                found.hurt(arm)
            assert process.stdout is not None
            raw = process.stdout.read()
            elapsed = time.monotonic() - start
            after = found.cpu()
            process.wait(10)
        told = found.tell(tell=True)
        used = {name: (after[name] - before[name]) / elapsed for name in before if name in after}
        machine = {
            "cpu": {name: round(share, 3) for name, share in used.items()},
            "idle": [round((now - then) / elapsed, 3) for then, now in zip(idle, _idle(), strict=True)],
            "clock": offset,
        }
        rows = json.loads(raw)["rows"]
        return figures.of(arm, scenario, seed, start, rows, told, machine, found)


def pace() -> float:
    """What share of the planned rate this machine carries, by the CPU time of some typical work."""
    best = float("inf")
    for _ in range(5):
        begun = time.process_time()
        for _ in range(2000):
            json.loads(json.dumps({"requests": list(range(20)), "host": "backend"}))
        best = min(best, time.process_time() - begun)
    return round(min(1.0, max(0.1, _WORK / best)), 2)


def wait_for_quiet(seconds: float) -> bool:
    """Wait, so long at most, until both cores were mostly idle for three seconds; whether they are."""
    deadline = time.monotonic() + seconds
    while True:
        before = _idle()
        time.sleep(3.0)
        if min(now - then for then, now in zip(before, _idle(), strict=True)) > 3.0 * _QUIET:
            return True
        if time.monotonic() > deadline:
            return False


def _until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _clock(found: World, **said: Any) -> float:
    """Hand over the plan; by how much the backends' clock seems to differ, in seconds."""
    sent = time.monotonic()
    answer = found.tell(**said)
    middle = (sent + time.monotonic()) / 2
    return round(abs(float(answer["now"]) - middle), 4)


def _idle() -> list[float]:
    """Idle seconds of each core since boot."""
    tick = os.sysconf("SC_CLK_TCK")
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    return [
        (int(line.split()[4]) + int(line.split()[5])) / tick
        for line in lines
        if line.startswith("cpu") and line[3] != " "
    ]
