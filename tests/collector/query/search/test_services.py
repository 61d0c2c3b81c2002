"""Services and their operations, in Jaeger's old and new shape."""

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
