"""Two traces as one tree: steps that only one has, and steps that took longer or shorter. Pure.

Spans with one path of (service, operation) from a root down are one step, as often as they occur.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from dashboard.api.trace import Trace
from dashboard.trace.trace_tree import NOBODY, children, parents, self_times

# A step is slower or faster when its time moved by this share of the larger and these microseconds.
SHARE: Final = 0.1
LEAST: Final = 1000

Name = tuple[str, str]  # service, operation


@dataclass(frozen=True, slots=True)
class Side:
    """A step in one trace: spans, failed ones, microseconds in all and without children."""

    count: int = 0
    errors: int = 0
    total: int = 0
    own: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A step of both traces; ``change`` is added, removed, broke, recovered, slower, faster or same."""

    service: str
    operation: str
    depth: int
    before: Side
    after: Side

    @property
    def change(self) -> str:
        if not self.before.count:
            return "added"
        if not self.after.count:
            return "removed"
        if bool(self.before.errors) != bool(self.after.errors):
            return "broke" if self.after.errors else "recovered"
        moved = self.after.total - self.before.total
        # Two runs never take equally long: small differences say nothing.
        if abs(moved) < max(LEAST, SHARE * max(self.after.total, self.before.total)):
            return "same"
        return "slower" if moved > 0 else "faster"


@dataclass(slots=True)
class _Node:
    first: int  # when it first ran, microseconds after the trace began, in the trace seen first
    sides: list[list[int]] = field(default_factory=lambda: [[0] * 4, [0] * 4])
    below: dict[Name, "_Node"] = field(default_factory=dict)


def difference(before: Trace, after: Trace) -> list[Step]:
    """Return steps in call order, parents before children, siblings by when they first ran."""
    top: dict[Name, _Node] = {}
    # One tree for both: a step that both have is one node with two sides.
    for side, trace in enumerate((before, after)):
        _add(top, trace, side)
    return list(_flat(top))


def _add(top: dict[Name, _Node], trace: Trace, side: int) -> None:
    own = self_times(trace, children(trace))
    places: list[_Node] = []
    for index, (span, parent) in enumerate(zip(trace.spans, parents(trace), strict=True)):
        among = top if parent == NOBODY else places[parent].below
        name = (span.service, span.operation)
        if name not in among:
            among[name] = _Node(span.start - trace.start)
        node = among[name]
        places.append(node)
        for at, value in enumerate((1, int(span.failed), span.duration, own[index])):
            node.sides[side][at] += value


def _flat(top: dict[Name, _Node]) -> Iterable[Step]:
    stack = [(name, node, 0) for name, node in reversed(_by_time(top))]
    while stack:
        (service, operation), node, depth = stack.pop()
        before, after = node.sides
        yield Step(service, operation, depth, Side(*before), Side(*after))
        stack.extend((name, child, depth + 1) for name, child in reversed(_by_time(node.below)))


def _by_time(nodes: dict[Name, _Node]) -> Sequence[tuple[Name, _Node]]:
    return sorted(nodes.items(), key=lambda item: (item[1].first, item[0]))
