"""Colours and their meanings: distinguishable with common colour-vision deficiencies, never the only sign."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from proxy.contract.api.graph import Stats

# Health, from Okabe and Ito's set (jfly.uni-koeln.de/color), darkened to read on white and on black.
OK: Final = "#12937d"
WARN: Final = "#c78500"
BAD: Final = "#d9482b"
IDLE: Final = "#8492a0"
ACCENT: Final = "#3f73e0"

SERVICES: Final = (
    "#4478d4",
    "#d08a1d",
    "#1f9a86",
    "#a864c2",
    "#c9573f",
    "#6f9431",
    "#5f6bb5",
    "#c55b90",
    "#3f9fc4",
    "#917043",
    "#7d7f8c",
    "#4f9d5d",
)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Limits of health: success shares below which something warns (``warn``) or is bad (``bad``), and a
    p99 in milliseconds from which it warns too (``slow``, 0 for none).
    """

    warn: float = 0.995
    bad: float = 0.95
    slow: float = 0.0


def health(success: float | None, thresholds: Thresholds | None = None) -> str:
    """Return ``idle``, ``ok``, ``warn`` or ``bad``: the name used in class names and as colour key."""
    limits = thresholds or Thresholds()
    if success is None:
        return "idle"
    if success < limits.bad:
        return "bad"
    return "warn" if success < limits.warn else "ok"


def health_of(stats: Stats, thresholds: Thresholds) -> str:
    """Return the health of traffic as ``health`` does; slow traffic warns however well it succeeds."""
    found = health(stats["success"], thresholds)
    late = thresholds.slow and stats["p99"] is not None and stats["p99"] >= thresholds.slow
    return "warn" if late and found == "ok" else found


COLOUR: Final[Mapping[str, str]] = {"ok": OK, "warn": WARN, "bad": BAD, "idle": IDLE}


def services(names: Iterable[str]) -> dict[str, str]:
    """Return a colour for each service: usually the same everywhere, and no two alike while they last."""
    colours: dict[str, str] = {}
    taken: set[int] = set()
    for name in sorted(set(names)):
        # By a hash of the name, so that a service has one colour on all pages; Python's own hash differs by
        # process.
        slot = crc32(name.encode()) % len(SERVICES)
        # More services than colours: from here on they are used a second time.
        if len(taken) == len(SERVICES):
            taken.clear()
        while slot in taken:
            slot = (slot + 1) % len(SERVICES)
        taken.add(slot)
        colours[name] = SERVICES[slot]
    return colours
