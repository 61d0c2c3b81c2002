"""The kinds of nodes by their names and the edges that lead to them."""

from typing import Final

from proxy.contract.traffic import Protocol
from topology.model.graph import Kind
from topology.spans import peer_address

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
