"""Services and their operations, in Jaeger's old and new shape."""

import pytest

from tests.collector.query.world import ONE, TWO, Span, World


def shop(world: World) -> None:
    world.spans(
        Span(ONE, "a" * 16, service="shop", name="GET /b"),
        Span(ONE, "b" * 16, service="shop", name="GET /b", kind="Client"),
        Span(ONE, "c" * 16, service="shop", name="GET /a"),
        Span(TWO, "d" * 16, service="a b/ü", name="tick", kind="Unspecified"),
    )


def test_services_are_those_that_sent_spans_by_name(world: World) -> None:
    assert world.get("/api/services") == {"data": [], "total": 0, "limit": 0, "offset": 0, "errors": None}
    shop(world)
    assert world.get("/api/services")["data"] == ["a b/ü", "shop"]
    assert world.get("/api/services")["total"] == 2
    assert world.get("/api/v3/services") == {"services": ["a b/ü", "shop"]}


def test_operations_of_a_service(world: World) -> None:
    shop(world)
    assert world.get("/api/services/shop/operations")["data"] == ["GET /a", "GET /b"]
    assert world.get("/api/services/a%20b%2F%C3%BC/operations")["data"] == ["tick"]
    assert world.get("/api/services/nobody/operations")["data"] == []
    assert world.get("/api/operations", service="shop")["data"] == [
        {"name": "GET /a", "spanKind": "server"},
        {"name": "GET /b", "spanKind": "client"},
        {"name": "GET /b", "spanKind": "server"},
    ]
    assert world.get("/api/v3/operations", service="shop", spanKind="Client") == {
        "operations": [{"name": "GET /b", "spanKind": "client"}]
    }
    assert world.get("/api/operations", service="a b/ü")["data"] == [{"name": "tick", "spanKind": ""}]


def test_operations_need_a_service(world: World) -> None:
    assert world.refused("/api/operations") == (
        400,
        "service is missing: name one of GET /api/services, as ?service=NAME",
    )


ODD = [
    "a b",
    "a/b",
    'say "hi"',
    "it's",
    "🚀 go",
    "line\nbreak",
    "x" * 3000,
    "münchen.example.",
    "xn--mnchen-3ya",
    "%2F",
]


@pytest.mark.parametrize("name", ODD)
def test_every_service_and_operation_of_the_lists_can_be_searched(world: World, name: str) -> None:
    world.spans(Span(ONE, "a" * 16, service=name, name=name), Span(TWO, "b" * 16, service="other", name="y"))
    (service,) = set(world.get("/api/services")["data"]) - {"other"}
    (operation,) = world.get("/api/operations", service=service)["data"]
    found = world.get("/api/traces", service=service, operation=operation["name"])["data"]
    assert [trace["traceID"] for trace in found] == [ONE]


@pytest.mark.parametrize("name", ["é" * 300, "SELECT " + "x" * 250 + "🚀🚀", "y" * 256, "z" * 255])
def test_a_name_that_is_cut_finds_its_spans(world: World, name: str) -> None:
    world.spans(
        Span(ONE, "a" * 16, service="shop", name=name), Span(TWO, "b" * 16, service="shop", name=name[:200])
    )
    names = world.get("/api/services/shop/operations")["data"]
    assert sorted(names) == sorted([name[:256], name[:200]])
    for path in ("/api/traces", "/api/mesh/search"):
        found = world.get(path, service="shop", operation=name[:256])
        traces = found.get("data") or found["traces"]
        assert [trace.get("traceID") or trace["traceId"] for trace in traces] == [ONE]
    # As lists of older versions cut it: by bytes.
    older = name.encode()[:256].decode("utf-8", "replace")
    if len(name) > 256:
        found = world.get("/api/traces", service="shop", operation=older)["data"]
        assert ONE in [trace["traceID"] for trace in found]


def test_spans_of_older_versions_without_a_service_are_found_by_the_name_they_would_have_now(
    world: World,
) -> None:
    world.spans(Span(ONE, "a" * 16, service=""), Span(TWO, "b" * 16, service="unknown_service"))
    found = world.get("/api/traces", service="unknown_service")["data"]
    assert {trace["traceID"] for trace in found} == {ONE, TWO}
