"""Gauges and rows of the destinations."""

import random

from proxy.contract import attributes
from proxy.contract.model import Endpoint
from proxy.routing.balancer import Balancer
from proxy.routing.router import Destination
from proxy.telemetry.gauges import OpenGauges, endpoint_rows
from tests.proxy.rig import service


def test_nothing_open_is_told_once_and_then_no_more() -> None:
    reviews = Destination("reviews", Balancer(random.random))
    reviews.update(service("reviews", Endpoint("a:1"), Endpoint("b:1")))
    first, other = reviews.candidates
    other.sample(0.1, 0.5)  # used a moment ago, and nothing open
    gauges = OpenGauges()
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
        for gauge in OpenGauges().read([reviews], 3.0)
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
