"""The other side of a call, by the attributes of a span.

Source: OpenTelemetry semantic conventions for database and messaging spans, stable names
first, then the older ones that SDKs still send.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proxy.contract import attributes as names
from proxy.contract.traffic import Protocol
from topology.model.graph import Kind
from topology.model.samples import SpanFact

_RECEIVING: Final = frozenset(("receive", "process", "deliver"))
_CONSUMER: Final = 5
# Usual ports (IANA's registry where they are in it): SQL Server, Oracle, MySQL, PostgreSQL, Redis, Couchbase,
# Cassandra, ClickHouse, memcached, MongoDB, CockroachDB; MQTT, NATS, AMQP, Pulsar, Kafka, STOMP, ActiveMQ.
_DATABASE_PORTS: Final = frozenset(
    (
        1433,
        1521,
        3306,
        5432,
        6379,
        6380,
        11210,
        9042,
        9000,
        9440,
        11211,
        27017,
        27018,
        27019,
        26257,
    )
)
_QUEUE_PORTS: Final = frozenset((1883, 8883, 4222, 5671, 5672, 6650, 9092, 9093, 61613, 61616))

# Values of messaging.system in the conventions, and two more that are usual; "queue" is ours for none.
_BROKERS: Final = frozenset(
    [
        "activemq",
        "aws.sns",
        "aws_sqs",
        "eventgrid",
        "eventhubs",
        "gcp_pubsub",
        "jms",
        "kafka",
        "mqtt",
        "nats",
        "pulsar",
        "queue",
        "rabbitmq",
        "rocketmq",
        "servicebus",
    ]
)


@dataclass(frozen=True, slots=True)
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


def leaf(fact: SpanFact) -> Edge | None:
    """Return the call to a database or with a broker that this span alone proves, or None."""
    attributes = fact.attributes
    system = _first(attributes, "db.system.name", "db.system")
    space = _first(attributes, "db.namespace", "db.name")
    if (system or space) and fact.kind != _CONSUMER:
        # A name that people gave (peer.service) is better than one made of system and database.
        name_ = attributes.get(names.PEER_SERVICE) or _node(system or "database", space or _host(attributes))
        return Edge(
            fact.service,
            name_,
            fact.duration,
            fact.failed,
            Protocol.DATABASE,
            target_kind=Kind.DATABASE,
            encrypted=is_encrypted(attributes),
            ended=fact.ended,
        )
    broker = attributes.get("messaging.system", "")
    place = _first(attributes, "messaging.destination.name", "messaging.destination", "messaging.source.name")
    if not broker and not place:
        return None
    queue = _node(broker or "queue", place or _host(attributes))
    # A consumer's own span, or a CLIENT span of an old SDK that says "receive": the message came from the
    # queue.
    operation = _first(attributes, "messaging.operation.type", "messaging.operation")
    if fact.kind == _CONSUMER or operation in _RECEIVING:
        return Edge(
            queue,
            fact.service,
            fact.duration,
            fact.failed,
            Protocol.MESSAGING,
            source_kind=Kind.QUEUE,
            encrypted=is_encrypted(attributes),
            ended=fact.ended,
        )
    return Edge(
        fact.service,
        queue,
        fact.duration,
        fact.failed,
        Protocol.MESSAGING,
        target_kind=Kind.QUEUE,
        encrypted=is_encrypted(attributes),
        ended=fact.ended,
    )


def is_encrypted(attributes: Mapping[str, str]) -> bool | None:
    """Return True if a caller's span says that its call was encrypted, False if in the clear, else None."""
    if attributes.get(names.TLS) == "true" or attributes.get(names.TLS_VERSION):
        return True
    scheme = attributes.get(names.URL_SCHEME)
    return {"https": True, "http": False}.get(scheme or "")


def name(attributes: Mapping[str, str]) -> str:
    """Return a client span's name of the other side, a service or ``host:port``; empty if it has none."""
    return attributes.get(names.PEER_SERVICE) or _host(attributes)


def sidecar_target(attributes: Mapping[str, str]) -> str:
    """Return the ``host:port`` outside the mesh that a sidecar's client span went to; empty inside it."""
    peer = attributes.get(names.PEER_SERVICE) or _host(attributes)
    return peer if outside(peer) else ""


def outside(target: str) -> bool:
    """True if a client's target is ``host:port`` rather than the name of a service."""
    return target.rpartition(":")[2].isdigit() and ":" in target


def kind_at(address: str) -> Kind:
    """Return the likely kind of an opaque TCP server at ``host:port`` outside the mesh, by the port alone."""
    # A guess, as the only other sign would be the bytes, which are opaque and often encrypted.
    port = int(address.rpartition(":")[2])
    if port in _DATABASE_PORTS:
        return Kind.DATABASE
    return Kind.QUEUE if port in _QUEUE_PORTS else Kind.EXTERNAL


def kind_of(name: str, protocol: str, called: bool, other: str = "") -> Kind:
    """Return the kind of a node, by its name and an edge that leads to it (``called``) or from it.

    ``other`` is the node at the other end.
    """
    if protocol == Protocol.TCP and called and outside(name):
        return kind_at(name)
    if protocol == Protocol.DATABASE and called:
        return Kind.DATABASE
    if protocol == Protocol.MESSAGING and "/" in name:
        # A service in a namespace has a slash too: where both ends have one, that of a known broker is the
        # queue.
        alike = "/" in other and name.partition("/")[0] not in _BROKERS
        return Kind.SERVICE if alike else Kind.QUEUE
    return Kind.EXTERNAL if outside(name) else Kind.SERVICE


def _host(attributes: Mapping[str, str]) -> str:
    for host, port in (
        (names.SERVER_ADDRESS, names.SERVER_PORT),
        (names.PEER_ADDRESS, names.PEER_PORT),
    ):
        if attributes.get(host):
            return f"{attributes[host]}:{attributes[port]}" if attributes.get(port) else attributes[host]
    return ""


def _node(system: str, place: str) -> str:
    # The system's name keeps a topic "orders" apart from a service of that name.
    return f"{system}/{place}" if place else system


def _first(attributes: Mapping[str, str], *keys: str) -> str:
    # Asked several times of every span: a generator costs three times as much.
    for key in keys:
        if value := attributes.get(key):
            return value
    return ""
