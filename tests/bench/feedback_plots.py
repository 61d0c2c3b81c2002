"""Draws how weights settle: fifty sidecars, one endpoint that turns slow and recovers, stale feedback.

``python -m tests.bench.feedback_plots [FILE.svg]`` runs the closed loop of
``tests.topology.closed_loop`` with three delays and draws weights and 99 % latency over time.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.bench.report import say
from tests.topology.closed_loop import ClosedLoop, Endpoint, Sample

DELAYS: Final = (0.5, 2.0, 4.0)  # seconds from a measurement to the weight that follows from it
SLOW: Final = (40.0, 120.0)  # from when to when the first endpoint has a quarter of its speed
END: Final = 200.0
_WIDE, _HIGH, _LEFT, _TOP = 560, 130, 60, 40
_COLOURS: Final = ("#c0392b", "#2471a3", "#229954", "#b7950b", "#7d3c98", "#5d6d7e")


def played(delay: float) -> ClosedLoop:
    """The loop from start to end."""
    loop = ClosedLoop([Endpoint(slots=8) for _ in range(6)], sidecars=50, rate=300.0, delay=delay)
    loop.run(SLOW[0])
    loop.endpoints[0].speed = 0.25
    loop.run(SLOW[1] - SLOW[0])
    loop.endpoints[0].speed = 1.0
    loop.run(END - SLOW[1])
    return loop


def svg(loops: Sequence[ClosedLoop]) -> str:
    """The picture: one row for each delay, weights on the left, latency on the right."""
    rows = len(loops)
    width, height = 2 * (_WIDE + _LEFT) + 20, rows * (_HIGH + 60) + _TOP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for row, (delay, loop) in enumerate(zip(DELAYS, loops, strict=True)):
        top = _TOP + row * (_HIGH + 60)
        samples = loop.samples
        weights = [[(s.time, s.weights[number]) for s in samples] for number in range(6)]
        title = f"weights, feedback {delay:g} s late, {len(loop.changes)} changes in {END:g} s"
        parts += _panel(_LEFT, top, title, weights, 1.5, "")
        latency = [[(s.time, 1000 * s.p99) for s in samples]]
        parts += _panel(2 * _LEFT + _WIDE, top, "99 % latency", latency, _roof(samples), " ms")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _roof(samples: Iterable[Sample]) -> float:
    return max(1000 * sample.p99 for sample in samples) * 1.1


def _panel(
    left: int, top: int, title: str, lines: Sequence[Sequence[tuple[float, float]]], roof: float, unit: str
) -> list[str]:
    def x(time: float) -> float:
        return left + time / END * _WIDE

    def y(value: float) -> float:
        return top + _HIGH - min(value, roof) / roof * _HIGH

    slow = x(SLOW[0])
    parts = [
        f'<rect x="{slow}" y="{top}" width="{x(SLOW[1]) - slow}" height="{_HIGH}" fill="#f2f3f4"/>',
        f'<text x="{left}" y="{top - 8}" font-weight="bold">{title}</text>',
        f'<text x="{slow + 4}" y="{top + 12}" fill="#777">one endpoint at a quarter of its speed</text>',
        f'<path d="M{left} {top}V{top + _HIGH}H{left + _WIDE}" fill="none" stroke="#999"/>',
    ]
    for share in (0.0, 0.5, 1.0):
        value = roof * share
        parts.append(f'<text x="{left - 6}" y="{y(value) + 4}" text-anchor="end">{value:.3g}{unit}</text>')
    parts += [
        f'<text x="{x(seconds)}" y="{top + _HIGH + 14}" text-anchor="middle">{seconds} s</text>'
        for seconds in range(0, int(END) + 1, 40)
    ]
    for colour, line in zip(_COLOURS, lines, strict=False):
        points = " ".join(f"{x(time):.1f},{y(value):.1f}" for time, value in line)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    return parts


def main() -> None:
    """Run, draw and say what was drawn."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "weights.svg"
    loops = [played(delay) for delay in DELAYS]
    target.write_text(svg(loops), encoding="utf-8")
    for delay, loop in zip(DELAYS, loops, strict=True):
        late = [change for change in loop.changes if change[0] - 1000.0 > SLOW[1] + 40]
        say(f"delay {delay:g} s: {len(loop.changes)} changes of weights, {len(late)} of them after settling")
    say(f"drawn: {target.name}")


if __name__ == "__main__":
    main()
