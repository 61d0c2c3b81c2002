"""Gauges and rows of the destinations."""

import random

from proxy.contract import attributes
from proxy.contract.model import Endpoint
from proxy.contract.traffic import Answer
from proxy.routing.balancer import Balancer
from proxy.routing.breaker import THRESHOLD
from proxy.routing.router import Destination
from proxy.telemetry.gauges import EndpointGauges, endpoint_rows
from tests.proxy.rig import service


def test_nothing_open_is_told_once_and_then_no_more() -> None:
    reviews = Destination("reviews", Balancer(random.random))
    reviews.update(service("reviews", Endpoint("a:1"), Endpoint("b:1")))
    first, other = reviews.candidates
    other.sample(0.1, 0.5)  # used a moment ago, and nothing open
    gauges = EndpointGauges()
    assert gauges.read([reviews], 1.0) == []
    first.begin("one", 1.0)
    assert [gauge.value for gauge in gauges.read([reviews], 1.5)] == [1, 0.5]
    assert [gauge.value for gauge in gauges.read([reviews], 2.0)] == [1, 1.0]
    first.end("one")
    assert [gauge.value for gauge in gauges.read([reviews], 2.5)] == [0, 0.0]
    assert gauges.read([reviews], 3.0) == []


def test_open_requests_and_the_age_of_the_oldest_are_read_per_endpoint_in_use() -> None:
    reviews = Destination("reviews", Balancer(random.random))
    reviews.update(service("reviews", Endpoint("a:1"), Endpoint("b:1", healthy=False)))
    first, _ = reviews.candidates
    first.begin("one", 1.0)
    first.begin("two", 2.5)
    readings = {
        (gauge.name, gauge.attributes[attributes.ENDPOINT]): gauge.value
        for gauge in EndpointGauges().read([reviews], 3.0)
    }
    assert readings == {
        (attributes.CLIENT_ACTIVE, "a:1"): 2,
        (attributes.OLDEST_AGE, "a:1"): 2.0,
    }
    rows = endpoint_rows([reviews], 3.0)
    assert [(row["address"], row["healthy"], row["open"], row["oldest"]) for row in rows] == [
        ("a:1", True, 2, 2.0),
        ("b:1", False, 0, 0.0),
    ]


def test_what_is_avoided_is_reported_with_its_reason_until_it_is_not() -> None:
    reviews = Destination("reviews", Balancer(random.Random(1).random))
    reviews.update(service("reviews", Endpoint("a:1"), Endpoint("b:1"), percent=100))
    first, other = reviews.candidates
    reviews.balancer.observe(other, 0.02, False, 0.5)
    reviews.balancer.observe(first, 0.01, True, 1.0)
    gauges = EndpointGauges()

    def avoided(now: float) -> list[tuple[str, str]]:
        readings = gauges.read([reviews], now)
        return [
            (gauge.attributes[attributes.ENDPOINT], gauge.attributes[attributes.AVOIDANCE])
            for gauge in readings
            if gauge.name == attributes.AVOIDED
        ]

    assert avoided(1.1) == [("a:1", "failing")]
    row, sound = endpoint_rows([reviews], 1.1)
    assert row["avoided"] == "failing"
    assert str(row["reason"]).startswith("its last answer failed; tried again in ")
    assert (sound["avoided"], sound["reason"]) == ("", "")
    reviews.balancer.observe(first, 0.02, False, 3.0)
    assert avoided(3.1) == []
    reviews.balancer.observe(first, 1.0, False, 5.0)
    assert avoided(5.1) == [("a:1", "slow")]


def test_wrong_answers_and_too_much_load_are_reasons_of_their_own() -> None:
    reviews = Destination("reviews", Balancer(random.Random(1).random))
    reviews.update(service("reviews", Endpoint("a:1"), Endpoint("b:1"), percent=100))
    first, other = reviews.candidates
    for _ in range(20):
        reviews.balancer.observe(other, 0.02, False, 0.5, Answer.OK)
    seen: set[tuple[object, str]] = set()
    for _ in range(2 * THRESHOLD):
        reviews.balancer.observe(first, 0.001, False, 1.0, Answer.REFUSED)
        row = endpoint_rows([reviews], 1.0)[0]
        seen.add((row["avoided"], str(row["reason"]).partition(";")[0].partition(" after ")[0]))
    assert seen == {
        ("", ""),
        ("answers", "its last answer was a redirect or refusal that its peers do not give"),
        ("answers", "its breaker is open"),
    }
    reviews.balancer.observe(other, 0.001, False, 2.0, Answer.SHED, 3.0)
    row = endpoint_rows([reviews], 2.0)[1]
    assert (row["avoided"], row["reason"]) == (
        "load",
        "its last answer asked for less load; tried again in 3.0 s",
    )


def test_only_what_the_mesh_routes_is_avoided() -> None:
    for percent, healthy in ((0, True), (100, False)):
        reviews = Destination("reviews", Balancer(random.Random(1).random))
        reviews.update(service("reviews", Endpoint("a:1", healthy=healthy), percent=percent))
        (only,) = reviews.candidates
        reviews.balancer.observe(only, 0.01, True, 1.0)
        assert EndpointGauges().read([reviews], 1.1) == []


def test_every_endpoint_with_less_than_its_share_has_a_reason() -> None:
    reviews = Destination("reviews", Balancer(random.Random(1).random))
    given = (
        Endpoint("a:1", healthy=False),
        Endpoint("b:1", healthy=False, draining=True),
        Endpoint("c:1", weight=0.5),
        Endpoint("d:1"),
        Endpoint("e:1"),
    )
    reviews.update(service("reviews", *given, percent=100))
    for _ in range(THRESHOLD):
        reviews.balancer.observe(reviews.balancer.candidates["d:1"], 0.01, True, 1.0)
    assert [row["reason"] for row in endpoint_rows([reviews], 1.0)] == [
        "the mesh has ejected it",
        "it is leaving or not ready",
        "the mesh gives it weight 0.5",
        "its breaker is open after 5 failures in a row",
        "",
    ]
