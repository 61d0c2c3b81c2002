"""Which dependency the graph points to when all endpoints of a service fail or are slow.

From the service downwards: the call that became slower, or fails more, than it did before, as
long as it explains a good part of what its caller suffers. The last of the path is pointed to.
"""

from dataclasses import dataclass, field
from typing import Final

from proxy.contract.decisions.evidence import Dependency
from topology.graph.window import Bucket, Cell

RECENT: Final = 5.0  # seconds that count as now
BEFORE: Final = (70.0, 10.0)  # seconds ago, from and to, that count as before
_CALLS: Final = 3
_EXPLAINS: Final = 0.3  # share of the caller's trouble that a call must have to explain it
_FAILING: Final = 0.1
_SLOWER: Final = 0.005  # seconds
_DEEP: Final = 6


@dataclass(slots=True)
class _Change:
    """One edge, before and now: seconds slower, and share of calls that fail more."""

    now: Cell = field(default_factory=Cell)
    before: Cell = field(default_factory=Cell)

    @property
    def slower(self) -> float:
        return _mean(self.now) - _mean(self.before) if self.before.histogram.count else 0.0

    @property
    def worse(self) -> float:
        return _failing(self.now) - _failing(self.before)


def cause(service: str, recent: Bucket, before: Bucket) -> tuple[str, Dependency]:
    """A sentence and its evidence for what is wrong below a service."""
    changes: dict[str, dict[str, _Change]] = {}
    suffered = _Change()
    for part, bucket in (("now", recent), ("before", before)):
        for key, cell in bucket.items():
            change = changes.setdefault(key.source, {}).setdefault(key.target, _Change())
            getattr(change, part).add(cell.histogram, cell.errors)
            if key.target == service:
                getattr(suffered, part).add(cell.histogram, cell.errors)
    path: list[str] = []
    found, at = suffered, service
    while len(path) < _DEEP:
        calls = {name: made for name, made in changes.get(at, {}).items() if name not in (service, *path)}
        worst = max(calls, key=lambda name: _weight(calls[name], found), default="")
        if not worst or _weight(calls[worst], found) < _EXPLAINS:
            break
        path.append(worst)
        found, at = calls[worst], worst
    if not path:
        return f"nothing that {service} calls has become worse: look at {service} itself", Dependency()
    return _told(service, path, found)


def _told(service: str, path: list[str], found: _Change) -> tuple[str, Dependency]:
    now, before = found.now, found.before
    what = (
        f"fails {now.errors} of {now.histogram.count} calls"
        if found.worse >= _FAILING
        else f"takes {1000 * _mean(now):.0f} ms instead of {1000 * _mean(before):.0f} ms"
    )
    via = f" (by way of {' -> '.join([service, *path[:-1]])})" if len(path) > 1 else ""
    count, latencies = now.histogram.count, (1000 * _mean(now), 1000 * _mean(before))
    evidence = Dependency(tuple(path), count, now.errors, *latencies)
    return f"the graph points to {path[-1]}, which {what}{via}", evidence


def _weight(call: _Change, caller: _Change) -> float:
    """Share of the caller's trouble that a call can explain."""
    if call.now.histogram.count < _CALLS:
        return 0.0
    slow = call.slower / caller.slower if caller.slower > _SLOWER and call.slower > _SLOWER else 0.0
    fails = call.worse / caller.worse if caller.worse >= _FAILING and call.worse >= _FAILING else 0.0
    return max(slow, fails)


def _mean(cell: Cell) -> float:
    return cell.histogram.sum / cell.histogram.count if cell.histogram.count else 0.0


def _failing(cell: Cell) -> float:
    return cell.errors / cell.histogram.count if cell.histogram.count else 0.0
