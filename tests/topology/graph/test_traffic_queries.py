"""Traffic by window, service and time: every call once, whatever the question."""

from itertools import pairwise

import pytest

from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Protocol
from tests.topology.fleet import histogram
from topology.graph.call_attribution import Intake
from topology.graph.cells import Key, edges
from topology.graph.traffic_queries import Traffic
from topology.graph.window import SECONDS_KEPT, Window
from topology.model.samples import ConnectionSample, Side
from topology.registry.registry import Registry
from topology.spans.span_pairing import Pairing

NOW = 2000.0


class World:
    """A window, what is read of it, and what feeds opaque connections."""

    def __init__(self) -> None:
        self.window = Window(900, 100)
        self.intake = Intake(self.window, Pairing(10, 1000), Registry(10), 10)
        self.traffic = Traffic(self.window, self.intake)

    def called(self, source: str, target: str, at: float, count: int = 1, endpoint: str = "") -> None:
        key = Key(source, target, Protocol.HTTP, endpoint)
        self.window.add(key, histogram(*[0.1] * count), 0, at)


@pytest.fixture
def world() -> World:
    return World()


def test_a_window_counts_the_calls_of_its_seconds(world: World) -> None:
    world.called("a", "b", NOW - 5, 3)
    world.called("a", "b", NOW - 100, 7)
    (cell,) = world.traffic.counts(NOW, 60, edges).values()
    assert cell.histogram.count == 3
    (earlier,) = world.traffic.between(NOW - 200, NOW - 50).values()
    assert earlier.histogram.count == 7


def test_a_service_has_what_it_was_called_by_whom_and_where(world: World) -> None:
    world.called("a", "b", NOW - 1, 2, "1:80")
    world.called("c", "b", NOW - 1, 3, "2:80")
    world.called("b", "d", NOW - 1, 5)
    served = world.traffic.to_service(NOW, 60, "b")
    assert sum(cell.histogram.count for cell in served.values()) == 5
    assert {(key.source, key.endpoint) for key in served} == {("a", "1:80"), ("c", "2:80")}
    assert set(world.traffic.ends()) == {("a", "b"), ("c", "b"), ("b", "d")}


def test_a_series_and_a_distribution_can_be_of_a_service_a_path_or_an_endpoint(world: World) -> None:
    world.called("a", "b", NOW - 12, 2, "1:80")
    world.called("c", "b", NOW - 2, 3, "2:80")

    def total(**wanted: str) -> int:
        return sum(point.stats.count for point in world.traffic.series(NOW, 60, 5, **wanted))

    assert total(service="b") == 5
    assert total(source="a", target="b") == 2
    assert total(service="b", endpoint="2:80") == 3
    assert world.traffic.latency(NOW, 60, service="b").count == 5
    assert world.traffic.latency(NOW, 60, source="c").count == 3


def test_points_stand_at_their_steps_with_gaps_between(world: World) -> None:
    world.called("a", "b", NOW - 12, 4)
    points = world.traffic.series(NOW, 30, 10)
    assert [point.time for point in points] == [1970, 1980, 1990, 2000]
    assert [point.stats.count for point in points] == [0, 4, 0, 0]
    assert points[0].stats.success is None


def test_the_rate_of_the_last_point_is_that_of_its_part_of_the_step(world: World) -> None:
    world.called("a", "b", NOW + 3, 8)
    last = world.traffic.series(NOW + 4, 30, 10)[-1]
    assert (last.time, last.stats.count, last.stats.rate) == (NOW, 8, 2.0)


def test_a_long_window_has_steps_of_tens(world: World) -> None:
    points = world.traffic.series(NOW, SECONDS_KEPT + 1, 3)
    assert {after.time - before.time for before, after in pairwise(points)} == {10.0}


def test_opaque_connections_that_stand_are_counted_as_open(world: World) -> None:
    sample = ConnectionSample(Side.CLIENT, "a", "db:5432", "", "a-1", open=3, sent=10, received=20)
    world.intake.connections(sample, NOW - 1)
    (cell,) = (cell for key, cell in world.traffic.counts(NOW, 60, edges).items() if cell.open)
    assert cell.open == 3


def test_an_address_that_is_a_service_is_counted_under_its_name(world: World) -> None:
    assert world.intake.resolve("10.0.0.1:80") == "10.0.0.1:80"
    world.called("a", "10.0.0.1:80", NOW - 1, 2)
    ((key, _),) = world.traffic.counts(NOW, 60, edges).items()
    assert (key.source, key.target) == ("a", "10.0.0.1:80")
    assert ServiceId(key.target) == "10.0.0.1:80"
