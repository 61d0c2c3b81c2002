"""An endpoint's answers against what its peers answer the same callers."""

import pytest

from proxy.contract.decisions.evidence import AnswerComparison, Calls
from proxy.contract.decisions.kinds import FindingKind
from proxy.contract.model import EndpointState
from proxy.contract.traffic import Answer, Arm
from tests.topology.fleet import Fleet, address, histogram
from tests.topology.outliers.detection.tallies import NOW
from topology.evidence.measurements import INTERVAL, Record
from topology.evidence.peer_tallies import ServiceTallies
from topology.evidence.reporter_view import ReporterView
from topology.evidence.tally import Tally
from topology.model.decisions import Decision
from topology.model.samples import CallSample, Side
from topology.outliers.detection.answer_test import AnswerTest, answers_beyond
from topology.outliers.detection.finding import Finding
from topology.settings import EngineSettings

FINE = Tally(10)
WRONG = Tally(10, refusals=8)


def record(by_reporter: dict[str, Tally]) -> Record:
    """An endpoint whose reporters measured the same in each interval of the last five seconds."""
    found = Record()
    for step in range(9, -1, -1):
        for name, tally in by_reporter.items():
            found.reporters.setdefault(name, ReporterView()).add(tally, NOW - step * INTERVAL)
    return found


def tallies(*endpoints: dict[str, Tally]) -> ServiceTallies:
    names = "abcdefgh"[: len(endpoints)]
    records = {name: record(each) for name, each in zip(names, endpoints, strict=True)}
    return ServiceTallies(records, names, {}, NOW)


def finding(found: ServiceTallies, patience: float = 1.0) -> tuple[Finding | None, set[str]]:
    suspects: set[str] = set()
    return AnswerTest(found, EngineSettings(), suspects).finding("a", 2.5, patience), suspects


def both(tally: Tally) -> dict[str, Tally]:
    return {"r1": tally, "r2": tally}


def test_an_endpoint_that_alone_refuses_is_found_with_the_figures_of_all() -> None:
    found, suspects = finding(tallies(both(WRONG), both(FINE), both(FINE)))
    assert found is not None
    assert (found.kind, found.score, suspects) == (FindingKind.ANSWERS, 1.8, set())
    assert found.reason == (
        "a answered 80 of 100 requests with a refusal (4xx) in 2.5 s, its peers 0 % of those of the same "
        "callers; seen by 2 reporters"
    )
    calls = Calls(50, 40)
    assert found.grounds == AnswerComparison(
        2.5, 100, 80, 200, 0, {"r1": calls, "r2": calls}, ("b", "c"), "", "refused"
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Tally(10, redirects=10), "a redirect (3xx)"),
        (Tally(10, shed=10), "a request for less load (429)"),
        (Tally(10, refusals=3), "a refusal (4xx)"),
    ],
)
def test_the_class_does_not_matter(wrong: Tally, words: str) -> None:
    found, _ = finding(tallies(both(wrong), both(FINE), both(FINE)))
    assert found is not None
    assert words in found.reason


def test_what_refuses_among_redirects_is_found_too() -> None:
    redirected = both(Tally(10, redirects=10))
    assert finding(tallies(both(Tally(10, refusals=10)), redirected, redirected))[0] is not None


@pytest.mark.parametrize(
    "endpoints",
    [
        [both(WRONG), both(WRONG), both(WRONG)],  # a scan: all answer alike
        [both(WRONG)],  # nothing to compare with
        [both(Tally(10, shed=5)), both(FINE), both(FINE)],  # load: it gets less weight
        [{"r1": WRONG, "r2": FINE}, {"r1": WRONG, "r2": FINE}],  # a caller without credentials
        [{"r1": WRONG}, {"r2": FINE}, {"r2": FINE}],  # one that calls nobody else
        [{"collector x": WRONG, "collector y": WRONG}, {"collector x": FINE, "collector y": FINE}],
    ],
)
def test_what_is_not_the_endpoints_alone_is_not_found(endpoints: list[dict[str, Tally]]) -> None:
    assert finding(tallies(*endpoints)) == (None, set())


