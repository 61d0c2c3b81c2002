"""Gauges and rows of the destinations."""

import random

from proxy.balancer import Balancer
from proxy.contract import attributes
from proxy.contract.model import Endpoint
from proxy.router import Destination
from proxy.vitals import destination_gauges, endpoint_rows
from tests.proxy.rig import service


def test_an_endpoint_just_left_is_still_reported() -> None:
    reviews = Destination("reviews", Balancer(random.random))
    reviews.update(service("reviews", Endpoint("a:1")))
    (only,) = reviews.candidates
    only.sample(0.1, 5.0)
    assert [gauge.value for gauge in destination_gauges([reviews], 6.0)] == [0, 0.0]
    assert destination_gauges([reviews], 60.0) == []


def test_open_requests_and_the_age_of_the_oldest_are_read_per_endpoint_in_use() -> None:
    reviews = Destination("reviews", Balancer(random.random))
    reviews.update(service("reviews", Endpoint("a:1"), Endpoint("b:1", healthy=False)))
    first, _ = reviews.candidates
    first.begin("one", 1.0)
    first.begin("two", 2.5)
    readings = {
        (gauge.name, gauge.attributes[attributes.ENDPOINT]): gauge.value
        for gauge in destination_gauges([reviews], 3.0)
    }
    assert readings == {
        (attributes.CLIENT_ACTIVE, "a:1"): 2, (attributes.OLDEST_AGE, "a:1"): 2.0,
    }
    rows = endpoint_rows([reviews], 3.0)
    assert [(row["address"], row["healthy"], row["open"], row["oldest"]) for row in rows] == [
        ("a:1", True, 2, 2.0), ("b:1", False, 0, 0.0),
    ]
