"""Routes about the graph: parameters that several of them share."""

from proxy.contract.api import mesh_routes
from proxy.contract.api.parameters import Instant
from proxy.contract.api.routes import ROUTES


def test_windows_have_two_ends_that_say_what_they_are_when_absent() -> None:
    for route in ROUTES["topology"]:
        ends = [each for each in route.parameters if isinstance(each, Instant)]
        assert len(ends) in (0, 2, 4)
        assert all(each.absent for each in ends)


def test_series_and_latency_choose_calls_alike() -> None:
    calls = {"service", "source", "target", "endpoint"}
    for route in (mesh_routes.SERIES, mesh_routes.LATENCY):
        assert calls <= {each.name for each in route.parameters}


def test_the_stages_are_read_and_set_at_one_path() -> None:
    assert mesh_routes.STAGES.path == mesh_routes.SET_STAGE.path
    assert (mesh_routes.STAGES.method, mesh_routes.SET_STAGE.method) == ("GET", "PUT")
    assert mesh_routes.SET_STAGE.body
