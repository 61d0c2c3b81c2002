"""The other side of a span by its attributes: stable names first, older ones too."""

import pytest

from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Protocol
from topology.graph import span_peers
from topology.model.graph import Kind
from topology.model.samples import SpanFact

CLIENT, CONSUMER = 3, 5


def fact(kind: int, attributes: dict[str, str]) -> SpanFact:
    named = {key.replace("__", "."): value for key, value in attributes.items()}
    return SpanFact(b"t", b"s", b"", ServiceId("cart"), kind, 0.1, False, False, named)


@pytest.mark.parametrize(
    ("attributes", "node"),
    [
        ({"db__system__name": "postgresql", "db__namespace": "shop"}, "postgresql/shop"),
        (
            {"db__system": "redis", "server__address": "10.0.0.9", "server__port": "6379"},
            "redis/10.0.0.9:6379",
        ),
        ({"db__name": "shop"}, "database/shop"),
        ({"db__system": "mysql", "peer__service": "stock"}, "stock"),
    ],
)
def test_a_call_to_a_database_is_proved_by_its_span_alone(attributes: dict[str, str], node: str) -> None:
    edge = span_peers.leaf(fact(CLIENT, attributes))
    assert edge is not None
    assert (edge.source, edge.target, edge.protocol, edge.target_kind) == (
        "cart",
        node,
        Protocol.DATABASE,
        Kind.DATABASE,
    )


def test_who_sends_calls_the_queue_and_who_receives_is_called_by_it() -> None:
    broker = {"messaging__system": "kafka", "messaging__destination__name": "orders"}
    sent = span_peers.leaf(fact(4, broker))
    received = span_peers.leaf(fact(CONSUMER, broker))
    polled = span_peers.leaf(fact(CLIENT, {"messaging__operation__type": "receive", **broker}))
    assert sent is not None
    assert received is not None
    assert polled is not None
    assert (sent.source, sent.target) == ("cart", "kafka/orders")
    assert (received.source, received.target) == ("kafka/orders", "cart")
    assert (polled.source, polled.target) == ("kafka/orders", "cart")


def test_other_spans_prove_no_call_alone() -> None:
    assert span_peers.leaf(fact(CLIENT, {"server__address": "cart"})) is None


@pytest.mark.parametrize(
    ("attributes", "encrypted"),
    [
        ({"tls.established": "true"}, True),
        ({"url.scheme": "https"}, True),
        ({"url.scheme": "http"}, False),
        ({}, None),
    ],
)
def test_encryption_is_as_the_callers_span_says(attributes: dict[str, str], encrypted: bool | None) -> None:
    assert span_peers.is_encrypted(attributes) is encrypted


def test_a_target_is_outside_when_it_is_an_address() -> None:
    assert span_peers.outside("10.0.0.1:443")
    assert span_peers.outside("bank.example:443")
    assert not span_peers.outside("cart")
    assert span_peers.sidecar_target({"server.address": "bank.example", "server.port": "443"}) == (
        "bank.example:443"
    )
    assert span_peers.sidecar_target({"peer.service": "cart"}) == ""


@pytest.mark.parametrize(
    ("name", "protocol", "called", "kind"),
    [
        ("db:5432", Protocol.TCP, True, Kind.DATABASE),
        ("mq:9092", Protocol.TCP, True, Kind.QUEUE),
        ("host:1234", Protocol.TCP, True, Kind.EXTERNAL),
        ("postgresql/shop", Protocol.DATABASE, True, Kind.DATABASE),
        ("kafka/orders", Protocol.MESSAGING, False, Kind.QUEUE),
        ("cart", Protocol.HTTP, True, Kind.SERVICE),
        ("bank.example:443", Protocol.HTTP, True, Kind.EXTERNAL),
    ],
)
def test_a_node_is_of_a_kind_by_its_name_and_an_edge(
    name: str, protocol: str, called: bool, kind: Kind
) -> None:
    assert span_peers.kind_of(name, protocol, called) is kind


def test_a_service_in_a_namespace_is_no_queue() -> None:
    def kinds(source: str, target: str) -> tuple[Kind, Kind]:
        return (
            span_peers.kind_of(source, Protocol.MESSAGING, False, target),
            span_peers.kind_of(target, Protocol.MESSAGING, True, source),
        )

    assert kinds("shop/web", "kafka/orders") == (Kind.SERVICE, Kind.QUEUE)
    assert kinds("rabbitmq/orders", "shop/mail") == (Kind.QUEUE, Kind.SERVICE)
    assert kinds("web", "ourbroker/orders") == (Kind.SERVICE, Kind.QUEUE)
    assert kinds("shop/web", "shop/mail") == (Kind.SERVICE, Kind.SERVICE)
