"""The targets, held against figures: met or not, and by how much. Pure.

A cell is what the runs of one arm in one scenario gave, void ones left out. Medians are compared;
a target that compares arms has the best rival's median beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from tests.bench.report import Row

Figures = Mapping[str, Any]
# Rivals that need nothing but the proxy itself.
LOCAL: Final = (
    "round-robin",
    "least-request",
    "peak-ewma",
    "linkerd-like",
    "prequal-like",
    "envoy-default",
    "envoy-tuned",
)
FAULTS: Final = ("stall", "hang", "10x slow", "fast-fail", "gray 20 %")


@dataclass
class Table:
    """All runs by arm and scenario."""

    runs: dict[tuple[str, str], list[Figures]] = field(default_factory=dict)

    def add(self, figures: Figures) -> None:
        self.runs.setdefault((figures["arm"], figures["scenario"]), []).append(figures)

    def values(self, arm: str, scenario: str, key: str, latency: bool = False) -> list[float]:
        """One figure of every run that may be believed; ``latency`` asks for more of it."""
        void = "void_latency" if latency else "void"
        return [run[key] for run in self.runs.get((arm, scenario), ()) if not run[void]]

    def middle(self, arm: str, scenario: str, key: str, latency: bool = False) -> float | None:
        found = self.values(arm, scenario, key, latency)
        return median(found) if found else None


def judge(table: Table, ours: str = "ours") -> list[Row]:
    """A row for every target whose cells are there."""
    found = _Judge(table, ours)
    found.stall()
    found.slow()
    found.failing()
    found.fleet()
    found.nothing_wrong()
    found.collector_gone()
    found.quick()
    found.never_worse()
    return found.rows


class _Judge:
    def __init__(self, table: Table, ours: str) -> None:
        self.rows: list[Row] = []
        self._table = table
        self._ours = ours

    def stall(self) -> None:
        for case, share in (("stall, 1 client", 0.9995), ("stall", 0.999)):
            self._least(case, "success", share)
            self._ratio(case, "fault_bad", "peak-ewma", 1 / 3)

    def slow(self) -> None:
        for case in ("10x slow, 1 client", "10x slow"):
            run = self._table.middle(self._ours, case, "before_p99", latency=True)
            hurt = self._table.middle(self._ours, case, "fault_p99", latency=True)
            if run and hurt:
                self._row(case, "fault_p99", hurt, run, "before the fault", 1.2, hurt <= 1.2 * run)

    def failing(self) -> None:
        self._most("fast-fail, 1 client", "fault_errors", 5)
        self._most("fast-fail", "fault_errors", 25)
        few = self._table.values(self._ours, "fast-fail", "fault_errors")
        many = self._table.middle(self._ours, "fast-fail, 40 clients", "fault_errors")
        if few and many is not None:
            # Errors are counts: twice their standard deviation is noise.
            limit = median(few) + 2 * median(few) ** 0.5
            case = "fast-fail, 40 clients"
            self._row(case, "fault_errors", many, median(few), "20 clients", limit, many <= limit)
        self._least("gray 20 %", "fault_success", 0.997)
        self._ratio("gray 20 %", "fault_bad", "envoy-tuned", 1.0)

    def fleet(self) -> None:
        self._most("capacities 1:2:4", "spread", 1.05)
        self._least("6 of 11 fail", "settled_success", 0.99)

    def nothing_wrong(self) -> None:
        for case in ("none", "none, 1 client", "all slow", "one bad client", "1 % errors everywhere"):
            self._most(case, "false_ejections", 0)
            self._ratio(case, "fault_p99", "least-request", 1.05, latency=True)

    def collector_gone(self) -> None:
        for case in FAULTS:
            for arm in ("ours-killed", "ours-frozen"):
                hurt = self._table.middle(arm, case, "fault_success")
                alone = self._table.middle("ours-local", case, "fault_success")
                if hurt is not None and alone is not None:
                    least = alone - 0.001
                    name = f"{case}, {arm}"
                    self._row(name, "fault_success", hurt, alone, "ours-local", least, hurt >= least)

    def never_worse(self) -> None:
        cases = dict.fromkeys(case for arm, case in self._table.runs if arm == self._ours)
        for case in cases:
            rivals = {
                arm: value
                for arm in LOCAL
                if (value := self._table.middle(arm, case, "fault_bad")) is not None
            }
            ours = self._table.middle(self._ours, case, "fault_bad")
            if ours is None or not rivals:
                continue
            best = min(rivals, key=lambda arm: rivals[arm])
            limit = rivals[best] + 2 * max(1.0, rivals[best]) ** 0.5
            self._row(f"{case}: best rival", "fault_bad", ours, rivals[best], best, limit, ours <= limit)

    def quick(self) -> None:
        """Hold what answers at once to an even spread, which is what a mesh without feedback gives."""
        cases = [case for arm, case in self._table.runs if arm == self._ours and case.startswith("quick ")]
        for case in dict.fromkeys(cases):
            ours = self._table.middle(self._ours, case, "fault_bad")
            even = self._table.middle("round-robin", case, "fault_bad")
            if ours is None or even is None:
                continue
            # No status tells that an empty 200 is wrong: there twice the fair share is the bound.
            limit = 2 * even if "empty" in case else even
            self._row(f"{case}: round robin", "fault_bad", ours, even, "round-robin", limit, ours <= limit)

    def _least(self, case: str, key: str, target: float) -> None:
        self._bound(case, key, target, lambda value: value >= target)

    def _most(self, case: str, key: str, target: float) -> None:
        self._bound(case, key, target, lambda value: value <= target)

    def _bound(self, case: str, key: str, target: float, holds: Callable[[float], bool]) -> None:
        value = self._table.middle(self._ours, case, key)
        if value is not None:
            self._row(case, key, value, target, "target", target, holds(value))

    def _ratio(self, case: str, key: str, rival: str, most: float, latency: bool = False) -> None:
        ours = self._table.middle(self._ours, case, key, latency)
        theirs = self._table.middle(rival, case, key, latency)
        if ours is not None and theirs is not None:
            self._row(case, key, ours, theirs, rival, most, ours <= most * theirs)

    def _row(
        self, case: str, key: str, ours: float, peer: float, name: str, target: float, met: bool
    ) -> None:
        unit = "s" if key.endswith(("p50", "p99", "p999")) else "1"
        ratio = ours / peer if peer else (1.0 if not ours else 999.0)
        case = f"{self._ours}: {case}" if self._ours != "ours" else case
        ours, peer = round(ours, 6), round(peer, 6)
        self.rows.append(Row(case, key, unit, ours, peer, name, round(ratio, 4), target, met))


def spread(values: Sequence[float], form: Callable[[float], str]) -> str:
    """Median, and least to most where there are several."""
    if not values:
        return "void"
    if len(values) == 1:
        return form(values[0])
    return f"{form(median(values))} ({form(min(values))}-{form(max(values))})"
