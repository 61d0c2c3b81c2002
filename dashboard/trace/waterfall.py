"""A trace as columns from which a browser draws rows: sent once, so that scrolling sends no request.

Every list has a value for each span in call order; names are numbers into lists of names. Times are
whole microseconds after the trace's start.
"""

from typing import Any, Final

from dashboard.api.trace import Span, Trace
from dashboard.components import palette
from dashboard.trace.critical_path import critical_path, is_message
from dashboard.trace.trace_tree import children, hop, self_times
from proxy.contract.traffic import Arm

FAILED: Final = 1
WARNED: Final = 2
MESSAGE: Final = 4  # nobody waited for it
RETRY: Final = 8
LINKED: Final = 16
_NAME: Final = 300  # characters of a name that are sent
_EVENTS: Final = 20  # of a span, as marks on its bar


def columns(trace: Trace) -> dict[str, Any]:
    """Return the columns.

    ``path`` are the stretches of the critical path as (row, start, length), ``notes`` the mesh's part in
    calls, ``events`` the times of events, both by row.
    """
    # Names once and numbers in the rows: of ten thousand spans most share a few names.
    services = list(trace.services)
    operations = sorted({span.operation for span in trace.spans})
    service_at = {name: at for at, name in enumerate(services)}
    operation_at = {name: at for at, name in enumerate(operations)}
    colours = palette.services(services)
    began = trace.start
    return {
        "id": trace.id,
        "start": began,
        "duration": trace.duration,
        "services": [name[:_NAME] for name in services],
        "colours": [colours[name] for name in services],
        "operations": [name[:_NAME] for name in operations],
        "ids": [span.id for span in trace.spans],
        "service": [service_at[span.service] for span in trace.spans],
        "operation": [operation_at[span.operation] for span in trace.spans],
        "depth": list(trace.depths),
        "begin": [span.start - began for span in trace.spans],
        "length": [span.duration for span in trace.spans],
        "own": self_times(trace, children(trace)),
        "flags": [_flags(span) for span in trace.spans],
        "path": [(each.index, each.start - began, each.end - each.start) for each in critical_path(trace)],
        "notes": {at: text for at, span in enumerate(trace.spans) if (text := note(span))},
        "events": {
            at: [event.time - began for event in span.events[:_EVENTS]]
            for at, span in enumerate(trace.spans)
            if span.events
        },
    }


def _flags(span: Span) -> int:
    went = hop(span)
    # One reference is the parent; all others are links.
    links = len(span.references) - bool(span.parent)
    marks = (
        (FAILED, span.failed),
        (WARNED, span.warnings),
        (MESSAGE, is_message(span)),
        (RETRY, went and went.resent),
        (LINKED, links > 0),
    )
    # A number of bits, which trace_waterfall.js takes apart by the same values.
    return sum(flag for flag, holds in marks if holds)


def note(span: Span) -> str:
    """Return where a call went and the number of its try, in a word or two; empty for other spans."""
    went = hop(span)
    if went is None:
        return ""
    told = [f"→ {went.endpoint}"] if went.endpoint else []
    if went.arm == Arm.ROUTED:
        told.append("chosen by the mesh")
    if went.resent:
        told.append(f"try {went.resent + 1}")
    return " · ".join(told)[:_NAME]


def matches(trace: Trace, text: str) -> list[int]:
    """Return the rows with ``text`` in any of their texts, in either case: names, ids, ``key=value``,
    events.
    """
    wanted = text.casefold().strip()
    return [at for at, span in enumerate(trace.spans) if wanted and wanted in _text(span)]


def _text(span: Span) -> str:
    pairs = [*span.tags, *span.process, *(pair for event in span.events for pair in event.fields)]
    words = [
        span.service,
        span.operation,
        span.id,
        note(span),
        *span.warnings,
        *(f"{key}={value}" for key, value in pairs),
    ]
    return "\n".join(words).casefold()
