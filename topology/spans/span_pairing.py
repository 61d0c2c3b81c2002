"""Edges from spans, for services that have no sidecar.

The spans of a trace form a tree. Where a span's parent is of another service there was a call between the
two, whatever kinds their SDKs gave them; where a caller's span has no such child, the call went to something
that sends no spans, and the span's attributes say to what (``span_roles``). Each call counts once:

* Client spans of one service within each other are one call if they go to the same place (a driver within an
  ORM, an HTTP client within an SDK, our sidecar's span within either): the outermost counts that names a
  database or queue, else the innermost.
* A message is what its ``create`` and ``process`` spans say. ``send`` and ``receive`` spans count where a
  service has none of those for the queue; ``settle`` spans never do.
* Calls that sidecars count in metrics are not counted here again: their spans only complete what their
  metrics cannot know (``Alias``, ``Measured`` and ``Edge.recount``).

Spans come in any order: SDKs export in batches, by default every five seconds, and a caller's span ends after
its callee's. So spans are kept for ``ttl`` seconds, and what is undecided then is decided by what has come.
The rules agree with Zipkin's DependencyLinker and Jaeger's dependencies where those agree with each other.
"""

from collections.abc import Callable
from typing import Final

from proxy.contract import attributes as names
from proxy.contract.service_id import ServiceId
from topology.model.graph import Kind
from topology.model.samples import SpanFact
from topology.spans import exchanges, span_edges, span_roles
from topology.spans.exchanges import Exchange, Role, SpanKind
from topology.spans.kept_spans import KeptSpan, KeptSpans
from topology.spans.node_use import NodeUse
from topology.spans.seen_spans import SeenSpans
from topology.spans.span_edges import Edge, PairingResult

_INTERNAL: Final = int(SpanKind.INTERNAL)


