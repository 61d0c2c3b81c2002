"""What begins to stall is doubted before it is ejected, and what is urgent says so."""

import pytest

from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm
from tests.topology.fleet import Fleet, address, histogram
from topology.evidence.measurements import ALARM_AGAIN
from topology.model.samples import CallSample, OpenSample, Side


def opened(fleet: Fleet, endpoint: int, ages: dict[int, float]) -> list[str]:
    """Kinds of decisions when these reporters (by number) say that a request is open for so long."""
    for reporter, age in ages.items():
        fleet.engine.opens([OpenSample("a", "b", address(endpoint), f"a{reporter}", 1, age)], fleet.now)
    return [made.kind for made in fleet.engine.tick(fleet.now).decisions]


@pytest.mark.parametrize(
    ("ages", "kinds"),
    [
        ({0: 0.15, 1: 0.15}, ["probation"]),  # long before the quarter of a second that ejects
        ({0: 0.15}, []),  # one reporter alone
        ({0: 0.05, 1: 0.05}, []),
    ],
)
def test_two_who_wait_longer_than_any_answer_takes_are_enough_for_doubt(
    ages: dict[int, float], kinds: list[str]
) -> None:
    fleet = Fleet(4, 4, 2.0)
    fleet.run(20)
    assert opened(fleet, 2, ages) == kinds
    weights = [
        each.weight for each in fleet.engine.tick(fleet.now).snapshot.services[ServiceId("b")].endpoints
    ]
    assert weights == [1.0, 1.0, 0.01 if kinds else 1.0, 1.0]


def test_doubt_ends_when_answers_come() -> None:
    fleet = Fleet(4, 4, 2.0)
    fleet.run(20)
    opened(fleet, 2, {0: 0.15, 1: 0.15})
    kinds = [made.kind for made in fleet.run(12)]
    assert kinds == ["return"]


def test_a_first_failure_and_a_late_request_are_urgent_until_the_next_step() -> None:
    fleet = Fleet(4, 4, 2.0)
    fleet.run(10)
    engine = fleet.engine

    def fails(now: float) -> bool:
        sample = CallSample(Side.CLIENT, "a", "b", "a0", histogram(*[0.01] * 9), 9, address(1), Arm.ROUTED)
        engine.calls([sample], now)
        return engine.urgent

    assert not engine.urgent
    assert fails(fleet.now)
    engine.tick(fleet.now)
    assert not fails(fleet.now + 0.1)  # known already
    assert fails(fleet.now + ALARM_AGAIN)
    engine.tick(fleet.now)
    engine.opens([OpenSample("a", "b", address(2), "a0", 1, 0.2)], fleet.now)
    assert engine.urgent
