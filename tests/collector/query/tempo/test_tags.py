"""Names and values that complete a query, as Tempo's clients ask for them."""

import pytest

from tests.collector.query.tempo.test_routes import shop
from tests.collector.query.world import World


def test_tags_and_their_values(world: World) -> None:
    shop(world)
    scopes = {each["name"]: each["tags"] for each in world.get("/api/v2/search/tags")["scopes"]}
    assert scopes["span"] == ["db.system", "http.response.status_code"]
    assert scopes["resource"] == ["service.name", "zone"]
    assert {"duration", "span:duration"} <= set(scopes["intrinsic"])
    assert world.get("/api/v2/search/tags", scope="span")["scopes"] == [
        {"name": "span", "tags": scopes["span"]}
    ]
    names = world.get("/api/search/tags")["tagNames"]
    assert {"zone", "db.system", "status"} <= set(names)
    assert "write one of resource, span" in world.refused("/api/search/tags", scope="x")[1]


@pytest.mark.parametrize(
    ("tag", "q", "kind", "values"),
    [
        ("resource.service.name", "", "string", ["frontend", "ratings", "reviews"]),
        (".http.response.status_code", "", "string", ["200", "500"]),
        (".http.response.status_code", "{ status = error }", "string", ["500"]),
        ("name", '{ resource.service.name = "ratings" }', "string", ["SELECT"]),
        ("name", "{ resource.service.name = ", "string", ["GET /", "GET /reviews", "SELECT"]),
        ("rootServiceName", "", "string", ["frontend"]),
        ("status", "", "keyword", ["ok", "error", "unset"]),
        ("span:id", "", "string", []),
        ("event.x", "", "string", []),
    ],
)
def test_values_of_a_tag(world: World, tag: str, q: str, kind: str, values: list[str]) -> None:
    shop(world)
    found = world.get(f"/api/v2/search/tag/{tag}/values", q=q)["tagValues"]
    assert sorted(each["value"] for each in found) == sorted(values)
    assert {each["type"] for each in found} <= {kind}


def test_values_in_the_older_form(world: World) -> None:
    shop(world)
    assert sorted(world.get("/api/search/tag/service.name/values")["tagValues"]) == [
        "frontend",
        "ratings",
        "reviews",
    ]
