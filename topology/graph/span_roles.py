"""The role of a span in calls: what it calls or takes from where, by its kind and attributes.

Source: OpenTelemetry semantic conventions for database and messaging spans in all their generations, the
OpenTracing conventions, and the tags of Brave's (Zipkin's) instrumentations.
"""

from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

from proxy.contract import attributes as names
from topology.graph import peer_address, span_peers
from topology.model.samples import SpanFact


class SpanKind(IntEnum):
    """OTLP Span.SpanKind."""

    UNSPECIFIED = 0
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class Role(IntEnum):
    """The sort of exchange with another side that a span describes from its own side."""

    CALL = 0
    DATABASE = 1
    CREATE = 2  # a message is made; sending it may be a span of its own
    SEND = 3
    RECEIVE = 4  # messages are fetched; processing them may be spans of their own
    PROCESS = 5
    SETTLE = 6  # a message is acknowledged or rejected: nothing travels


class Exchange(NamedTuple):
    """An exchange with another side.

    ``node`` is its name in the graph, empty if unknown. ``system`` and ``place`` are the parts of a
    database's or queue's name, ``host`` its host; they show if two spans, one within the other, are the same
    exchange. ``is_outside`` is True if the node is ``host:port``.
    """

    role: Role
    node: str
    system: str = ""
    place: str = ""
    host: str = ""
    is_outside: bool = False

    @property
    def is_leaf(self) -> bool:
        """True if the other side is a database or a broker, which are known without spans of their own."""
        return self.role is not Role.CALL

    @property
    def is_taking(self) -> bool:
        """True if messages come from the other side."""
        return self.role is Role.RECEIVE or self.role is Role.PROCESS


_DB_SYSTEMS: Final = ("db.system.name", "db.system", "db.type")
_DB_PLACES: Final = ("db.namespace", "db.name", "db.instance")
_BROKER: Final = "messaging.system"
# Brave names the broker by the tag that names the queue.
_BROKER_TAGS: Final = {
    "kafka.topic": "kafka",
    "rabbit.queue": "rabbitmq",
    "rabbit.exchange": "rabbitmq",
    "jms.queue": "jms",
    "jms.topic": "jms",
}
_TEMPLATES: Final = ("messaging.destination.template", "messaging.source.template")
_QUEUES: Final = (
    "messaging.destination.name",
    "messaging.destination",
    "messaging.source.name",
    # The default exchange of RabbitMQ has an empty name, and delivers to the queue of the routing key.
    "messaging.rabbitmq.destination.routing_key",
    "messaging.rabbitmq.routing_key",
    "message_bus.destination",
    *_BROKER_TAGS,
)
_TEMPORARY: Final = (
    "messaging.destination.temporary",
    "messaging.source.temporary",
    "messaging.temp_destination",
)
_ANONYMOUS: Final = ("messaging.destination.anonymous", "messaging.source.anonymous")
# Beginnings of the names that brokers make up: NATS, RabbitMQ, ActiveMQ, JMS.
_MADE_UP: Final = ("_INBOX.", "amq.gen-", "amq.rabbitmq.reply-to", "ID:", "temp-queue://", "temp-topic://")
_OPERATIONS: Final = ("messaging.operation.type", "messaging.operation", "messaging.operation.name")
_BATCH: Final = "messaging.batch.message_count"
_ROLES: Final = {
    "create": Role.CREATE,
    **dict.fromkeys(("send", "publish", "produce", "enqueue"), Role.SEND),
    **dict.fromkeys(("receive", "poll", "pull", "fetch", "peek", "dequeue"), Role.RECEIVE),
    **dict.fromkeys(("process", "deliver", "consume"), Role.PROCESS),
    **dict.fromkeys(
        (
            "settle",
            "ack",
            "acknowledge",
            "nack",
            "reject",
            "commit",
            "complete",
            "abandon",
            "defer",
            "release",
        ),
        Role.SETTLE,
    ),
    **dict.fromkeys(("delete", "dead_letter", "renew", "subscribe", "unsubscribe", "seek"), Role.SETTLE),
}

GRAPH_ATTRIBUTES: Final = frozenset(
    (
        *peer_address.ATTRIBUTES,
        *_DB_SYSTEMS,
        *_DB_PLACES,
        _BROKER,
        *_TEMPLATES,
        *_QUEUES,
        *_TEMPORARY,
        *_ANONYMOUS,
        *_OPERATIONS,
        _BATCH,
        names.CALLER,
        names.TLS,
        names.TLS_VERSION,
    )
) - frozenset(peer_address.URLS)
"""The attributes of spans that edges are made of, beside URLs."""

SERVER_ATTRIBUTES: Final = frozenset((*peer_address.NAMES, *peer_address.NOT_NAMES, names.CALLER))
"""The ones among them that are read of a server's span."""

# Databases and brokers with an HTTP interface that SDKs use.
_OVER_HTTP: Final = frozenset(
    (
        "aws_sqs",
        "aws.sns",
        "azure.cosmosdb",
        "clickhouse",
        "cosmosdb",
        "couchdb",
        "dynamodb",
        "aws.dynamodb",
        "elasticsearch",
        "gcp_pubsub",
        "influxdb",
        "opensearch",
    )
)
_SENDING: Final = (Role.CREATE, Role.SEND)
# As plain numbers: comparing members of an enumeration costs several times as much.
_SILENT: Final = (int(SpanKind.SERVER), int(SpanKind.INTERNAL))


