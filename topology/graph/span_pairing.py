"""Edges from spans, for services that have no sidecar.

A CLIENT or PRODUCER span and the SERVER or CONSUMER span it is the parent of are one call.
They come in either order, up to ``ttl`` seconds apart: SDKs export in batches, by default every five
seconds, and a caller's span ends after its callee's. So each half waits for the other, and a caller's that
waited in vain is a call to something that sends no spans. Calls to databases and brokers have no second
half and count at once. Calls that sidecars count in metrics are never counted here again: their spans only
complete what their metrics cannot know (``Alias``, and ``Edge.recount``).

Rules follow the OpenTelemetry servicegraph connector, with its reported defects in mind:
nested clients, virtual users of servers that are not roots, brokers that are invisible.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Generic, TypeVar

from proxy.contract import attributes as names
from proxy.contract.traffic import Protocol
from topology.graph import span_peers
from topology.graph.span_peers import Edge
from topology.model.graph import Kind
from topology.model.samples import SpanFact

USER: Final = "user"


class SpanKind(IntEnum):
    """OTLP Span.SpanKind, the kinds that make edges."""

    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


@dataclass(frozen=True, slots=True)
class Alias:
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
_Id = tuple[bytes, bytes]
V = TypeVar("V")


class _Recent(Generic[V]):
    """Values by span, oldest first, none older than ``ttl`` and never more than ``limit``."""

    def __init__(self, ttl: float, limit: int) -> None:
        self._ttl = ttl
        self._limit = limit
        self._entries: dict[_Id, tuple[V, float]] = {}

    def put(self, key: _Id, value: V, now: float) -> None:
        # Put at the end: the order of the dict is the order of age, by which ``expire`` stops early.
        self._entries.pop(key, None)
        self._entries[key] = (value, now)

    def get(self, key: _Id) -> V | None:
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def pop(self, key: _Id) -> V | None:
        entry = self._entries.pop(key, None)
        return None if entry is None else entry[0]

    def expire(self, now: float) -> list[V]:
        excess = len(self._entries) - self._limit
        # Deleted one by one while looking for the first, a dict is walked over its gaps each time.
        over: dict[_Id, V] = {}
        for key, (value, since) in self._entries.items():
            if now - since < self._ttl and len(over) >= excess:
                break
            over[key] = value
        for key in over:
            del self._entries[key]
        return list(over.values())


class Pairing:
    """Spans that wait for their other half, bounded in time and number."""

    def __init__(self, ttl: float, limit: int) -> None:
        self._clients: _Recent[SpanFact] = _Recent(ttl, limit)
        self._servers: _Recent[SpanFact] = _Recent(ttl, limit)  # by the parent they wait for
        self._inner: _Recent[str] = _Recent(ttl, limit)  # by parent: service of a client below it
        self._leaves: _Recent[str] = _Recent(ttl, limit)  # service of clients that counted at once
        self._seen: _Recent[bool] = _Recent(ttl, 2 * limit)  # both halves of a call are in here

    def add(self, fact: SpanFact, now: float) -> list[PairingResult]:
        """Take in one span; return the calls that it completes, each exactly once."""
        if not fact.service:
            return []
        if fact.kind in (SpanKind.CLIENT, SpanKind.PRODUCER):
            return self._client(fact, now)
        if fact.kind in (SpanKind.SERVER, SpanKind.CONSUMER):
            return self._server(fact, now)
        return []

    def expire(self, now: float) -> list[Edge]:
        """Forget what waited too long; return the clients among it as calls to the outside."""
        for rest in (self._servers, self._inner, self._leaves, self._seen):
            rest.expire(now)
        return [
            Edge(
                fact.service,
                peer,
                fact.duration,
                fact.failed,
                target_kind=Kind.EXTERNAL,
                encrypted=span_peers.is_encrypted(fact.attributes),
                ended=fact.ended,
            )
            for fact in self._clients.expire(now)
            if not fact.from_sidecar and (peer := span_peers.name(fact.attributes))
        ]

    def _client(self, fact: SpanFact, now: float) -> list[PairingResult]:
        own, parent = (fact.trace_id, fact.span_id), (fact.trace_id, fact.parent_id)
        if fact.parent_id:  # an outer client of the same service is this very call, seen twice
            outer = self._clients.get(parent)
            if outer is not None and outer.service == fact.service:
                self._clients.pop(parent)
            self._inner.put(parent, fact.service, now)
        # Its call is counted by the sidecar's metrics, and it names no address that could become a service.
        if fact.from_sidecar and not span_peers.sidecar_target(fact.attributes):
            return []
        # An HTTP library below a client span came first: that one is the call, this one only wraps it.
        if self._inner.get(own) == fact.service or self._is_repeated(fact, now):
            return []
        leaf = None if fact.from_sidecar else span_peers.leaf(fact)
        if leaf is not None:
            # An ORM and its driver both make a span for one query: the inner one, whose parent is a leaf of
            # the same service, is not counted again.
            self._leaves.put(own, fact.service, now)
            return [] if self._leaves.get(parent) == fact.service else [leaf]
        # Either half may come first: exporters batch by themselves.
        server = self._servers.pop(own)
        if server is not None:
            return _join(fact, server)
        self._clients.put(own, fact, now)
        return []

    def _server(self, fact: SpanFact, now: float) -> list[PairingResult]:
        if fact.from_sidecar and (names.CALLER in fact.attributes or not fact.parent_id):
            return []
        if self._is_repeated(fact, now):
            return []
        leaf = None if fact.from_sidecar else span_peers.leaf(fact)
        if leaf is not None:
            return [leaf]
        # A root: nobody that sends spans called it, so a user did.
        if not fact.parent_id:
            return [
                Edge(
                    USER,
                    fact.service,
                    fact.duration,
                    fact.failed,
                    source_kind=Kind.USER,
                    ended=fact.ended,
                )
            ]
        parent = (fact.trace_id, fact.parent_id)
        client = self._clients.pop(parent)
        if client is not None:
            return _join(client, fact)
        self._servers.put(parent, fact, now)
        return []

    def _is_repeated(self, fact: SpanFact, now: float) -> bool:
        """True if this span came before: exporters repeat requests that were not confirmed."""
        # Zipkin gives both halves of a call one span id; the kind keeps them apart.
        key = (fact.trace_id, fact.span_id + bytes((fact.kind,)))
        if self._seen.get(key):
            return True
        self._seen.put(key, True, now)
        return False


def _join(client: SpanFact, server: SpanFact) -> list[PairingResult]:
    if client.from_sidecar:
        if server.from_sidecar:
            return [Measured(server.service, server.duration, server.failed)]
        address = span_peers.sidecar_target(client.attributes)
        return [Alias(address, server.service)] if address else []
    failed = client.failed or server.failed
    protocol = Protocol.MESSAGING if client.kind == SpanKind.PRODUCER else Protocol.HTTP
    return [
        Edge(
            client.service,
            server.service,
            client.duration,
            failed,
            protocol,
            recount=server.from_sidecar,
            measured=server.duration,
            encrypted=span_peers.is_encrypted(client.attributes),
            ended=client.ended,
        )
    ]
