"""Figures of a trace by service, or by service and operation. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from dashboard.api.trace import Trace
from dashboard.trace.critical_path import Stretch
from dashboard.trace.trace_tree import children, self_times

SORTS: Final = ("path", "self", "total", "count", "errors", "p50", "p95", "name")


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of a service, or of an operation; ``operation`` is empty where the row is a whole service.

    Times are microseconds; ``total`` sums durations, ``own`` what no child covers, ``path`` what lies on
    the critical path.
    """

    service: str
    operation: str
    count: int
    errors: int
    total: int
    own: int
    path: int
    p50: int
    p95: int


def by_group(trace: Trace, path: Sequence[Stretch], by_operation: bool) -> list[Figures]:
    """Return one row for each service or operation, the most of the critical path first."""
    own = self_times(trace, children(trace))
    held: dict[int, int] = defaultdict(int)
    for stretch in path:
        held[stretch.index] += stretch.end - stretch.start
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, span in enumerate(trace.spans):
        groups[span.service, span.operation if by_operation else ""].append(index)
    found = []
    for (service, operation), members in groups.items():
        durations = sorted(trace.spans[at].duration for at in members)
        found.append(
            Figures(
                service,
                operation,
                len(members),
                sum(trace.spans[at].failed for at in members),
                sum(durations),
                sum(own[at] for at in members),
                sum(held[at] for at in members),
                _quantile(durations, 0.5),
                _quantile(durations, 0.95),
            )
        )
    return sort_rows(found, "path")


def sort_rows(rows: Sequence[Figures], column: str) -> list[Figures]:
    """Return rows by one of ``SORTS``, the most first, names from A; equals by self time, then name."""
    if column == "name":
        return sorted(rows, key=lambda row: (row.service, row.operation))
    field = {"self": "own"}.get(column, column)
    return sorted(rows, key=lambda row: (-getattr(row, field), -row.own, row.service, row.operation))


def _quantile(sorted_values: Sequence[int], share: float) -> int:
    # The nearest rank: a duration that occurred, not one in between.
    return sorted_values[max(0, ceil(share * len(sorted_values)) - 1)]
