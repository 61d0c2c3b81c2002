"""The dependency that the graph points to if all endpoints of a service fail or are slow.

The path leads from the service downwards, at each step to the call that became slower, or fails more,
than before, as long as it explains a good part of its caller's trouble. Its end is the cause.
"""

from dataclasses import dataclass, field
from typing import Final

from proxy.contract.decisions.evidence import Dependency
from topology.graph.cells import Bucket, Cell

RECENT: Final = 5.0  # seconds that count as now: a fault that ejects is a few seconds old
# Seconds ago, from and to, that count as before. They end well ahead of now, so that the fault's own start
# is not taken for the usual.
BEFORE: Final = (70.0, 10.0)
_CALLS: Final = 3  # fewer calls than these say nothing
_EXPLAINS: Final = 0.3  # share of the caller's trouble that a call must have to explain it
_FAILING: Final = 0.1  # share of calls
_SLOWER: Final = 0.005  # seconds
_DEEP: Final = 6  # calls from the service down, at most


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
    """Return the dependency below a service that became worse, as a sentence and as evidence."""
    changes: dict[str, dict[str, _Change]] = {}
    suffered = _Change()
    for part, bucket in (("now", recent), ("before", before)):
        for key, cell in bucket.items():
            change = changes.setdefault(key.source, {}).setdefault(key.target, _Change())
            getattr(change, part).add(cell.histogram, cell.errors)
            if key.target == service:
                getattr(suffered, part).add(cell.histogram, cell.errors)
    path: list[str] = []
    trouble, at = suffered, service
    while len(path) < _DEEP:
        # Services on the path are left out: calls in a circle would lead back to where the trouble was
        # seen.
        calls = {name: made for name, made in changes.get(at, {}).items() if name not in (service, *path)}
        worst = max(calls, key=lambda name: _weight(calls[name], trouble), default="")
        # The trouble stays here: none of the calls from this service explains enough of it.
        if not worst or _weight(calls[worst], trouble) < _EXPLAINS:
            break
        path.append(worst)
        trouble, at = calls[worst], worst
    if not path:
        return f"nothing that {service} calls has become worse: look at {service} itself", Dependency()
    return _explain(service, path, trouble)


def _explain(service: str, path: list[str], change: _Change) -> tuple[str, Dependency]:
    now, before = change.now, change.before
    what = (
        f"fails {now.errors} of {now.histogram.count} calls"
        if change.worse >= _FAILING
        else f"takes {1000 * _mean(now):.0f} ms instead of {1000 * _mean(before):.0f} ms"
    )
    via = f" (by way of {' -> '.join([service, *path[:-1]])})" if len(path) > 1 else ""
    count, latencies = now.histogram.count, (1000 * _mean(now), 1000 * _mean(before))
    evidence = Dependency(tuple(path), count, now.errors, *latencies)
    return f"the graph points to {path[-1]}, which {what}{via}", evidence


def _weight(call: _Change, caller: _Change) -> float:
    """Return the share of the caller's trouble that a call can explain."""
    if call.now.histogram.count < _CALLS:
        return 0.0
    # Only where both became clearly slower: small differences would make any share.
    slow = call.slower / caller.slower if caller.slower > _SLOWER and call.slower > _SLOWER else 0.0
    fails = call.worse / caller.worse if caller.worse >= _FAILING and call.worse >= _FAILING else 0.0
    return max(slow, fails)


def _mean(cell: Cell) -> float:
    return cell.histogram.sum / cell.histogram.count if cell.histogram.count else 0.0


def _failing(cell: Cell) -> float:
    return cell.errors / cell.histogram.count if cell.histogram.count else 0.0
