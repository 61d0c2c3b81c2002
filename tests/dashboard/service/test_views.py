"""The parts of the service page: chips, numbers, neighbours and operations with their traces."""

from typing import Any, cast

from dashboard.service import views
from proxy.contract.api.graph import Neighbour, Operation, ServicePage
from tests.dashboard.made import node, stats
from tests.dashboard.text import hrefs, words


def page(count: int = 600, operations: tuple[Any, ...] = ()) -> ServicePage:
    return cast(ServicePage, {"service": "a b", "stats": stats(count), "operations": list(operations)})


def test_a_service_says_its_stage_sidecar_ejections_versions_and_zones() -> None:
    one = node("a", stage="route", percent=25, ejected=1, endpoints=3, versions=["v1"], zones=["eu"])
    assert words(views.about(one)) == "service route 25 % sidecar 1 of 3 endpoints ejected v1 eu"
    assert "no sidecar" in words(views.about(node("a", sidecar=False)))


def test_what_is_no_service_has_no_stage() -> None:
    assert words(views.about(node("db", kind="database"))) == "database"


def test_without_calls_there_is_a_way_on_and_no_tiles() -> None:
    assert "No calls of this service" in words(views.summary(page(0)))
    assert hrefs(views.summary(page(0))) == ["/"]
    assert "Rate 10 rps" in words(views.summary(page()))


def test_a_neighbour_leads_to_the_call_path_and_names_an_unusual_protocol() -> None:
    rows = [
        cast(Neighbour, {"name": "front", "protocol": "http", **stats()}),
        cast(Neighbour, {"name": "db", "protocol": "database", **stats()}),
    ]
    found = views.neighbours(rows, lambda name: f"/path/{name}")
    assert hrefs(found) == ["/path/front", "/path/db"]
    assert words(found).count("database") == 1
    assert words(views.neighbours([], str)) == "None in this time"


def test_an_operation_leads_to_its_traces() -> None:
    one = cast(Operation, {"name": "GET /x", "kind": "client", **stats()})
    found = views.operations(page(operations=(one,)))
    assert "client" in words(found)
    (href,) = hrefs(found)
    assert "operation=GET+%2Fx" in href
    assert "No spans of this service" in words(views.operations(page()))
