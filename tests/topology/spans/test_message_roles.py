"""What a span does with messages, by its kind and attributes."""

import pytest

from topology.spans import message_roles, peer_address
from topology.spans.exchanges import Role, SpanKind

_SYSTEM, _NAME = "messaging.system", "messaging.destination.name"
_OPERATIONS = ("messaging.operation.type", "messaging.operation", "messaging.operation.name")


def found(kind: int, attributes: dict[str, str]) -> tuple[Role, str]:
    result = message_roles.message(kind, attributes)
    assert result is not None
    assert set(attributes) <= message_roles.ATTRIBUTES | peer_address.ATTRIBUTES
    return result.role, result.node


@pytest.mark.parametrize(
    ("attributes", "node"),
    [
        ({_SYSTEM: "kafka", _NAME: "orders"}, "kafka/orders"),
        ({_SYSTEM: "rabbitmq", "messaging.destination": "orders"}, "rabbitmq/orders"),
        ({_SYSTEM: "rabbitmq"}, "rabbitmq"),
        ({_NAME: "orders"}, "queue/orders"),
        ({"message_bus.destination": "orders"}, "queue/orders"),
        ({"kafka.topic": "orders", "peer.service": "broker"}, "kafka/orders"),
        ({"rabbit.queue": "orders"}, "rabbitmq/orders"),
        ({"peer.service": "broker"}, "broker"),
        (
            {
                _SYSTEM: "mqtt",
                _NAME: "/c/7",
                "messaging.destination.template": "/c/{id}",
            },
            "mqtt//c/{id}",
        ),
        (
            {
                _SYSTEM: "jms",
                _NAME: "x7",
                "messaging.destination.temporary": "true",
            },
            "jms/(temporary)",
        ),
        (
            {_SYSTEM: "jms", "messaging.destination": "x7", "messaging.temp_destination": "true"},
            "jms/(temporary)",
        ),
        (
            {
                _SYSTEM: "jms",
                _NAME: "x7",
                "messaging.destination.anonymous": "true",
            },
            "jms/(anonymous)",
        ),
        ({_SYSTEM: "nats", _NAME: "_INBOX.x7"}, "nats/(temporary)"),
        (
            {
                _SYSTEM: "rabbitmq",
                _NAME: "x7",
                "messaging.destination.anonymous": "true",
                "messaging.destination_publish.name": "orders",
            },
            "rabbitmq/orders",
        ),
        (
            {_SYSTEM: "rabbitmq", _NAME: "amq.gen-x7"},
            "rabbitmq/(temporary)",
        ),
        (
            {
                _SYSTEM: "rabbitmq",
                _NAME: "",
                "messaging.rabbitmq.destination.routing_key": "orders",
            },
            "rabbitmq/orders",
        ),
        (
            {_SYSTEM: "aws_sqs", _NAME: "https://sqs.eu/12/orders"},
            "aws_sqs/orders",
        ),
    ],
)
def test_queues(attributes: dict[str, str], node: str) -> None:
    assert found(SpanKind.PRODUCER, attributes)[1] == node
    assert found(SpanKind.CONSUMER, attributes) == (Role.PROCESS, node)


@pytest.mark.parametrize(
    ("kind", "operation", "role"),
    [
        (SpanKind.PRODUCER, "", Role.CREATE),
        (SpanKind.PRODUCER, "create", Role.CREATE),
        (SpanKind.PRODUCER, "publish", Role.SEND),
        (SpanKind.CLIENT, "send", Role.SEND),
        (SpanKind.CLIENT, "receive", Role.RECEIVE),
        (SpanKind.CLIENT, "poll", Role.RECEIVE),
        (SpanKind.CLIENT, "settle", Role.SETTLE),
        (SpanKind.CLIENT, "Ack", Role.SETTLE),
        (SpanKind.CLIENT, "", Role.CREATE),
        (SpanKind.CONSUMER, "", Role.PROCESS),
        (SpanKind.CONSUMER, "receive", Role.RECEIVE),
        (SpanKind.CONSUMER, "deliver", Role.PROCESS),
        (SpanKind.CONSUMER, "settle", Role.SETTLE),
        (SpanKind.CONSUMER, "unheard of", Role.PROCESS),
        (SpanKind.PRODUCER, "receive", Role.CREATE),
    ],
)
@pytest.mark.parametrize(
    "key", ["messaging.operation.type", "messaging.operation", "messaging.operation.name"]
)
def test_operations_of_messages(kind: int, operation: str, role: Role, key: str) -> None:
    assert found(kind, {_SYSTEM: "kafka", key: operation}) == (role, "kafka")


@pytest.mark.parametrize(
    ("method", "role"),
    [("SendMessage", Role.SEND), ("ReceiveMessage", Role.RECEIVE), ("DeleteMessage", Role.SETTLE)],
)
def test_sdks_of_clouds_name_the_method_alone(method: str, role: Role) -> None:
    called = {"rpc.system": "aws-api", "rpc.method": method, _SYSTEM: "aws_sqs", _NAME: "orders"}
    result = message_roles.message(SpanKind.CLIENT, called)
    assert result is not None
    assert (result.role, result.node) == (role, "aws_sqs/orders")


def test_a_poll_that_brought_nothing_took_nothing() -> None:
    poll = {
        _SYSTEM: "kafka",
        "messaging.operation": "receive",
        "messaging.batch.message_count": "0",
    }
    assert found(SpanKind.CLIENT, poll)[0] is Role.SETTLE
