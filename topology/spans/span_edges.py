"""The calls that kept spans prove, as edges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from proxy.contract import attributes as names
from proxy.contract.traffic import Protocol
from topology.model.graph import USER, Kind
from topology.spans import span_roles
from topology.spans.exchanges import Exchange, Role, SpanKind
from topology.spans.kept_spans import KeptSpan


@dataclass(slots=True)
class Edge:
    """One call that a span or a pair of spans proves; ``duration`` is seconds.

    ``ended`` is epoch seconds of the clock of the caller, or else of whose span it is; 0 if unknown.
    ``recount`` means that the target's sidecar has already counted the call as one of an
    unknown user, with a duration of ``measured``. ``encrypted`` is None if unknown.
    """

    source: str
    target: str
    duration: float
    failed: bool
    protocol: Protocol = Protocol.HTTP
    source_kind: Kind = Kind.SERVICE
    target_kind: Kind = Kind.SERVICE
    recount: bool = False
    measured: float = 0.0
    encrypted: bool | None = None
    ended: float = 0.0


class Alias(NamedTuple):
    """A ``host:port`` outside the mesh at which this service answered."""

    address: str
    service: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A call that its caller's sidecar measured, and the callee's sidecar took for one of an unknown user.

    A sidecar names its service to endpoints of the mesh alone, and just after its start it does not know
    them yet.
    """

    target: str
    duration: float
    failed: bool


PairingResult = Edge | Alias | Measured


def cover(span: KeptSpan | None, and_leaves: bool = True) -> None:
    """Note that the call of a client span, and of those around it, is counted by one within.

    Without ``and_leaves`` the span of a database or queue, which says more than one within, still counts.
    """
    while span is not None and (and_leaves or span.exchange is None or not span.exchange.is_leaf):
        span.left = span.covered = True
        span = span.outer


def answer(caller: KeptSpan, span: KeptSpan) -> Iterator[PairingResult]:
    """Yield what a client span and the server's or consumer's span below it prove together."""
    exchange = caller.exchange
    if exchange is None:
        return
    again = bool(caller.served)
    caller.served = (*caller.served, span.service)
    if caller.fact.from_sidecar:
        caller.left = True
        if span.fact.from_sidecar:
            yield Measured(span.service, span.fact.duration, span.fact.failed)
        elif exchange.node:
            yield Alias(exchange.node, span.service)
    elif exchange.role in (Role.CREATE, Role.SEND):
        # The message came from the queue that it was sent to; that it was sent counts by itself.
        if span.exchange is None:
            yield direct(exchange.node, span, Kind.QUEUE)
    elif span.exchange is None:
        cover(caller)
        yield _answered(caller, span, again)
        if exchange.is_outside:
            yield Alias(exchange.node, span.service)
    elif caller.fact.kind == SpanKind.PRODUCER or not exchange.node:
        # The consumer alone names the queue.
        cover(caller)
        if not again:
            queue = span.exchange
            yield exchanged(caller, queue._replace(role=Role.SEND), queue.node)


def _answered(caller: KeptSpan, span: KeptSpan, again: bool) -> Edge:
    """Return the edge of a client span and the span that answered it.

    The client's span has the whole latency. Of several answers (retries, a fan-out) it measures the first.
    """
    fact, server = caller.fact, span.fact
    messaging = fact.kind == SpanKind.PRODUCER and server.kind != SpanKind.SERVER
    return Edge(
        caller.service,
        span.service,
        server.duration if again else fact.duration,
        server.failed or (fact.failed and not again),
        Protocol.MESSAGING if messaging or server.kind == SpanKind.CONSUMER else Protocol.HTTP,
        recount=server.from_sidecar,
        measured=server.duration,
        encrypted=is_encrypted(fact.attributes),
        ended=server.ended if again else fact.ended,
    )


def unknown_caller(span: KeptSpan) -> Edge:
    """Return the edge from somebody who sends no spans, by the name that the callee's span gives."""
    name = span_roles.caller(span.fact.attributes)
    return direct(name or USER, span, Kind.EXTERNAL if name else Kind.USER)


def direct(source: str, span: KeptSpan, kind: Kind = Kind.SERVICE) -> Edge:
    """Return the edge of a call that the called service's span alone measured."""
    fact = span.fact
    return Edge(
        source,
        span.service,
        fact.duration,
        # What a client's span says of failure is about the call that it makes itself.
        fact.failed and fact.kind != SpanKind.CLIENT and fact.kind != SpanKind.PRODUCER,
        Protocol.MESSAGING if fact.kind == SpanKind.CONSUMER or kind is Kind.QUEUE else Protocol.HTTP,
        source_kind=kind,
        recount=fact.from_sidecar,
        measured=fact.duration,
        ended=fact.ended,
    )


_PROTOCOLS: Final = {Role.CALL: Protocol.HTTP, Role.DATABASE: Protocol.DATABASE}
_KINDS: Final = {Role.CALL: Kind.EXTERNAL, Role.DATABASE: Kind.DATABASE}


def exchanged(span: KeptSpan, exchange: Exchange, node: str, kind: Kind | None = None) -> Edge:
    """Return the edge of a span's own exchange with a node."""
    fact, service = span.fact, span.service
    kind = kind or _KINDS.get(exchange.role, Kind.QUEUE)
    return Edge(
        node if exchange.is_taking else service,
        service if exchange.is_taking else node,
        fact.duration,
        fact.failed,
        _PROTOCOLS.get(exchange.role, Protocol.MESSAGING),
        source_kind=kind if exchange.is_taking else Kind.SERVICE,
        target_kind=Kind.SERVICE if exchange.is_taking else kind,
        encrypted=is_encrypted(fact.attributes),
        ended=fact.ended,
    )


def is_encrypted(attributes: Mapping[str, str]) -> bool | None:
    """Return True if a caller's span says that its call was encrypted, False if in the clear, else None."""
    if attributes.get(names.TLS) == "true" or attributes.get(names.TLS_VERSION):
        return True
    scheme = attributes.get(names.URL_SCHEME)
    return {"https": True, "http": False}.get(scheme or "")
