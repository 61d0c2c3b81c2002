"""Kinds of nodes by their names and edges."""

import pytest

from proxy.contract.traffic import Protocol
from topology.model.graph import Kind
from topology.spans import node_kinds


def test_a_target_is_outside_when_it_is_an_address() -> None:
    assert node_kinds.outside("10.0.0.1:443")
    assert node_kinds.outside("bank.example:443")
    assert not node_kinds.outside("cart")


@pytest.mark.parametrize(
    ("name", "protocol", "called", "kind"),
    [
        ("db:5432", Protocol.TCP, True, Kind.DATABASE),
        ("mq:9092", Protocol.TCP, True, Kind.QUEUE),
        ("host:1234", Protocol.TCP, True, Kind.EXTERNAL),
        ("postgresql/shop", Protocol.DATABASE, True, Kind.DATABASE),
        ("kafka/orders", Protocol.MESSAGING, False, Kind.QUEUE),
        ("rabbitmq", Protocol.MESSAGING, True, Kind.QUEUE),
        ("cart", Protocol.HTTP, True, Kind.SERVICE),
        ("bank.example:443", Protocol.HTTP, True, Kind.EXTERNAL),
        ("10.0.0.1", Protocol.HTTP, True, Kind.EXTERNAL),
    ],
)
def test_a_node_is_of_a_kind_by_its_name_and_an_edge(
    name: str, protocol: str, called: bool, kind: Kind
) -> None:
    assert node_kinds.kind_of(name, protocol, called) is kind


def test_a_service_in_a_namespace_is_no_queue() -> None:
    def kinds(source: str, target: str) -> tuple[Kind, Kind]:
        return (
            node_kinds.kind_of(source, Protocol.MESSAGING, False, target),
            node_kinds.kind_of(target, Protocol.MESSAGING, True, source),
        )

    assert kinds("shop/web", "kafka/orders") == (Kind.SERVICE, Kind.QUEUE)
    assert kinds("rabbitmq/orders", "shop/mail") == (Kind.QUEUE, Kind.SERVICE)
    assert kinds("web", "ourbroker/orders") == (Kind.SERVICE, Kind.QUEUE)
    assert kinds("shop/web", "shop/mail") == (Kind.SERVICE, Kind.SERVICE)
