"""Names and values that complete a query, as Tempo's clients ask for them."""

import pytest

from tests.collector.query.tempo.test_routes import A, shop
from tests.collector.query.world import ONE, TWO, Span, World, insert


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


def test_values_have_the_types_by_which_searches_find_them(world: World) -> None:
    types = (
        '{"types":["span int code","span double share","span bool hit","span array tags","span bytes raw"]}'
    )
    attributes = {"code": "200", "share": "2", "hit": "true", "tags": '["a",7,2.5,true,null]', "raw": "AP/+"}
    text = Span(TWO, A, attributes={"code": "200", "share": "x"})
    rows = [Span(ONE, A, attributes=attributes).row() | {"OtlpFields": types}]
    rows.append(text.row() | {"OtlpFields": '{"types":[]}'})
    insert(world.database, "otel_traces", rows)

    def typed(tag: str, **query: str) -> set[tuple[str, str]]:
        found = world.get(f"/api/v2/search/tag/{tag}/values", **query)["tagValues"]
        return {(each["type"], each["value"]) for each in found}

    assert typed("span.hit") == typed(".hit", q="{ .code = 200 }") == {("bool", "true")}
    assert typed("span.code") == {("int", "200"), ("string", "200")}
    assert typed(".share") == {("float", "2"), ("string", "x")}
    assert typed("span.share", q="{ .hit }") == {("float", "2")}
    assert typed("span.tags") == {("string", "a"), ("int", "7"), ("float", "2.5"), ("bool", "true")}
    assert typed("span.code", start="1", end="2") == {("int", "200")}  # by its text, as no span is there
    assert typed("span.raw") == set()  # no value of a query is bytes


def test_only_whole_names_and_values_complete_a_query(world: World) -> None:
    long, longer = "n" * 300, "v" * 200
    world.spans(Span(ONE, A, service="kafka/orders", name=long, attributes={"path": longer, "short": "x"}))
    for tag, value in (("resource.service.name", "kafka/orders"), ("name", long), ("span.short", "x")):
        [found] = world.get(f"/api/v2/search/tag/{tag}/values")["tagValues"]
        assert found == {"type": "string", "value": value}
        assert world.get("/api/search", q=f'{{ {tag} = "{value}" }}')["traces"]
    assert world.get("/api/v2/search/tag/span.path/values")["tagValues"] == []
    assert world.get("/api/v2/search/tag/span.path/values", q="{ name != nil }")["tagValues"]
