"""Differences between two windows of the graph: appeared, vanished, broke, slowed, and back. Pure.

A change is listed when chance does not explain it: the chance that anything is listed for two equal windows
is ``LEVEL``, over all edges, services and tests together (Bonferroni). And only when it matters: a share of
errors or a latency must have moved by a good part of itself.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeVar

from collector.query.analysis import significance as sure
from collector.query.mesh import views
from collector.query.mesh.live_or_stored import EdgeKey, EdgeTraffic
from proxy.contract.api.analysis import Change, Changed, ChangedEdge, ChangedService, Compared
from topology.graph.cells import Cell
from topology.graph.figures import stats

LEVEL: Final = 0.01
ERRORS_MOVED: Final = 0.005  # of all calls
ERRORS_RATIO: Final = 1.25
LATENCY_RATIO: Final = 1.2
LATENCY_FLOOR: Final = 0.001  # seconds
_TESTS: Final = 2 + len(sure.QUANTILES)  # of one subject: presence, errors, each quantile

Key = TypeVar("Key", str, EdgeKey)


class Changes(NamedTuple):
    """Edges and services that changed, the surest first, and how many were compared."""

    edges: list[ChangedEdge]
    services: list[ChangedService]
    compared: Compared


def difference(before: EdgeTraffic, after: EdgeTraffic) -> Changes:
    """List what changed between two windows. A service's figures are those of the calls to it."""
    edges = _pairs(before.cells, after.cells)
    services = _pairs(_served(before), _served(after))
    # Bonferroni: with a thousand edges a chance of 1 % each would list ten changes of nothing.
    level = LEVEL / max(1, _TESTS * (len(edges) + len(services)))
    changed_edges: list[ChangedEdge] = [
        {"source": key[0], "target": key[1], "protocol": key[2], **changed}
        for key, pair in edges.items()
        if (changed := _changed(pair, before.seconds, after.seconds, level))
    ]
    changed_services: list[ChangedService] = [
        {"name": name, **changed}
        for name, pair in services.items()
        if (changed := _changed(pair, before.seconds, after.seconds, level))
    ]
    return Changes(
        sorted(changed_edges, key=_surest),
        sorted(changed_services, key=_surest),
        {"edges": len(edges), "services": len(services), "level": level},
    )


def _pairs(before: Mapping[Key, Cell], after: Mapping[Key, Cell]) -> dict[Key, tuple[Cell, Cell]]:
    return {
        key: (before.get(key) or Cell(), after.get(key) or Cell())
        for key in sorted(before.keys() | after.keys())
    }


def _served(traffic: EdgeTraffic) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for (_, target, _), cell in traffic.cells.items():
        found.setdefault(target, Cell()).add(cell.histogram, cell.errors)
    return found


def _surest(changed: Changed) -> tuple[float, int]:
    calls = max(changed["before"]["count"], changed["after"]["count"])
    return min(each["p"] for each in changed["changes"]), -calls


def _changed(pair: tuple[Cell, Cell], before_s: float, after_s: float, level: float) -> Changed | None:
    """Figures of both windows and the changes, or None without one."""
    changes = [each for each in _changes(*pair, before_s, after_s) if each["p"] < level]
    if not changes:
        return None
    if any(each["change"] == "broke" for each in changes):  # what fails at once is not faster
        changes = [each for each in changes if each["change"] != "faster"]
    return {
        "changes": changes,
        "before": views.stats(stats(pair[0], before_s)),
        "after": views.stats(stats(pair[1], after_s)),
    }


def _changes(before: Cell, after: Cell, before_s: float, after_s: float) -> list[Change]:
    was, now = before.histogram, after.histogram
    if not was.count or not now.count:
        if now.count:
            return [{"change": "appeared", "p": sure.absent(now.count / after_s * before_s)}]
        return [{"change": "vanished", "p": sure.absent(was.count / before_s * after_s)}]
    changes: list[Change] = []
    p = sure.shares_differ(before.errors, was.count, after.errors, now.count)
    shares = before.errors / was.count, after.errors / now.count
    low, high = min(shares), max(shares)
    if p is not None and high - low >= ERRORS_MOVED and high >= ERRORS_RATIO * low:
        change = "broke" if shares[1] > shares[0] else "recovered"
        changes.append({"change": change, "p": p, "difference": shares[1] - shares[0]})
    if moved := sure.slower(was, now, LATENCY_RATIO, LATENCY_FLOOR):
        changes.append(_moved("slowed", moved, moved.before, moved.after))
    if moved := sure.slower(now, was, LATENCY_RATIO, LATENCY_FLOOR):
        changes.append(_moved("faster", moved, moved.after, moved.before))
    return changes


def _moved(change: str, moved: sure.Moved, before: float, after: float) -> Change:
    return {
        "change": change,
        "p": moved.p,
        "quantile": moved.quantile,
        "before": before * 1000,
        "after": after * 1000,
    }