def exchange(fact: SpanFact) -> Exchange | None:
    """Return the exchange that a span describes from its own side; None for servers and steps within."""
    kind = fact.kind
    # A server's attributes of databases and queues are about what it did, which has spans of its own.
    if kind in _SILENT:
        return None
    return _exchange(kind, tuple(fact.attributes.items()))


@lru_cache(maxsize=8192)
def _exchange(kind: int, pairs: tuple[tuple[str, str], ...]) -> Exchange | None:
    # Cached, as a service makes the same few calls over and over.
    attributes = dict(pairs)
    found = (kind != SpanKind.CONSUMER and _database(attributes)) or _message(kind, attributes)
    if found:
        return found
    if kind == SpanKind.CLIENT or kind == SpanKind.PRODUCER:
        place = peer_address.address(attributes)
        node = peer_address.given_name(attributes) or place or peer_address.interface(attributes)
        return Exchange(Role.CALL, node, "", "", peer_address.host(place), span_peers.outside(node))
    # Without a kind an address may be that of a caller. A name is the other side's, as Zipkin has it.
    name = peer_address.given_name(attributes) if kind == SpanKind.UNSPECIFIED else ""
    return Exchange(Role.CALL, name) if name else None


def caller(attributes: Mapping[str, str]) -> str:
    """Return the name that a server's span gives its caller; empty if it gives none."""
    return peer_address.given_name(attributes)


def is_over_http(exchange: Exchange) -> bool:
    """True if the database or broker is usually asked over HTTP, which a sidecar can measure."""
    return exchange.system in _OVER_HTTP


def is_same(outer: Exchange, inner: Exchange) -> bool:
    """True if two client spans of one service, one within the other, describe one exchange.

    A driver within an ORM, an HTTP client within an SDK. What one of them does not say tells nothing apart.
    """
    if outer.is_taking and not inner.is_leaf:
        # Whoever processes a message makes calls of its own; fetching it over HTTP is none.
        return outer.role is Role.RECEIVE and bool(outer.host) and outer.host == inner.host
    if outer.is_leaf and inner.is_leaf:
        sending = outer.role in _SENDING and inner.role in _SENDING
        if outer.role is not inner.role and not sending:
            return False
        if outer.system and inner.system and outer.system != inner.system:
            return False
        if outer.place and inner.place:
            return outer.place == inner.place
        return peer_address.may_be_same(outer.host, inner.host)
    return peer_address.may_be_same(outer.host, inner.host)


def _database(attributes: Mapping[str, str]) -> Exchange | None:
    system, place = _first(attributes, _DB_SYSTEMS), _first(attributes, _DB_PLACES)
    if not system and not place:
        return None
    address = peer_address.address(attributes)
    # A name that people gave is better than one made of system and database.
    node = peer_address.given_name(attributes) or _node(system or "database", place or address)
    return Exchange(Role.DATABASE, node, system, place, peer_address.host(address))


def _message(kind: int, attributes: Mapping[str, str]) -> Exchange | None:
    system, place = attributes.get(_BROKER, ""), _queue(attributes)
    if not system and not place:
        # Zipkin's spans name the broker as the other side.
        name = peer_address.given_name(attributes) if kind in (SpanKind.PRODUCER, SpanKind.CONSUMER) else ""
        if not name:
            return None
        return Exchange(Role.PROCESS if kind == SpanKind.CONSUMER else Role.CREATE, name, name)
    system = system or next((_BROKER_TAGS[tag] for tag in _BROKER_TAGS if tag in attributes), "")
    address = peer_address.address(attributes)
    role = _role(kind, attributes)
    if role is None:
        return None
    node = _node(system or "queue", place or address)
    return Exchange(role, node, system, place, peer_address.host(address))


def _role(kind: int, attributes: Mapping[str, str]) -> Role | None:
    operation = _first(attributes, _OPERATIONS)
    role = _ROLES.get(operation.lower()) if operation else None
    if role is Role.RECEIVE and attributes.get(_BATCH) == "0":
        return Role.SETTLE  # a poll that brought nothing
    if kind == SpanKind.CONSUMER:
        return role if role is not None and role not in _SENDING else Role.PROCESS
    if kind == SpanKind.PRODUCER:
        # Of two spans for one message the one without an operation is the message's own (Azure's SDKs).
        return role if role in _SENDING else Role.CREATE
    if role is None and kind == SpanKind.CLIENT:
        return Role.CREATE
    return role


def _queue(attributes: Mapping[str, str]) -> str:
    """Return the queue's name, one for all queues that brokers make up names for."""
    name = _first(attributes, _QUEUES)
    template = _first(attributes, _TEMPLATES)
    if template:
        return template
    if _is_set(attributes, _TEMPORARY) or name.startswith(_MADE_UP):
        return "(temporary)"
    if _is_set(attributes, _ANONYMOUS):
        return "(anonymous)"
    # Of a URL the last part: what is before it may hold credentials.
    return name.rpartition("/")[2] if "://" in name else name


def _is_set(attributes: Mapping[str, str], keys: tuple[str, ...]) -> bool:
    return any(attributes.get(key) == "true" for key in keys)


def _node(system: str, place: str) -> str:
    # The system's name keeps a topic "orders" apart from a service of that name.
    return f"{system}/{place}" if place else system


def _first(attributes: Mapping[str, str], keys: tuple[str, ...]) -> str:
    # Asked several times of every span: a generator costs three times as much.
    for key in keys:
        if value := attributes.get(key):
            return value
    return ""
