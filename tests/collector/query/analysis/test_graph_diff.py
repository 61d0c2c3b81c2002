"""Two windows of the graph: what changed is told with the figures of both, and nothing else is."""

from random import Random

from collector.query.analysis.graph_diff import difference
from collector.query.mesh.live_or_stored import EdgeKey, EdgeTraffic
from proxy.contract.histogram import Histogram
from proxy.contract.traffic import Protocol
from topology.graph.cells import Cell


def cell(count: int, errors: int = 0, took: float = 0.1) -> Cell:
    histogram = Histogram()
    for index in range(count):
        histogram.record(took * (1 + index % 10 / 10))
    return Cell(histogram, errors)


def key(source: str, target: str) -> EdgeKey:
    return source, target, Protocol.HTTP


def changes(before: Cell | None, after: Cell | None) -> list[str]:
    """Of the edge a to b between two windows of a minute."""
    one, other = ({key("a", "b"): each} if each else {} for each in (before, after))
    found = difference(EdgeTraffic(one, 60), EdgeTraffic(other, 60))
    told = [each["change"] for edge in found.edges for each in edge["changes"]]
    assert told == [each["change"] for service in found.services for each in service["changes"]]
    return told


def test_each_kind_of_change() -> None:
    assert changes(None, cell(100)) == ["appeared"]
    assert changes(cell(100), None) == ["vanished"]
    assert changes(cell(500, 2), cell(500, 60)) == ["broke"]
    assert changes(cell(500, 60), cell(500, 2)) == ["recovered"]
    assert changes(cell(500), cell(500, took=0.3)) == ["slowed"]
    assert changes(cell(500, took=0.3), cell(500)) == ["faster"]
    assert changes(cell(500), cell(500, 400, took=0.3)) == ["broke", "slowed"]


def test_what_chance_explains_is_not_told() -> None:
    assert changes(cell(500, 5), cell(500, 7)) == []
    assert changes(cell(500), cell(450)) == []
    assert changes(None, cell(3)) == []
    assert changes(cell(5), cell(5, 2, took=3)) == []
    assert changes(None, None) == []


def test_what_fails_at_once_is_not_faster() -> None:
    assert changes(cell(500), cell(500, 450, took=0.001)) == ["broke"]


def test_an_edge_too_many_to_be_sure_of_is_still_sure_when_alone() -> None:
    """The level is shared by all that is compared."""
    many = {key("a", f"s{index}"): cell(100) for index in range(500)}
    one = difference(EdgeTraffic({}, 60), EdgeTraffic({key("a", "b"): cell(9)}, 60))
    assert [edge["target"] for edge in one.edges] == ["b"]
    found = difference(EdgeTraffic(many, 60), EdgeTraffic({**many, key("a", "b"): cell(9)}, 60))
    assert found.edges == []
    assert found.compared["level"] < one.compared["level"]


def test_noise_on_a_large_graph_tells_of_nothing() -> None:
    rng = Random(7)

    def window() -> EdgeTraffic:
        cells = {}
        for index in range(400):
            histogram = Histogram()
            for _ in range(60):
                histogram.record(rng.lognormvariate(-4, 1))
            errors = sum(rng.random() < 0.05 for _ in range(60))
            cells[key(f"s{index % 20}", f"t{index}")] = Cell(histogram, errors)
        return EdgeTraffic(cells, 60)

    found = difference(window(), window())
    assert (found.edges, found.services) == ([], [])
    assert (found.compared["edges"], found.compared["services"]) == (400, 400)


def test_figures_of_both_windows_come_along_the_surest_first() -> None:
    before = EdgeTraffic({key("a", "b"): cell(500), key("b", "c"): cell(500)}, 60)
    after = EdgeTraffic({key("a", "b"): cell(250, 20), key("b", "c"): cell(500, 400)}, 30)
    found = difference(before, after)
    assert [edge["target"] for edge in found.edges] == ["c", "b"]
    told = found.edges[1]
    assert (told["before"]["rate"], told["after"]["rate"]) == (500 / 60, 250 / 30)
    assert (told["before"]["errors"], told["after"]["errors"]) == (0, 20)
    assert told["changes"][0]["difference"] == 0.08
    assert [service["name"] for service in found.services] == ["c", "b"]
