"""Medians with spread for people, one JSON line for programs."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from statistics import median

_VERDICT = {True: "met", False: "MISSED", None: "void: more noise than effect"}


@dataclass(frozen=True)
class Row:
    """One figure; ``ratio`` is ours over peer, ``met`` whether it reaches ``target``.

    Both are None when a figure is not positive: then the noise was larger than what was measured.
    ``peer`` is None and ``peer_name`` empty where a figure has nothing beside it; then ``target`` bounds
    the figure itself. ``ours`` is None where it could not be measured.
    """

    case: str
    metric: str
    unit: str
    ours: float | None
    peer: float | None
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


def measure(case: str, metric: str, unit: str, values: Sequence[float], target: float | None = None) -> Row:
    """Print the median of figures without a peer and give the row; a target is the largest allowed."""
    if not values:
        say(f"{case:38} {metric:38} not measured")
        return Row(case, metric, unit, None, None, "", None, target, None)
    middle = median(values)
    met = None if target is None else middle <= target
    goal = "" if target is None else f"  target {target:g} {_VERDICT[met]}"
    say(f"{case:38} {metric:38} {_spread(values):>26} {unit} of {len(values)}{goal}")
    return Row(case, metric, unit, round(middle, 3), None, "", None, target, met)


def heading(command: str, *packages: str) -> None:
    """Machine, versions and command, so that a figure can be reproduced."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    say(f"# {command}")
    say(f"# {platform.platform()}, Python {platform.python_version()}, {_cpu()}; {versions}")


def finish(bench: str, rows: Sequence[Row], more: Sequence[dict[str, object]] = ()) -> None:
    """The last line of a benchmark; ``more`` are rows that another one ended with."""
    say(json.dumps({"bench": bench, "rows": [asdict(row) for row in rows] + list(more)}))


def say(line: str) -> None:
    """Write a line of any length to standard output, whole.

    With PYTHONUNBUFFERED ``sys.stdout`` hands its text to one ``write(2)`` and takes a short one for success.
    A blocking write to a pipe ends after the pipe's 64 KiB when work of a closed io_uring is pending, and
    libuv, thus uvloop, uses io_uring.
    """
    sys.stdout.flush()
    left = memoryview((line + "\n").encode())
    while left:
        left = left[os.write(sys.stdout.fileno(), left) :]


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def _cpu() -> str:
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        names = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else "unknown CPU"
