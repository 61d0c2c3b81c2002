"""A trace as the pages need it, read from Jaeger's JSON and put in call order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

# Jaeger's tags hold a boolean or a text, depending on who sent them.
ERROR_VALUES = (True, "true", "ERROR")
_CHILD = "CHILD_OF"


@dataclass(frozen=True, slots=True)
class Event:
    """Something a span logged at ``time`` (microseconds since the epoch)."""

    time: int
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """One span; ``start`` and ``duration`` in microseconds."""

    id: str
    parent: str
    service: str
    operation: str
    start: int
    duration: int
    kind: str
    failed: bool
    tags: tuple[tuple[str, str], ...]
    process: tuple[tuple[str, str], ...]
    events: tuple[Event, ...]
    references: tuple[tuple[str, str, str], ...]  # type, trace id, span id
    warnings: tuple[str, ...]

    @property
    def end(self) -> int:
        return self.start + self.duration

    @property
    def follows(self) -> bool:
        """True if it only follows from its parent, which did not wait for it."""
        return bool(self.parent) and not any(
            kind == _CHILD and span == self.parent for kind, _, span in self.references
        )


@dataclass(frozen=True)
class Trace:
    """Spans in call order (parents before children, siblings by start) with each one's depth.

    What follows from all spans is computed once: a trace may have tens of thousands.
    """

    id: str
    spans: tuple[Span, ...]
    depths: tuple[int, ...]

    @property
    def root(self) -> Span:
        return self.spans[0]

    @cached_property
    def start(self) -> int:
        return min(span.start for span in self.spans)

    @cached_property
    def duration(self) -> int:
        """Microseconds from the first start to the last end."""
        return max(span.end for span in self.spans) - self.start

    @cached_property
    def errors(self) -> int:
        return sum(span.failed for span in self.spans)

    @cached_property
    def services(self) -> tuple[str, ...]:
        return tuple(sorted({span.service for span in self.spans}))

    def span(self, span_id: str) -> Span | None:
        return next((span for span in self.spans if span.id == span_id), None)


def is_same(one: str, other: str) -> bool:
    """True if two ids name one trace: some print 16 digits where the upper half is zero."""
    return one.lstrip("0") == other.lstrip("0")


def of_jaeger(data: Iterable[Mapping[str, Any]]) -> list[Trace]:
    """Return the traces of a ``data`` array; those without spans are left out.

    Raises KeyError, TypeError or ValueError when it is not Jaeger's shape.
    """
    return [_trace(one) for one in data if one.get("spans")]


def _trace(data: Mapping[str, Any]) -> Trace:
    processes = data.get("processes") or {}
    spans = [_span(one, processes.get(one.get("processID"), {})) for one in data["spans"]]
    ordered = list(_in_call_order(spans))
    return Trace(str(data["traceID"]), tuple(s for s, _ in ordered), tuple(d for _, d in ordered))


def _span(data: Mapping[str, Any], process: Mapping[str, Any]) -> Span:
    references = tuple(
        (str(ref.get("refType", "")), str(ref.get("traceID", "")), str(ref.get("spanID", "")))
        for ref in data.get("references") or ()
    )
    tags = {tag["key"]: tag.get("value") for tag in data.get("tags") or ()}
    return Span(
        id=str(data["spanID"]),
        parent=_parent(references, str(data.get("traceID", ""))),
        service=str(process.get("serviceName") or "unknown"),
        operation=str(data.get("operationName", "")),
        start=int(data["startTime"]),
        duration=int(data["duration"]),
        kind=str(tags.get("span.kind", "")),
        # Either says so: older clients set the tag, OpenTelemetry the status.
        failed=tags.get("error") in ERROR_VALUES or tags.get("otel.status_code") == "ERROR",
        tags=_pairs(data.get("tags")),
        process=_pairs(process.get("tags")),
        events=tuple(
            Event(int(log.get("timestamp", 0)), _pairs(log.get("fields"))) for log in data.get("logs") or ()
        ),
        references=references,
        warnings=tuple(map(str, data.get("warnings") or ())),
    )


def _parent(references: Iterable[tuple[str, str, str]], trace_id: str) -> str:
    """Return the span this one is a child of; without one, that of the same trace that it follows from."""
    # A reference to another trace is a link, never a parent.
    inside = [(kind, span) for kind, trace, span in references if trace in ("", trace_id)]
    return next((span for kind, span in inside if kind == _CHILD), inside[0][1] if inside else "")


def _pairs(tags: Iterable[Mapping[str, Any]] | None) -> tuple[tuple[str, str], ...]:
    return tuple((str(tag["key"]), _text(tag.get("value"))) for tag in tags or ())


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _in_call_order(spans: Iterable[Span]) -> Iterable[tuple[Span, int]]:
    """Depth first without recursion. Spans of a lost parent count as roots; so does, once the
    rest is done, the earliest span of a loop of parents, so that every span comes exactly once."""
    waiting = {span.id: span for span in sorted(spans, key=lambda s: (s.start, -s.duration, s.id))}
    children: dict[str, list[Span]] = {}
    for span in waiting.values():
        children.setdefault(span.parent if span.parent in waiting else "", []).append(span)
    roots = list(reversed(children.get("", [])))
    while waiting:
        # No roots left: what still waits is in loops. Its earliest span counts as a root.
        stack = [(span, 0) for span in roots] or [(next(iter(waiting.values())), 0)]
        roots = []
        while stack:
            span, depth = stack.pop()
            # Came already: ids may be repeated, and loops of parents lead back.
            if waiting.pop(span.id, None) is None:
                continue
            yield span, depth
            stack.extend((child, depth + 1) for child in reversed(children.get(span.id, [])))
