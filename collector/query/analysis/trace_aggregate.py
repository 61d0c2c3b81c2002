"""Many traces of one operation as one tree: what it does, how often, and where its time goes. Pure.

Spans with one path of (service, operation, kind) from the operation's own span down are one
node. Self time is a span's duration less what its children cover of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Final, NamedTuple

from proxy.contract.api import analysis as api

NODES_MAX: Final = 2000
DEPTH_MAX: Final = 60

Step = tuple[str, str, str]  # service, operation, kind


class TreeSpan(NamedTuple):
    """The columns of a span that the tree needs; times in nanoseconds."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    failed: int
    start: int
    duration: int


@dataclass(slots=True)
class _Node:
    step: Step
    traces: set[str] = field(default_factory=set)
    durations: list[int] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)  # start after that of the operation
    errors: int = 0
    children: dict[Step, "_Node"] = field(default_factory=dict)


class _Tree:
    def __init__(self, step: tuple[str, str]) -> None:
        self.step = step
        self.roots: dict[Step, _Node] = {}
        self.traces: set[str] = set()
        self.nodes = 0
        self.cut = False

    def add(self, spans: Sequence[TreeSpan]) -> None:
        """Add one trace."""
        known = {span.span_id for span in spans}
        children: dict[str, list[TreeSpan]] = defaultdict(list)
        for span in spans:
            # A span that names itself as its parent would be walked for ever.
            if span.parent_id in known and span.parent_id != span.span_id:
                children[span.parent_id].append(span)
        for root in self._tops(spans):
            self.traces.add(root.trace_id)
            # A list instead of recursion: traces may be deeper than Python's stack allows.
            waiting = [(root, self.roots, 0)]
            while waiting:
                span, siblings, depth = waiting.pop()
                below = children.get(span.span_id, [])
                node = self._count(span, siblings, below, root.start)
                if node and depth < DEPTH_MAX:
                    waiting += [(child, node.children, depth + 1) for child in below]
                elif below:
                    self.cut = True

    def _tops(self, spans: Sequence[TreeSpan]) -> Iterable[TreeSpan]:
        """Spans of the operation that are not below another one of it."""
        # A parent chain may run in a circle where ids were reused: what was seen ends it.
        by_id = {span.span_id: span for span in spans}
        for span in spans:
            if (span.service, span.name) != self.step:
                continue
            above, seen = by_id.get(span.parent_id), {span.span_id}
            while above and above.span_id not in seen and (above.service, above.name) != self.step:
                seen.add(above.span_id)
                above = by_id.get(above.parent_id)
            if not above or above.span_id in seen:
                yield span

    def _count(
        self, span: TreeSpan, siblings: dict[Step, _Node], below: Sequence[TreeSpan], began: int
    ) -> _Node | None:
        step = (span.service, span.name, span.kind)
        node = siblings.get(step)
        if node is None:
            if self.nodes >= NODES_MAX:
                self.cut = True
                return None
            self.nodes += 1
            node = siblings[step] = _Node(step)
        node.traces.add(span.trace_id)
        node.durations.append(span.duration)
        node.own.append(span.duration - covered(span, below))
        node.offsets.append(span.start - began)
        node.errors += span.failed
        return node


def covered(span: TreeSpan, children: Iterable[TreeSpan]) -> int:
    """Nanoseconds of a span in which at least one of its children runs."""
    end = span.start + span.duration
    total, reached = 0, span.start
    for child in sorted(children, key=lambda each: each.start):
        # Children overlap and may outlast their parent: only what lies inside it, and once.
        begin, stop = max(reached, child.start), min(end, child.start + child.duration)
        if stop > begin:
            total += stop - begin
            reached = stop
    return total


class Tree(NamedTuple):
    """``nodes`` from the operation down; ``cut`` when some were too many or too deep."""

    traces: int
    cut: bool
    nodes: list[api.Step]


def tree(service: str, operation: str, rows: Iterable[TreeSpan]) -> Tree:
    """Return the spans of many traces as one tree below an operation."""
    by_trace: dict[str, list[TreeSpan]] = defaultdict(list)
    for row in rows:
        by_trace[row.trace_id].append(row)
    growing = _Tree((service, operation))
    for spans in by_trace.values():
        growing.add(spans)
    total = len(growing.traces)
    return Tree(total, growing.cut, _rendered(growing.roots, total))


def _rendered(nodes: dict[Step, _Node], total: int) -> list[api.Step]:
    # In the order in which the steps usually begin; the step itself makes it total.
    ordered = sorted(nodes.values(), key=lambda node: (_quantile(node.offsets, 0.5), node.step))
    return [
        {
            "service": node.step[0],
            "operation": node.step[1],
            "kind": node.step[2].lower(),
            "count": len(node.durations),
            "traces": len(node.traces),
            "per_trace": len(node.durations) / total,
            "errors": node.errors,
            "error_rate": node.errors / len(node.durations),
            "duration": _quantiles(node.durations),
            "self": _quantiles(node.own),
            "offset": _quantile(node.offsets, 0.5) / 1e6,
            "children": _rendered(node.children, total),
        }
        for node in ordered
    ]


def _quantiles(values: list[int]) -> api.Quantiles:
    return {
        "mean": sum(values) / len(values) / 1e6,
        "p50": _quantile(values, 0.5) / 1e6,
        "p90": _quantile(values, 0.9) / 1e6,
        "p99": _quantile(values, 0.99) / 1e6,
    }


def _quantile(values: list[int], share: float) -> int:
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]
