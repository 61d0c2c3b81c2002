"""The spans of the last seconds as the trees that they form, whatever order they come in."""

from collections.abc import Iterable
from typing import Final

from proxy.contract.attributes import UNKNOWN_SERVICE
from proxy.contract.service_id import ServiceId
from topology.model.samples import SpanFact
from topology.spans.exchanges import Exchange, SpanKind

# Steps that are walked from a span towards its root; a loop of parents ends there.
_DEPTH: Final = 100
# Appended to the key of a caller's half whose callee's half has the same id (Zipkin's shared spans).
_CALLER: Final = b"c"
# As plain numbers: comparing members of an enumeration costs several times as much.
_NOBODY: Final = ServiceId("")
_INTERNAL: Final = int(SpanKind.INTERNAL)
_SERVING: Final = (int(SpanKind.SERVER), int(SpanKind.CONSUMER))


class KeptSpan:
    """One span and what is decided about it.

    ``entered``: it is known if a call led to it. ``linked``: it is known if it lies within another client
    span, and ``outer`` is that one if both are one call. ``left``: its own exchange is decided; ``counted``
    if it made an edge, ``covered`` if a span within counts in its place. ``served``: services that answered
    its call. ``guests``: services that have spans below it, of no server. ``missing``: the key it waits for.
    ``is_inner``: the span above it is a step of its own service.
    """

    # Defaults of the class, as most spans never set them and there are as many of these as spans.
    entered = linked = left = counted = covered = is_inner = False
    outer: "KeptSpan | None" = None
    above: "KeptSpan | None" = None
    missing = b""
    served: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()

    serves = False
    is_step = False  # work within a service, which neither calls another side nor is called
    is_proxy = False  # the span of somebody else's sidecar, which may have the name of its service

    def __init__(self, key: bytes, fact: SpanFact, exchange: Exchange | None, now: float) -> None:
        self.key, self.fact, self.exchange, self.since = key, fact, exchange, now
        self.service = fact.service
        parent = fact.parent_id
        if parent and parent != fact.span_id:
            self.parent = fact.trace_id + parent
        else:
            # A consumer that does not say where its message came from may at least name who sent it.
            self.parent = fact.link if exchange is None else b""
        if fact.kind in _SERVING:
            self.serves = True
        elif fact.service == UNKNOWN_SERVICE and self.parent:
            self.service = _NOBODY  # that of the span above, as Zipkin has it
        if exchange is None:
            self.left = True
            if fact.kind <= _INTERNAL:
                self.is_step = True


class KeptSpans:
    """Spans by trace and span id, none older than ``ttl`` seconds and never more than ``limit``."""

    def __init__(self, ttl: float, limit: int) -> None:
        self._ttl = ttl
        self._limit = limit
        # In order of arrival, so that ``due`` stops early.
        self._spans: dict[bytes, KeptSpan] = {}
        # By the key of a span that has not come: the spans that cannot be decided without it.
        self._waiting: dict[bytes, list[KeptSpan]] = {}

    def put(self, span: KeptSpan) -> list[KeptSpan]:
        """Keep a span; return those that waited for it, the ones nearer to the root first."""
        key = span.key
        other = self._spans.get(key)
        if other is not None and other.serves is not span.serves:
            return self._put_half(span, other)
        self._spans[key] = span
        waiting = self._waiting.pop(key, [])
        for each in waiting:
            each.missing = b""
        return waiting

    def _put_half(self, span: KeptSpan, other: KeptSpan) -> list[KeptSpan]:
        """Keep the other half of a shared span, the caller's above the callee's."""
        caller, callee = (other, span) if span.serves else (span, other)
        self._spans[span.key] = callee
        caller.key = span.key + _CALLER
        callee.parent = caller.key
        self._spans[caller.key] = caller
        if callee.entered:
            # The call is counted already, from the span above both halves.
            caller.left, caller.served = True, (callee.service,)
        return [] if span.serves else [callee]

    def get(self, key: bytes) -> KeptSpan | None:
        """Return the span of this key if it has come."""
        return self._spans.get(key)

    def wait(self, span: KeptSpan, key: bytes) -> None:
        """Return the span from ``put`` once the span of this key comes."""
        if span.missing == key:
            return
        span.missing = key
        # Moved to the end, as it is needed for ``ttl`` seconds from now.
        waiting = self._waiting.pop(key, [])
        waiting.append(span)
        self._waiting[key] = waiting

    def above(self, span: KeptSpan) -> KeptSpan | bytes:
        """Return the nearest span above that is of another service, or calls or is called.

        Return the key of the span on the way that has not come, and empty bytes if there is none above.
        """
        key = span.parent
        for _ in range(_DEPTH):
            if not key:
                return b""
            found = self._spans.get(key)
            if found is None:
                return key
            if found.service:
                # Zipkin's spans may lack a service: they are of the one that they are within.
                if not span.service:
                    span.service = found.service
                if found.service != span.service or not found.is_step:
                    return found
                span.is_inner = True
            key = found.parent
        return b""

    def due(self, now: float) -> list[KeptSpan]:
        """Return the spans that are too old or too many, oldest first."""
        excess = len(self._spans) - self._limit
        spans: list[KeptSpan] = []
        for span in self._spans.values():
            if now - span.since < self._ttl and len(spans) >= excess:
                break
            spans.append(span)
        return spans

    def drop(self, spans: Iterable[KeptSpan], now: float) -> None:
        """Forget spans that ``due`` returned."""
        for span in spans:
            if self._spans.get(span.key) is span:
                del self._spans[span.key]
        old: list[bytes] = []
        for key, waiting in self._waiting.items():
            excess = len(self._waiting) - len(old) - self._limit
            if excess <= 0 and any(now - span.since < self._ttl for span in waiting):
                break
            old.append(key)
        for key in old:
            del self._waiting[key]
