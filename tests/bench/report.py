"""Medians with spread for people, one JSON line for programs."""

import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from statistics import median

_VERDICT = {True: "met", False: "MISSED", None: "void: more noise than effect"}


@dataclass(frozen=True)
class Row:
    """One compared figure; ``ratio`` is ours over peer, ``met`` whether it reaches ``target``.

    Both are None when a figure is not positive: then the noise was larger than what was measured.
    """

    case: str
    metric: str
    unit: str
    ours: float
    peer: float
    peer_name: str
    ratio: float | None
    target: float | None
    met: bool | None


def compare(
    case: str,
    metric: str,
    unit: str,
    ours: Sequence[float],
    peer: Sequence[float],
    peer_name: str,
    target: float | None = None,
) -> Row:
    """Print medians with their spread and give the row; a target is the largest ratio allowed."""
    mine, theirs = median(ours), median(peer)
    ratio = round(mine / theirs, 3) if mine > 0 and theirs > 0 else None
    met = None if target is None or ratio is None else ratio <= target
    goal = "" if target is None else f"  target {target:.2f} {_VERDICT[met]}"
    say(
        f"{case:34} {metric:22} ours {_spread(ours):>26}  {peer_name} {_spread(peer):>26} {unit:9}"
        f" ratio {'-' if ratio is None else f'{ratio:.2f}'}{goal}"
    )
    return Row(case, metric, unit, round(mine, 3), round(theirs, 3), peer_name, ratio, target, met)


def heading(command: str, *packages: str) -> None:
    """Machine, versions and command, so that a figure can be reproduced."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    say(f"# {command}")
    say(f"# {platform.platform()}, Python {platform.python_version()}, {_cpu()}; {versions}")


def finish(bench: str, rows: Sequence[Row], more: Sequence[dict[str, object]] = ()) -> None:
    """The last line of a benchmark; ``more`` are rows that another one ended with."""
    say(json.dumps({"bench": bench, "rows": [asdict(row) for row in rows] + list(more)}))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def _cpu() -> str:
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        names = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else "unknown CPU"
