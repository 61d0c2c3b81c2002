"""Two services of one name: each is listed, found and changed by itself, by what people write."""

import asyncio
import json
from typing import Any

import pytest

from collector.query.bounded_reader import BoundedReader
from collector.query.errors import BadValueError
from collector.query.service_directory import ServiceDirectory
from proxy.contract.service_id import ServiceId
from tests.collector.query.world import NOW, NOW_US, Span, World

A, B = "b7ad6b7169203331", "b7ad6b7169203332"
SHOP, OPS, MAIL = ServiceId("shop/reviews"), ServiceId("ops/reviews"), ServiceId("shop/mail")
PAST = {"start": NOW_US - 600_000_000, "end": NOW_US - 30_000_000}


def spans(world: World, *services: ServiceId) -> None:
    """A trace of one span for each service, a minute ago."""
    world.spans(
        *(
            Span(
                f"{number + 1:032x}",
                A,
                service=service.name,
                name=f"GET /{service.namespace}",
                kind="Server",
                at=60.0 + number,
                resource={"service.namespace": service.namespace} if service.namespace else {},
            )
            for number, service in enumerate(services)
        )
    )


def test_one_namespace_need_not_be_seen(world: World) -> None:
    spans(world, SHOP, MAIL)
    world.join("reviews", 15006, namespace="shop")
    world.step()
    assert world.get("/api/services")["data"] == ["mail", "reviews"]
    [node] = world.get("/api/mesh/services")["services"]
    assert (node["name"], node["namespaces"]) == ("reviews", ["shop"])
    for text in ("reviews", "shop/reviews"):
        assert len(world.get("/api/traces", service=text)["data"]) == 1
        assert world.get(f"/api/services/{text.replace('/', '%2F')}/operations")["data"] == ["GET /shop"]
        [endpoint] = world.get("/api/mesh/endpoints", service=text)["endpoints"]
        assert endpoint["service"] == "reviews"
        body = json.dumps({"service": text, "stage": "route", "percent": 50}).encode()
        status, reply = world.ask("PUT", "/api/mesh/stages", {}, body)
        assert (status, json.loads(reply)["service"]) == (200, "reviews")


def test_two_services_of_one_name_are_two_in_every_list(world: World) -> None:
    spans(world, SHOP, OPS, MAIL)
    world.join("reviews", 15006, namespace="shop")
    world.join("reviews", 15008, namespace="ops")
    world.step()
    both = ["ops/reviews", "shop/reviews"]
    assert world.get("/api/services")["data"] == ["mail", *both]
    assert [node["name"] for node in world.get("/api/mesh/services")["services"]] == both
    endpoints = world.get("/api/mesh/endpoints")["endpoints"]
    assert [(each["service"], each["address"]) for each in endpoints] == [
        ("ops/reviews", "127.0.0.1:15008"),
        ("shop/reviews", "127.0.0.1:15006"),
    ]
    [one] = world.get("/api/mesh/endpoints", service="ops/reviews")["endpoints"]
    assert one["address"] == "127.0.0.1:15008"
    [trace] = world.get("/api/traces", service="ops/reviews")["data"]
    assert [span["operationName"] for span in trace["spans"]] == ["GET /ops"]
    lines = world.get("/api/mesh/search", service="shop/reviews", lookback="1h")["traces"]
    assert [(line["rootService"], line["rootOperation"]) for line in lines] == [("shop/reviews", "GET /shop")]
    [line] = world.get("/api/mesh/search", service="mail", lookback="1h")["traces"]
    assert (line["rootService"], line["services"]) == ("mail", ["mail"])
    assert world.get("/api/operations", service="shop/reviews")["data"] == [
        {"name": "GET /shop", "spanKind": "server"}
    ]
    body = json.dumps({"service": "ops/reviews", "stage": "route", "percent": 10}).encode()
    assert world.ask("PUT", "/api/mesh/stages", {}, body)[0] == 200
    stages = world.get("/api/mesh/stages")["stages"]
    assert [(each["service"], each["percent"]) for each in stages] == [
        ("ops/reviews", 10),
        ("shop/reviews", 0),
    ]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/traces", {"service": "reviews"}),
        ("/api/operations", {"service": "reviews"}),
        ("/api/services/reviews/operations", {}),
        ("/api/v3/traces", {"query.serviceName": "reviews"}),
        ("/api/mesh/search", {"service": "reviews"}),
        ("/api/mesh/endpoints", {"service": "reviews"}),
        ("/api/mesh/series", {"source": "web", "target": "reviews"}),
        ("/api/mesh/decisions", {"service": "reviews"}),
        ("/api/mesh/service/reviews", {}),
    ],
)
def test_a_plain_name_that_two_have_is_refused_with_both(
    world: World, path: str, query: dict[str, Any]
) -> None:
    spans(world, SHOP, OPS)
    world.join("reviews", 15006, namespace="shop")
    world.join("reviews", 15008, namespace="ops")
    status, message = world.refused(path, **query)
    assert status == 400
    assert "write one of ops/reviews, shop/reviews" in message


