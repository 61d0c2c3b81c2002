"""Replies about the graph: what a reader may rely on."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from proxy.contract.api.graph import Edge, Node, Stats

QUIET: dict[str, Any] = {
    "count": 0,
    "errors": 0,
    "rate": 0.0,
    "success": None,
    "p50": None,
    "p90": None,
    "p99": None,
}
NODE: dict[str, Any] = {
    **QUIET,
    "name": "reviews",
    "kind": "service",
    "sidecar": True,
    "stage": "observe",
    "percent": 0,
    "endpoints": 1,
    "ejected": 0,
    "versions": [],
    "zones": [],
    "namespaces": [],
}
EDGE: dict[str, Any] = {
    **QUIET,
    "source": "a",
    "target": "b",
    "protocol": "http",
    "tcp": None,
    "encrypted": None,
}


def test_without_traffic_figures_are_null() -> None:
    assert TypeAdapter(Stats).validate_python(QUIET) == QUIET


@pytest.mark.parametrize("field", NODE)
def test_a_node_has_all_its_fields(field: str) -> None:
    assert TypeAdapter(Node).validate_python(NODE) == NODE
    with pytest.raises(ValidationError, match=field):
        TypeAdapter(Node).validate_python({key: value for key, value in NODE.items() if key != field})


@pytest.mark.parametrize("tcp", [None, {"open": 1, "sent": 2, "received": 3}])
def test_an_edge_has_connections_where_it_is_opaque(tcp: Any) -> None:
    edge = {**EDGE, "tcp": tcp}
    assert TypeAdapter(Edge).validate_python(edge) == edge


def test_a_word_of_a_newer_release_is_read() -> None:
    edge = {**EDGE, "protocol": "quic", "encrypted": "mostly"}
    assert TypeAdapter(Edge).validate_python(edge) == edge
