"""Services behind addresses, and the kinds of nodes."""

import pytest

from topology.graph import known_nodes
from topology.graph.known_nodes import KnownNodes
from topology.model.graph import Kind


def test_an_address_is_the_service_that_answered_there() -> None:
    nodes = KnownNodes()
    assert nodes.service_at("api.svc:80") == "api.svc:80"
    nodes.add_answer("api.svc:80", "api", 100)
    nodes.add_answer("api.svc:80", "api", 200)
    assert nodes.service_at("api.svc:80") == "api"


def test_a_name_at_which_several_services_answer_is_none_of_them() -> None:
    nodes = KnownNodes()
    for now, service in enumerate(("cart", "stock", "cart", "cart"), 100):
        nodes.add_answer("gateway:80", service, now)
    assert nodes.service_at("gateway:80") == "gateway:80"
    nodes.add_answer("gateway:80", "cart", 1100)
    assert nodes.service_at("gateway:80") == "cart"


def test_an_ip_address_is_the_service_that_has_it_now() -> None:
    nodes = KnownNodes()
    nodes.add_answer("10.0.0.5:80", "cart", 100)
    nodes.add_answer("10.0.0.5:80", "stock", 101)
    assert nodes.service_at("10.0.0.5:80") == "stock"


def test_that_a_node_is_a_service_is_known_better_than_all_else() -> None:
    nodes = KnownNodes()
    nodes.add_kind("cart", Kind.EXTERNAL)
    nodes.add_kind("cart", Kind.DATABASE)
    assert nodes.kind("cart") is Kind.EXTERNAL
    nodes.add_kind("cart", Kind.SERVICE)
    nodes.add_kind("cart", Kind.EXTERNAL)
    assert nodes.kind("cart") is Kind.SERVICE
    assert nodes.kind("bank:443") is Kind.EXTERNAL


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_nodes, "_LIMIT", 1)
    nodes = KnownNodes()
    for name in ("a:1", "b:1"):
        nodes.add_kind(name, Kind.DATABASE)
        nodes.add_answer(name, "api", 100)
    assert [nodes.kind(name) for name in ("a:1", "b:1")] == [Kind.DATABASE, Kind.EXTERNAL]
    assert [nodes.service_at(name) for name in ("a:1", "b:1")] == ["api", "b:1"]
