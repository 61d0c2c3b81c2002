"""A trace as a flame graph: spans of one path of (service, operation) are one box.

A box is as wide as the self times in and below it, so that children never exceed their parent,
however many ran at once.
"""

from typing import Any

from dashboard.api.trace import Trace
from dashboard.trace.trace_tree import NOBODY, children, parents, self_times


def boxes(trace: Trace) -> dict[str, Any]:
    """Return columns of boxes, parents before children.

    ``parent`` is a box or -1, ``row`` a span of the box (its names), ``count`` its spans, ``failed`` how
    many failed, ``own`` and ``all`` microseconds.
    """
    known: dict[tuple[int, str, str], int] = {}
    of_span: list[int] = []
    above: list[int] = []
    rows: list[int] = []
    counts: list[int] = []
    failed: list[int] = []
    own: list[int] = []
    times = self_times(trace, children(trace))
    for at, (span, parent) in enumerate(zip(trace.spans, parents(trace), strict=True)):
        under = NOBODY if parent == NOBODY else of_span[parent]
        key = (under, span.service, span.operation)
        # The next number if the key is new, which the comparison below tells.
        box = known.setdefault(key, len(rows))
        of_span.append(box)
        if box == len(rows):
            above.append(under)
            rows.append(at)
            counts.append(0)
            failed.append(0)
            own.append(0)
        counts[box] += 1
        failed[box] += span.failed
        own[box] += times[at]
    whole = list(own)
    # Backwards, children before their parents: a box is complete when it is added to the one above.
    for box in range(len(rows) - 1, -1, -1):
        if above[box] != NOBODY:
            whole[above[box]] += whole[box]
    return {"parent": above, "row": rows, "count": counts, "failed": failed, "own": own, "all": whole}