def test_callers_of_one_kind_at_one_endpoint_are_compared_with_themselves() -> None:
    """Nine of ten calls to the endpoint are those of a caller that is refused everywhere."""
    bad, few = Tally(90, refusals=90), Tally(10, refusals=10)
    mostly_bad = {"r1": bad, "r2": Tally(10)}
    assert finding(tallies(mostly_bad, {"r1": few, "r2": Tally(90)}, {"r1": few, "r2": Tally(90)}))[0] is None


def test_a_lone_reporter_is_believed_once_the_endpoints_own_sidecar_says_the_same() -> None:
    lone = tallies({"r1": WRONG}, {"r1": FINE}, {"r1": FINE})
    assert finding(lone) == (None, {"a"})
    lone.records["a"].served.add(Tally(10, refusals=8), NOW)
    found, suspects = finding(lone)
    assert found is not None
    assert suspects == set()
    assert found.reason.endswith("seen by 1 reporter, and its own sidecar counted 8 of 10 such answers")
    contradicted = tallies({"r1": WRONG, "r2": FINE}, both(FINE), both(FINE))
    contradicted.records["a"].served.add(Tally(10, refusals=8), NOW)
    assert finding(contradicted)[0] is None


def test_answers_count_as_failures_where_the_peers_hardly_give_them() -> None:
    assert answers_beyond(WRONG, FINE) == 8
    assert answers_beyond(WRONG, WRONG) == 0
    assert answers_beyond(WRONG, Tally()) == 0


def play(fleet: Fleet, seconds: float, answer: Answer, arm: Arm, wrong: tuple[int, ...]) -> list[Decision]:
    """Every reporter calls every endpoint once in half a second, in 40 ms; the wrong ones answer at once."""
    made: list[Decision] = []
    for _ in range(round(seconds * 2)):
        fleet.now += 0.5
        for reporter in range(fleet.reporters):
            for endpoint in range(fleet.endpoints):
                odd = endpoint in wrong
                taken, given = histogram(0.0007 if odd else 0.04), answer if odd else Answer.OK
                sample = CallSample(
                    Side.CLIENT, "a", "b", f"a{reporter}", taken, 0, address(endpoint), arm, answer=given
                )
                fleet.engine.calls([sample], fleet.now)
        made += [each for each in fleet.engine.tick(fleet.now).decisions if each.kind != "register"]
    return made


@pytest.mark.parametrize("answer", [Answer.REFUSED, Answer.REDIRECT])
def test_the_engine_ejects_it_and_says_so_and_keeps_it_out_while_it_is_wrong(answer: Answer) -> None:
    fleet = Fleet(3, 4)
    made = play(fleet, 60, answer, Arm.ROUTED, wrong=(0,))
    assert {each.endpoint for each in made if each.kind == "eject"} == {address(0)}
    assert not [each for each in made if each.kind in ("return", "weight")]
    [view] = [each for each in fleet.view() if each.state is not EndpointState.HEALTHY]
    assert view.address == address(0)
    assert answer.words in view.reason or "on probation" in view.reason


def test_what_the_application_chose_is_not_held_against_an_endpoint() -> None:
    assert play(Fleet(3, 4), 30, Answer.REFUSED, Arm.DIRECT, wrong=(0,)) == []


def test_answers_that_all_endpoints_give_change_nothing() -> None:
    assert play(Fleet(3, 4), 30, Answer.REFUSED, Arm.ROUTED, wrong=(0, 1, 2)) == []


@pytest.mark.parametrize("wrong", [(0,), (0, 1, 2, 3)])
def test_quick_answers_that_no_status_tells_raise_no_weight(wrong: tuple[int, ...]) -> None:
    fleet = Fleet(11, 4)
    play(fleet, 60, Answer.OK, Arm.ROUTED, wrong)
    assert all(view.weight == 1.0 for view in fleet.view())
