"""Which dependency the graph points to."""

import re

import pytest

from tests.topology.fleet import Fleet, fine, histogram
from topology.graph import root_cause
from topology.graph.cells import Bucket, Cell, Key
from topology.model.samples import CallSample, Side


def calls(**edges: tuple[float, int]) -> Bucket:
    """``a_b=(latency, errors)``: ten calls from a to b."""
    return {
        Key(name.partition("_")[0], name.partition("_")[2]): Cell(histogram(*[latency] * 10), errors)
        for name, (latency, errors) in edges.items()
    }


QUIET = calls(web_shop=(0.05, 0), shop_stock=(0.01, 0), shop_cart=(0.01, 0), stock_db=(0.002, 0))


@pytest.mark.parametrize(
    ("now", "path", "words"),
    [
        (
            calls(web_shop=(0.5, 0), shop_stock=(0.4, 0), shop_cart=(0.01, 0), stock_db=(0.39, 0)),
            ["stock", "db"],
            "points to db, which takes 390 ms instead of 2 ms (by way of shop -> stock)",
        ),
        (
            calls(web_shop=(0.05, 9), shop_stock=(0.01, 0), shop_cart=(0.01, 8), stock_db=(0.002, 0)),
            ["cart"],
            "points to cart, which fails 8 of 10 calls",
        ),
        (
            calls(web_shop=(0.5, 0), shop_stock=(0.01, 0), shop_cart=(0.011, 0), stock_db=(0.002, 0)),
            [],
            "look at shop itself",
        ),
        (calls(web_shop=(0.5, 0)), [], "look at shop itself"),
    ],
)
def test_the_call_that_explains_it_is_followed_to_its_end(now: Bucket, path: list[str], words: str) -> None:
    told, evidence = root_cause.cause("shop", now, QUIET)
    assert evidence.path == tuple(path)
    assert words in told


def test_calls_in_a_circle_end() -> None:
    now = calls(web_shop=(0.5, 0), shop_stock=(0.45, 0), stock_shop=(0.44, 0))
    assert root_cause.cause(
        "shop", now, calls(web_shop=(0.05, 0), shop_stock=(0.01, 0), stock_shop=(0.01, 0))
    )[1].path == ("stock",)


def test_when_all_endpoints_are_slow_none_is_ejected_and_the_dependency_is_named() -> None:
    fleet = Fleet(4, 4, 3.0)

    def run(seconds: int, latency: float) -> list[str]:
        said = []
        for _ in range(seconds * 2):
            sample = CallSample(Side.CLIENT, "b", "db:5432", "b0", histogram(*[latency * 0.8] * 5), 0)
            fleet.engine.calls([sample], fleet.now)
            made = fleet.run(0.5, lambda r, e, t: (latency, False) if latency else fine(r, e, t))
            assert [each for each in made if each.kind == "eject"] == []
            said += [each.reason for each in made if each.kind == "hold"]
        return said

    assert run(30, 0.02) == []
    (hold,) = run(10, 0.4)
    # As soon as most are: the windows of the endpoints do not begin at one moment.
    assert re.match("[34] of 4 endpoints are slow", hold)
    assert "the graph points to db:5432, which takes" in hold
