"""Completions of a query line, from what the real store keeps beside the spans."""

from typing import Any

import pytest

from tests.collector.query.world import Span, World


def shop(world: World) -> None:
    for index in range(4):  # batches, as inserts come
        world.spans(
            Span(
                name="GET /cart",
                attributes={"http.route": "/cart", "tenant": f"t{index}"},
                resource={"zone": "eu-1"},
            ),
            Span(
                name="GET /home", attributes={"http.route": "/home", "status": "5"}, resource={"zone": "eu-2"}
            ),
            Span(service="reviews", name="read 'it'", attributes={"http.status": "200"}),
        )


def told(world: World, **query: Any) -> list[str]:
    return [each["value"] for each in world.get("/api/mesh/suggest", **query)["suggestions"]]


def test_services_and_operations(world: World) -> None:
    shop(world)
    assert told(world, kind="service") == ["frontend", "reviews"]
    assert told(world, kind="service", prefix="REV") == ["reviews"]
    assert told(world, kind="operation", service="frontend") == ["GET /cart", "GET /home"]
    assert told(world, kind="operation", prefix="'") == ["read 'it'"]
    assert told(world, kind="operation", service="reviews", prefix="get") == []


def test_keys_with_their_scope_what_begins_so_first(world: World) -> None:
    shop(world)
    assert told(world, kind="key", prefix="stat") == ["status", "http.status"]
    assert told(world, kind="key", scope="resource") == ["service.name", "zone"]
    found = world.get("/api/mesh/suggest", kind="key", prefix="zone")
    assert found == {"suggestions": [{"value": "zone", "scope": "resource", "count": 8}], "more": False}
    assert told(world, kind="key", service="reviews", scope="span") == ["http.status"]


def test_values_of_a_key_the_most_frequent_first(world: World) -> None:
    shop(world)
    world.spans(Span(attributes={"tenant": "t2"}))
    assert told(world, kind="value", key="tenant") == ["t2", "t0", "t1", "t3"]
    assert told(world, kind="value", key="tenant", limit=1) == ["t2"]
    assert told(world, kind="value", key="http.route", prefix="HO") == ["/home"]
    assert told(world, kind="value", key="zone", scope="resource") == ["eu-1", "eu-2"]
    assert told(world, kind="value", key="zone", scope="span") == []
    assert told(world, kind="value", key="http.status", service="frontend") == []


def test_it_is_told_whether_there_is_more(world: World) -> None:
    shop(world)
    assert world.get("/api/mesh/suggest", kind="value", key="tenant")["more"] is False
    assert world.get("/api/mesh/suggest", kind="value", key="tenant", limit=3)["more"] is True
    assert world.get("/api/mesh/suggest", kind="key", limit=2)["more"] is True


def test_an_empty_store_suggests_nothing(world: World) -> None:
    for kind in ("service", "operation", "key", "value"):
        assert world.get("/api/mesh/suggest", kind=kind, key="k") == {"suggestions": [], "more": False}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "kind is '': write one of service, operation, key, value"),
        ({"kind": "tag"}, "kind is 'tag'"),
        ({"kind": "key", "scope": "event"}, "scope is 'event': write span or resource"),
        ({"kind": "value"}, "key is missing: name the attribute"),
        ({"kind": "key", "limit": "1000"}, "limit is '1000': write a whole number from 1 to 200"),
    ],
)
def test_a_bad_value_is_a_400_that_names_key_value_and_fix(
    world: World, query: dict[str, Any], message: str
) -> None:
    status, text = world.refused("/api/mesh/suggest", **query)
    assert (status, message in text) == (400, True)
