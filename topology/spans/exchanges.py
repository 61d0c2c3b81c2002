"""Exchanges between two sides, as the span of one of them describes them."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple

from topology.spans import peer_address


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


# Databases and brokers with an HTTP interface that SDKs use.
_OVER_HTTP: Final = frozenset(
    (
        "aws_sqs",
        "aws.sns",
        "clickhouse",
        "cosmosdb",
        "couchdb",
        "dynamodb",
        "elasticsearch",
        "gcp_pubsub",
        "influxdb",
        "opensearch",
    )
)
SENDING: Final = (Role.CREATE, Role.SEND)


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
        sending = outer.role in SENDING and inner.role in SENDING
        if outer.role is not inner.role and not sending:
            return False
        if outer.system and inner.system and outer.system != inner.system:
            return False
        if outer.place and inner.place:
            return outer.place == inner.place
        return peer_address.may_be_same(outer.host, inner.host)
    return peer_address.may_be_same(outer.host, inner.host)


def node_name(system: str, place: str) -> str:
    """Return the name of the node of a database or queue."""
    # The system's name keeps a topic "orders" apart from a service of that name.
    return f"{system}/{place}" if place else system


def first(attributes: Mapping[str, str], keys: tuple[str, ...]) -> str:
    """Return the first of these attributes that is not empty; an empty text if none is."""
    # Asked several times of every span: a generator costs three times as much.
    for key in keys:
        if value := attributes.get(key):
            return value
    return ""