class Pairing:
    """Spans as they come, and the calls that they prove.

    ``has_sidecar`` says if a sidecar measures the calls that a service makes.
    """

    def __init__(
        self, ttl: float, limit: int, has_sidecar: Callable[[ServiceId], bool] = lambda service: False
    ) -> None:
        self._spans = KeptSpans(ttl, limit)
        self._seen = SeenSpans()
        self._uses = NodeUse()
        self._has_sidecar = has_sidecar

    def add(self, fact: SpanFact, now: float) -> list[PairingResult]:
        """Take in one span; return the calls that it completes, each exactly once."""
        key, kind = fact.trace_id + fact.span_id, fact.kind
        exchange = None
        if kind != _INTERNAL:
            exchange = _sidecar_exchange(fact) if fact.from_sidecar else span_roles.exchange(fact)
        span = KeptSpan(key, fact, exchange, now)
        results: list[PairingResult] = []
        if span.is_step:
            waiting = self._spans.put(span)
            self._enter_step(span, results, now)
        else:
            if self._seen.add(key, span.serves, now):
                return results
            if span_roles.is_proxy(fact.attributes):
                span.is_proxy, span.service = True, span_roles.service(fact)
            if exchange is not None and exchange.is_leaf:
                self._uses.note(span.service, exchange.node, exchange.role, now)
            waiting = self._spans.put(span)
            self._settle(span, results, now)
        for each in waiting:
            self._settle(each, results, now)
        return results

    def expire(self, now: float) -> list[Edge]:
        """Forget what waited long enough; return the calls that it proves by itself."""
        due = self._spans.due(now)
        if not due:
            return []
        results: list[PairingResult] = []
        for span in due:
            if span.is_step and not span.entered and span.above is None:
                self._enter_step(span, results, now)
            if not span.entered:
                self._give_up_caller(span, results)
        for span in due:
            if not span.left:
                span.linked = True
                span.service = span.service or span.fact.service
                self._leave(span, results, now, final=True)
        self._spans.drop(due, now)
        return [each for each in results if isinstance(each, Edge)]

    def _settle(self, span: KeptSpan, results: list[PairingResult], now: float) -> None:
        """Decide what the spans that have come allow to decide."""
        links = span.exchange is not None and not span.linked
        if links or not span.entered:
            above = self._spans.above(span)
            if not span.entered:
                self._enter(span, above, results)
            if links:
                self._link(span, above)
        if span.linked and not span.left:
            self._leave(span, results, now, final=False)

    def _enter_step(self, span: KeptSpan, results: list[PairingResult], now: float) -> None:
        """Decide if a call led to work within a service, by the span above it alone.

        Nothing waits for it: there are more of these spans than of all others, and they hardly ever begin a
        service's part of a trace.
        """
        parent = self._spans.get(span.parent)
        if parent is None:
            return
        if parent.service == span.service or self._seen.add(span.key, False, now):
            span.entered = True
        else:
            self._enter(span, self._spans.above(span), results)

    def _enter(self, span: KeptSpan, above: KeptSpan | bytes, results: list[PairingResult]) -> None:
        """Decide which call led to a span, if its spans above have come."""
        fact = span.fact
        if fact.from_sidecar and (not span.serves or names.CALLER in fact.attributes):
            span.entered = True  # its metrics say so
            return
        if span.serves and not fact.service:
            span.entered = True  # nobody knows what was called
            return
        if isinstance(above, KeptSpan) and above.service != span.service:
            span.above = above
            above = self._caller(above)
        if isinstance(above, bytes):
            if above:
                self._spans.wait(span, above)
                return
            span.entered = True
            # A root: nobody that sends spans called it.
            if span.serves and span.exchange is None and not fact.from_sidecar:
                results.append(span_edges.unknown_caller(span))
            return
        span.entered = True
        # A call leads to the first span of a service alone.
        if above.service != span.service:
            if not span.is_inner:
                self._join(above, span, results)
        elif span.serves and _calls(above):
            if above.is_proxy or span.is_proxy:
                span_edges.cover(above)  # a sidecar passes on its own service's calls
            else:
                self._join(above, span, results)

    def _caller(self, above: KeptSpan) -> KeptSpan | bytes:
        """Return the span that made a call: a client span around a step of its service, else the step."""
        if not above.is_step:
            return above
        around = self._spans.above(above)
        if isinstance(around, bytes):
            return around or above
        return around if around.service == above.service and _calls(around) else above

    def _join(self, caller: KeptSpan, span: KeptSpan, results: list[PairingResult]) -> None:
        """Count the call from a span to one below it, of another service or of a server."""
        if not _calls(caller):
            if span.exchange is None or not span.exchange.is_taking:
                results.append(span_edges.direct(caller.service, span))
            return
        if not span.serves:
            # The span of a server may come yet. If none does, this one shows who answered.
            if span.service and span.service not in caller.guests:
                caller.guests = (*caller.guests, span.service)
            return
        if caller.exchange is not None and caller.exchange.role is Role.DATABASE:
            self._uses.note_answer(caller.service, caller.exchange.node, span.since)
        results.extend(span_edges.answer(caller, span))

    def _link(self, span: KeptSpan, above: KeptSpan | bytes) -> None:
        """Find the client span around a client span, if the spans between have come."""
        if isinstance(above, bytes):
            if above:
                self._spans.wait(span, above)
                return
        elif above.service != span.service and _names_caller(span, above.service):
            span.left = True
        elif above.exchange is not None and (above.service == span.service or span.fact.from_sidecar):
            _nest(above, span)
        span.linked = True

    def _leave(self, span: KeptSpan, results: list[PairingResult], now: float, final: bool) -> None:
        """Count a span's own exchange, unless something may come that says more about it."""
        exchange, service = span.exchange, span.service
        if exchange is None or not (final or self._is_decided(span, exchange, now)):
            return
        span.left = True
        if not service or span.fact.from_sidecar or exchange.role is Role.SETTLE or _is_within_leaf(span):
            return
        if self._uses.is_counted_finer(service, exchange.node, exchange.role, now):
            return
        if exchange.role is Role.CALL and span.guests:
            results.extend(span_edges.exchanged(span, exchange, guest, Kind.SERVICE) for guest in span.guests)
        elif exchange.node:
            span.counted = True
            results.append(span_edges.exchanged(span, exchange, exchange.node))

    def _is_decided(self, span: KeptSpan, exchange: Exchange, now: float) -> bool:
        """True if nothing that may come would change how an exchange counts."""
        role, kind = exchange.role, span.fact.kind
        outermost = _outermost(span)
        if not outermost.linked:
            self._spans.wait(span, outermost.missing)
            return False
        if role is Role.SETTLE or role is Role.PROCESS:
            return True
        if self._uses.is_counted_finer(span.service, exchange.node, role, now):
            return True
        # A server's span may answer a call, and ``process`` spans come after ``receive``. A client span that
        # sends is one of two for the message: else the conventions make it a producer's.
        if role is Role.CALL or role is Role.RECEIVE or (role is Role.SEND and kind == SpanKind.CLIENT):
            return False
        if role is Role.DATABASE and self._uses.is_answered(span.service, exchange.node, now):
            return False
        # What is asked over HTTP, the service's sidecar measures, and its span may come yet.
        return not (exchanges.is_over_http(exchange) and self._has_sidecar(span.service))

    def _give_up_caller(self, span: KeptSpan, results: list[PairingResult]) -> None:
        """Count the call to a server whose caller's spans did not come."""
        span.entered = True
        if span.above is not None:
            self._join(span.above, span, results)
        # A caller's span that came much earlier has counted the call, under the name it knew.
        elif (
            span.serves
            and span.exchange is None
            and not span.fact.from_sidecar
            and span.parent not in self._seen
        ):
            results.append(span_edges.unknown_caller(span))