def test_a_stage_is_changed_of_one_service_only(world: World) -> None:
    world.join("reviews", 15006, namespace="shop")
    world.join("reviews", 15008, namespace="ops")
    body = json.dumps({"service": "reviews", "stage": "advise"}).encode()
    status, message = world.refused("/api/mesh/stages", "PUT", body)
    assert (status, "ops/reviews, shop/reviews" in message) == (400, True)


def test_what_was_stored_without_a_namespace_is_no_further_service(world: World) -> None:
    async def run() -> None:
        spans(world, ServiceId("reviews"), OPS, ServiceId("web"))
        directory = ServiceDirectory(BoundedReader(world.reader), lambda: [OPS], lambda: float(NOW))
        assert await directory.known() == {OPS, "web"}
        assert await directory.stored_name("reviews") == "reviews"

    asyncio.run(run())


def test_a_plain_name_may_be_the_one_without_a_namespace(world: World) -> None:
    async def run() -> None:
        spans(world, ServiceId("reviews"), OPS, SHOP)
        directory = ServiceDirectory(BoundedReader(world.reader), list, lambda: float(NOW))
        assert await directory.stored_name("reviews") == "/reviews"
        assert await directory.stored_name("shop/reviews") == "shop/reviews"
        assert await directory.stored_name("web") == "web"
        unclear = ServiceDirectory(BoundedReader(world.reader), lambda: [SHOP, OPS], lambda: float(NOW))
        assert await unclear.stored_name("reviews") == "/reviews"

    asyncio.run(run())


def test_a_name_in_two_namespaces_is_unclear(world: World) -> None:
    async def run() -> None:
        directory = ServiceDirectory(BoundedReader(world.reader), lambda: [SHOP, OPS], lambda: float(NOW))
        with pytest.raises(BadValueError, match="write one of ops/reviews, shop/reviews"):
            await directory.stored_name("reviews")

    asyncio.run(run())


def test_metrics_of_spans_are_of_the_service_that_was_named(world: World) -> None:
    spans(world, SHOP, OPS, MAIL)
    asked = {"lookback": 3_600_000, "step": 3_600_000, "endTs": NOW_US // 1000}
    found = world.get("/api/metrics/calls", service="ops/reviews", **asked)["metrics"]
    assert [each["labels"] for each in found] == [[{"name": "service_name", "value": "ops/reviews"}]]
    found = world.get("/api/metrics/calls", service="mail", **asked)["metrics"]
    assert [each["labels"] for each in found] == [[{"name": "service_name", "value": "mail"}]]


def test_dependencies_have_the_names_that_lists_have(world: World) -> None:
    world.join("reviews", 15006, namespace="shop")
    world.hear("shop/mail", "shop/reviews", 10, 5, endpoint="127.0.0.1:15006")
    window = {"endTs": NOW_US // 1000, "lookback": 60_000}
    link = {"parent": "mail", "child": "reviews", "callCount": 5}
    assert world.get("/api/dependencies", **window)["data"] == [link]
    for text in ("reviews", "shop/reviews"):
        assert world.get("/api/dependencies", service=text, **window)["data"] == [link]
    assert world.get("/api/dependencies", service="other", **window)["data"] == []


@pytest.mark.parametrize("text", ["Reviews", "reviews", "REVIEWS", "shop/reviews", "SHOP/Reviews"])
def test_a_service_is_found_in_any_case_by_every_api(world: World, text: str) -> None:
    spans(world, ServiceId("Shop/Reviews"), MAIL)
    world.join("reviews", 15006, namespace="shop")
    world.step()
    assert len(world.get("/api/traces", service=text)["data"]) == 1
    assert len(world.get("/api/mesh/search", service=text, lookback="1h")["traces"]) == 1
    within = {"query.startTimeMin": "2001-09-09T00:00:00Z", "query.startTimeMax": "2033-05-18T05:00:00Z"}
    found = world.get("/api/v3/traces", **{"query.serviceName": text}, **within)
    assert len(found["result"]["resourceSpans"]) == 1
    [operation] = world.get("/api/operations", service=text)["data"]
    assert operation["name"] == "GET /Shop"
    assert world.get(f"/api/services/{text.replace('/', '%2F')}/operations")["data"] == ["GET /Shop"]
    [endpoint] = world.get("/api/mesh/endpoints", service=text)["endpoints"]
    assert endpoint["service"] == "reviews"
