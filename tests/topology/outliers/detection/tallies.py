"""Measurements of one service's endpoints, made by hand."""

from collections.abc import Mapping, Sequence
from math import log2

from topology.evidence.measurements import INTERVAL, Record
from topology.evidence.peer_tallies import ServiceTallies
from topology.evidence.reporter_view import ReporterView
from topology.evidence.tally import Tally

NOW = 1000.0
Calls = tuple[int, int, float]
"""Calls and failures in each interval of reports, and the latency of those that succeed in seconds."""

FINE: Calls = (10, 0, 0.02)


def record(by_reporter: Mapping[str, Calls], seconds: float = 30.0) -> Record:
    """An endpoint whose reporters measured the same in each interval of the last ``seconds``."""
    found = Record()
    for step in range(int(seconds / INTERVAL), 0, -1):
        at = NOW - (step - 1) * INTERVAL
        for name, (count, errors, latency) in by_reporter.items():
            timed, logs = count - errors, log2(latency)
            tally = Tally(count, errors, timed, timed * logs, timed * logs * logs)
            found.reporters.setdefault(name, ReporterView()).add(tally, at)
            found.screen.add(tally, at)
    return found


def tallies(
    *endpoints: Mapping[str, Calls], seconds: float = 30.0, since: Mapping[str, float] | None = None
) -> ServiceTallies:
    """Endpoints a, b, c …, each with what its reporters measure in each interval."""
    names: Sequence[str] = "abcdefgh"[: len(endpoints)]
    records = {name: record(each, seconds) for name, each in zip(names, endpoints, strict=True)}
    return ServiceTallies(records, names, since or {}, NOW)


def seen(calls: Calls, *reporters: str) -> dict[str, Calls]:
    """The same calls by each of these reporters."""
    return dict.fromkeys(reporters, calls)
