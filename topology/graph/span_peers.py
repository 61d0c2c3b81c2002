"""The edges that spans prove, and the kinds of their nodes by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proxy.contract import attributes as names
from proxy.contract.traffic import Protocol
from topology.graph import peer_address
from topology.model.graph import Kind

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


def is_encrypted(attributes: Mapping[str, str]) -> bool | None:
    """Return True if a caller's span says that its call was encrypted, False if in the clear, else None."""
    if attributes.get(names.TLS) == "true" or attributes.get(names.TLS_VERSION):
        return True
    scheme = attributes.get(names.URL_SCHEME)
    return {"https": True, "http": False}.get(scheme or "")


def sidecar_target(attributes: Mapping[str, str]) -> str:
    """Return the ``host:port`` outside the mesh that a sidecar's client span went to; empty inside it."""
    peer = attributes.get(names.PEER_SERVICE) or peer_address.address(attributes)
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
    if protocol == Protocol.MESSAGING and name in _BROKERS:
        return Kind.QUEUE
    if protocol == Protocol.MESSAGING and "/" in name:
        # A service in a namespace has a slash too: where both ends have one, that of a known broker is the
        # queue.
        alike = "/" in other and name.partition("/")[0] not in _BROKERS
        return Kind.SERVICE if alike else Kind.QUEUE
    return Kind.EXTERNAL if outside(name) or peer_address.is_ip(name) else Kind.SERVICE
