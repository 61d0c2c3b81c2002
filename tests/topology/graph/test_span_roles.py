"""What a span calls or takes from where, by its kind and attributes."""

import pytest

from proxy.contract.service_id import ServiceId
from topology.graph import span_roles
from topology.graph.span_roles import Exchange, Role, SpanKind
from topology.model.samples import SpanFact

_SYSTEM, _NAME = "messaging.system", "messaging.destination.name"
_OPERATIONS = ("messaging.operation.type", "messaging.operation", "messaging.operation.name")


def exchange(kind: int, attributes: dict[str, str]) -> Exchange | None:
    return span_roles.exchange(
        SpanFact(b"t", b"s", b"", ServiceId("cart"), kind, 0.1, False, False, attributes)
    )


def found(kind: int, attributes: dict[str, str]) -> tuple[Role, str]:
    result = exchange(kind, attributes)
    assert result is not None
    assert set(attributes) <= span_roles.GRAPH_ATTRIBUTES
    return result.role, result.node


@pytest.mark.parametrize(
    ("attributes", "node"),
    [
        ({"db.system.name": "postgresql", "db.namespace": "shop"}, "postgresql/shop"),
        ({"db.system": "redis", "server.address": "10.0.0.9", "server.port": "6379"}, "redis/10.0.0.9:6379"),
        ({"db.system": "redis", "net.sock.peer.addr": "10.0.0.9"}, "redis/10.0.0.9"),
        ({"db.name": "shop"}, "database/shop"),
        ({"db.type": "sql", "db.instance": "shop"}, "sql/shop"),
        ({"db.system": "mysql", "peer.service": "stock"}, "stock"),
        (
            {"db.system": "mysql", "db.name": "shop", "peer.service": "db1", "server.address": "db1"},
            "mysql/shop",
        ),
    ],
)
def test_calls_to_databases(attributes: dict[str, str], node: str) -> None:
    assert found(SpanKind.CLIENT, attributes) == (Role.DATABASE, node)


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


def test_a_poll_that_brought_nothing_took_nothing() -> None:
    poll = {
        _SYSTEM: "kafka",
        "messaging.operation": "receive",
        "messaging.batch.message_count": "0",
    }
    assert found(SpanKind.CLIENT, poll)[0] is Role.SETTLE


@pytest.mark.parametrize("kind", [SpanKind.SERVER, SpanKind.INTERNAL])
def test_servers_and_steps_call_nobody(kind: int) -> None:
    everything = {
        "db.system": "redis",
        _SYSTEM: "kafka",
        "peer.service": "x",
        "server.address": "y",
    }
    assert exchange(kind, everything) is None


@pytest.mark.parametrize(
    ("kind", "attributes", "node"),
    [
        (SpanKind.CLIENT, {"peer.service": "pay", "server.address": "10.0.0.1"}, "pay"),
        (SpanKind.CLIENT, {"server.address": "pay", "server.port": "80", "rpc.service": "Pay"}, "pay:80"),
        (SpanKind.CLIENT, {"rpc.service": "shop.Pay"}, "shop.Pay"),
        (SpanKind.CLIENT, {}, ""),
        (SpanKind.PRODUCER, {}, ""),
        (SpanKind.UNSPECIFIED, {"peer.service": "pay"}, "pay"),
    ],
)
def test_calls(kind: int, attributes: dict[str, str], node: str) -> None:
    assert found(kind, attributes) == (Role.CALL, node)


def test_an_address_without_a_kind_may_be_that_of_a_caller() -> None:
    assert exchange(SpanKind.UNSPECIFIED, {"net.peer.ip": "10.0.0.1", "server.address": "api"}) is None
    assert exchange(SpanKind.UNSPECIFIED, {_SYSTEM: "kafka"}) is None
    assert span_roles.caller({"peer.service": "app"}) == "app"


CALL = Exchange(Role.CALL, "api:80", host="api")
SQL = Exchange(Role.DATABASE, "mysql/shop", "mysql", "shop")
SENT = Exchange(Role.SEND, "kafka/orders", "kafka", "orders", "kafka1")


@pytest.mark.parametrize(
    ("outer", "inner", "same"),
    [
        (CALL, CALL, True),
        (CALL, CALL._replace(host="login"), False),
        (CALL, CALL._replace(host=""), True),
        (SQL, SQL._replace(place="", host="db1"), True),
        (SQL, SQL._replace(place="audit"), False),
        (SQL, SQL._replace(system="redis"), False),
        (SQL._replace(host="es"), CALL._replace(host="es"), True),
        (SQL._replace(host="es"), CALL, False),
        (SENT, SENT._replace(role=Role.CREATE), True),
        (SENT, SQL, False),
        (SENT, SENT._replace(role=Role.PROCESS), False),
        (SENT._replace(role=Role.PROCESS), CALL._replace(host="kafka1"), False),
        (SENT._replace(role=Role.RECEIVE), CALL._replace(host="kafka1"), True),
        (SENT._replace(role=Role.RECEIVE, host=""), CALL, False),
    ],
)
def test_two_client_spans_are_one_exchange_unless_they_say_otherwise(
    outer: Exchange, inner: Exchange, same: bool
) -> None:
    assert span_roles.is_same(outer, inner) is same


def test_some_databases_and_brokers_are_asked_over_http() -> None:
    assert span_roles.is_over_http(SQL._replace(system="elasticsearch"))
    assert not span_roles.is_over_http(SQL)