def _sidecar_exchange(fact: SpanFact) -> Exchange | None:
    """Return the call of a sidecar's client span, to a node only if it is outside the mesh."""
    if fact.kind != SpanKind.CLIENT:
        return None
    return Exchange(Role.CALL, span_roles.sidecar_target(fact.attributes))


def _calls(span: KeptSpan) -> bool:
    """True if a span calls another side, rather than takes messages or works by itself."""
    return span.exchange is not None and not span.exchange.is_taking and span.exchange.role is not Role.SETTLE


def _names_caller(span: KeptSpan, caller: str) -> bool:
    """True if the other side that a span without a kind names is the one that called it."""
    kindless = span.fact.kind == SpanKind.UNSPECIFIED
    return kindless and span.exchange is not None and span.exchange.node == caller


def _nest(outer: KeptSpan, span: KeptSpan) -> None:
    """Decide which of two client spans, one within the other, counts if both are one call."""
    around, within = outer.exchange, span.exchange
    if around is None or within is None:
        return
    measured = span.fact.from_sidecar
    # A sidecar's span below a client span is of its call, however either writes the address.
    if not measured and not span.is_proxy and not exchanges.is_same(around, within):
        return
    span.outer = outer
    if (
        measured
        or span.served
        or (within.role is Role.CREATE and around.role is Role.SEND and not outer.counted)
    ):
        span_edges.cover(outer)
    elif around.is_leaf:
        span.left = True
    elif within.is_leaf or within.node or span.covered:
        span_edges.cover(outer, and_leaves=False)
    else:
        span.left = True  # it says less than the one around it


def _outermost(span: KeptSpan) -> KeptSpan:
    """Return the outermost of the client spans around a span that are known to be the same call."""
    while span.outer is not None:
        span = span.outer
    return span


def _is_within_leaf(span: KeptSpan) -> bool:
    """True if the same call is counted by the span of a database or queue further out."""
    outer = span.outer
    while outer is not None:
        if outer.exchange is not None and outer.exchange.is_leaf and not outer.covered:
            return True
        outer = outer.outer
    return False
