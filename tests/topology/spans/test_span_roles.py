"""What a span calls or takes from where, by its kind and attributes."""

import pytest

from proxy.contract.service_id import ServiceId
from topology.model.samples import SpanFact
from topology.spans import span_roles
from topology.spans.exchanges import Exchange, Role, SpanKind


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


@pytest.mark.parametrize("kind", [SpanKind.SERVER, SpanKind.INTERNAL])
def test_servers_and_steps_call_nobody(kind: int) -> None:
    everything = {
        "db.system": "redis",
        "messaging.system": "kafka",
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
    assert exchange(SpanKind.UNSPECIFIED, {"messaging.system": "kafka"}) is None
    assert span_roles.caller({"peer.service": "app"}) == "app"


def test_an_istio_sidecar_is_of_the_service_that_it_is_beside() -> None:
    def service(attributes: dict[str, str]) -> str:
        named = ServiceId("shop/web.shop")
        return span_roles.service(SpanFact(b"t", b"s", b"", named, 2, 0.1, False, False, attributes))

    assert service({"component": "proxy", "istio.canonical_service": "web"}) == "shop/web"
    assert service({"component": "proxy"}) == "shop/web.shop"
    assert service({"istio.canonical_service": "web"}) == "shop/web.shop"
    assert span_roles.is_proxy({"component": "proxy"})
    assert not span_roles.is_proxy({"component": "net/http"})


def test_a_sidecars_span_names_a_target_outside_the_mesh_alone() -> None:
    assert span_roles.sidecar_target({"server.address": "bank.example", "server.port": "443"}) == (
        "bank.example:443"
    )
    assert span_roles.sidecar_target({"peer.service": "cart"}) == ""
