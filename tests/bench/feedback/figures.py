"""The figures of a run by what it measured, and the signs that it may be believed. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from tests.bench.feedback.scenarios import BACKENDS, SLA, Scenario
from tests.bench.feedback.world import World

BIN: Final = 0.1
LAG: Final = 0.005  # seconds, 99 %: latency figures are void beyond it
LAG_MOST: Final = 0.2 * SLA  # and counts of requests over the SLA are beyond this
CPU: Final = 0.8
CLOCK: Final = 0.005
_LATE: Final = 3.0  # seconds into the fault from which the rest of it counts as settled

Row = Sequence[float]
Figures = dict[str, Any]


def of(
    arm: str,
    scenario: Scenario,
    seed: int,
    start: float,
    rows: list[Row],
    told: dict[str, Any],
    machine: dict[str, Any],
    found: World,
) -> Figures:
    """Figures of one run. Shares are 0 to 1, times seconds; ``bad`` are requests over the SLA or failed."""
    measured = set(found.measured)
    mine = [row for row in rows if row[0] in measured]
    begin, end = scenario.warm, scenario.warm + scenario.fault
    within = [row for row in mine if begin <= row[1] < end]
    settled = [row for row in within if row[1] >= begin + _LATE]
    decisions = found.decisions()
    result: Figures = {
        "arm": arm,
        "scenario": scenario.name,
        "seed": seed,
        "fault": scenario.fault,
        "requests": len(mine),
        "bad": _bad(mine),
        "success": _success(mine),
        "fault_requests": len(within),
        "fault_bad": _bad(within),
        "fault_success": _success(within),
        "fault_errors": sum(row[4] >= 500 for row in within),
        "settled_success": _success(settled),
        **_latency("before", [row for row in mine if 2.0 <= row[1] < begin]),
        **_latency("fault", within),
        **_latency("settled", settled),
        **_arrivals(scenario, start, told["arrivals"]),
        "ejections": sum(each["kind"] == "eject" for each in decisions),
        "false_ejections": _false(decisions, scenario, found.backends),
        "lag_p99": at(sorted(row[2] for row in rows), 0.99),
        "backend_lag_p99": at(sorted(told["lags"]), 0.99),
        **machine,
    }
    return believed(result)


def believed(result: Figures) -> Figures:
    """The same with what speaks against the run, by the gates as they are now."""
    if "lag_p99" in result:
        late = max(result["lag_p99"], result["backend_lag_p99"]) > LAG
        result["void"] = _void(result)
        result["void_latency"] = bool(result["void"]) or late
    return result


def at(ordered: Sequence[float], quantile: float) -> float:
    """Quantile of an ordered sequence; 0 of an empty one."""
    return round(ordered[min(len(ordered) - 1, int(quantile * len(ordered)))], 4) if ordered else 0.0


def _fails(row: Row) -> bool:
    """True if a client did not get what it wanted: every good answer is a 200 with a body."""
    return row[4] != 200 or row[3] > SLA


def _bad(rows: Iterable[Row]) -> int:
    return sum(_fails(row) for row in rows)


def _success(rows: Sequence[Row]) -> float:
    return round(1 - _bad(rows) / len(rows), 6) if rows else 1.0


def _latency(name: str, rows: Iterable[Row]) -> Figures:
    """Quantiles over all requests; what was never answered took for ever."""
    ordered = sorted(row[3] if row[4] else 9.999 for row in rows)
    quantiles = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    return {f"{name}_{key}": at(ordered, quantile) for key, quantile in quantiles.items()}


def _arrivals(scenario: Scenario, start: float, arrivals: list[list[tuple[int, int]]]) -> Figures:
    """Return how load spread, when the faulty ones were left alone and when they were back."""
    begin, end = start + scenario.warm, start + scenario.warm + scenario.fault
    counts = [sum(count for slot, count in found if begin <= slot * BIN < end - BIN) for found in arrivals]
    capacities = [slots or 1 for slots in scenario.slots]
    used = [count / capacity for count, capacity in zip(counts, capacities, strict=True)]
    mean = sum(counts) / sum(capacities)
    result: Figures = {"spread": round(max(used) / mean, 4) if mean else 0.0, "arrivals": counts}
    if scenario.faulty and scenario.bad and not scenario.flap:
        result["shed_after"] = _first(scenario, arrivals, begin, end, most=0.1)
        result["restored_after"] = _first(scenario, arrivals, end, end + scenario.after, least=0.5)
    return result


def _first(
    scenario: Scenario,
    arrivals: list[list[tuple[int, int]]],
    begin: float,
    end: float,
    most: float = 1e9,
    least: float = 0.0,
) -> float | None:
    """Seconds until the faulty ones' share of the load, against an even one, is within bounds for good
    (over one second); None when it never is."""
    even = len(scenario.faulty) / BACKENDS
    at_ = begin
    while at_ + 1.0 <= end:
        window = [sum(count for slot, count in found if at_ <= slot * BIN < at_ + 1.0) for found in arrivals]
        share = sum(window[index] for index in scenario.faulty) / max(1, sum(window)) / even
        if least <= share <= most:
            return round(at_ - begin, 1)
        at_ += BIN
    return None


def _false(decisions: list[dict[str, Any]], scenario: Scenario, ports: Sequence[int]) -> int:
    allowed = {f"127.0.0.1:{ports[index]}" for index in scenario.bad}
    return sum(each["kind"] == "eject" and each["endpoint"] not in allowed for each in decisions)


def _void(result: Figures) -> list[str]:
    """Why nothing of this run may be believed."""
    found = []
    if result["lag_p99"] > LAG_MOST:
        found.append(f"load generator {1000 * result['lag_p99']:.0f} ms late")
    if result["backend_lag_p99"] > LAG_MOST:
        found.append(f"backends {1000 * result['backend_lag_p99']:.0f} ms late")
    if result["clock"] > CLOCK + LAG_MOST:
        found.append("clocks differ")
    found += [f"{name} used {share:.0%} of a core" for name, share in result["cpu"].items() if share > CPU]
    return found
