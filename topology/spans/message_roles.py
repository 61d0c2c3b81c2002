"""The role of a span on the way of messages, by its kind and attributes.

Source: OpenTelemetry semantic conventions for messaging spans in all their generations, the OpenTracing
conventions, and the tags of Brave's (Zipkin's) instrumentations.
"""

from collections.abc import Mapping
from typing import Final

from topology.spans import peer_address, systems
from topology.spans.exchanges import SENDING, Exchange, Role, SpanKind, first, node_name

_BROKER: Final = "messaging.system"
# Brave names the broker by the tag that names the queue.
_BROKER_TAGS: Final = {
    "kafka.topic": "kafka",
    "rabbit.queue": "rabbitmq",
    "rabbit.exchange": "rabbitmq",
    "jms.queue": "jms",
    "jms.topic": "jms",
}
# Where a message was published that came by a queue without a name of its own.
_PUBLISHED: Final = "messaging.destination_publish.name"
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
_OPERATIONS: Final = (
    "messaging.operation.type",
    "messaging.operation",
    "messaging.operation.name",
    "rpc.method",  # of brokers in clouds, whose SDKs may say nothing else
)
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
    # SQS, SNS and Pub/Sub.
    **dict.fromkeys(("sendmessage", "sendmessagebatch", "publishbatch"), Role.SEND),
    **dict.fromkeys(("receivemessage", "streamingpull"), Role.RECEIVE),
    **dict.fromkeys(("deletemessage", "deletemessagebatch", "changemessagevisibility"), Role.SETTLE),
    **dict.fromkeys(("getqueueurl", "getqueueattributes", "modifyackdeadline"), Role.SETTLE),
}

ATTRIBUTES: Final = frozenset(
    (_BROKER, _PUBLISHED, *_TEMPLATES, *_QUEUES, *_TEMPORARY, *_ANONYMOUS, *_OPERATIONS, _BATCH)
)
"""The attributes that are read here."""


def message(kind: int, attributes: Mapping[str, str]) -> Exchange | None:
    """Return what a span sends, takes or settles; None if it is about no message."""
    system, place = systems.system_name(attributes.get(_BROKER, "")), _queue(attributes)
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
    node = node_name(system or "queue", place or address)
    return Exchange(role, node, system, place, peer_address.host(address))


def _role(kind: int, attributes: Mapping[str, str]) -> Role | None:
    operation = first(attributes, _OPERATIONS)
    role = _ROLES.get(operation.lower()) if operation else None
    if role is Role.RECEIVE and attributes.get(_BATCH) == "0":
        return Role.SETTLE  # a poll that brought nothing
    if kind == SpanKind.CONSUMER:
        return role if role is not None and role not in SENDING else Role.PROCESS
    if kind == SpanKind.PRODUCER:
        # Of two spans for one message the one without an operation is the message's own (Azure's SDKs).
        return role if role in SENDING else Role.CREATE
    if role is None and kind == SpanKind.CLIENT:
        return Role.CREATE
    return role


def _queue(attributes: Mapping[str, str]) -> str:
    """Return the queue's name, one for all queues that brokers make up names for."""
    published = attributes.get(_PUBLISHED, "")
    name = first(attributes, _QUEUES) or published
    if template := first(attributes, _TEMPLATES):
        return template
    if published and (_is_set(attributes, _TEMPORARY) or _is_set(attributes, _ANONYMOUS)):
        return published
    if _is_set(attributes, _TEMPORARY) or name.startswith(_MADE_UP):
        return "(temporary)"
    if _is_set(attributes, _ANONYMOUS):
        return "(anonymous)"
    # Of a URL the last part: what is before it may hold credentials.
    return name.rpartition("/")[2] if "://" in name else name


def _is_set(attributes: Mapping[str, str], keys: tuple[str, ...]) -> bool:
    return any(attributes.get(key) == "true" for key in keys)
