"""The test of an endpoint's answers against what its peers answer the same callers.

A missing page, a caller without credentials or a scan is refused by every endpoint, and callers are not
alike. So each reporter is its own measure: what share of a class (redirects, refusals) its calls to the
peers have is expected of its calls to the endpoint. The endpoint differs when it gives more of the class
than that by more than chance, and by a floor and a margin, as with failures. A reporter that calls no peer
says nothing, and neither does a call whose endpoint the application chose (``Evidence.call``): it may keep
callers of one kind at one endpoint.

An endpoint that sheds load is given less (``weights``); one that sheds nearly all of it while its peers
do not serves nobody, and is tested like the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from proxy.contract.decisions.evidence import AnswerComparison, Calls
from proxy.contract.decisions.kinds import FindingKind
from proxy.contract.traffic import Answer
from topology.evidence.peer_tallies import EndpointTally, ServiceTallies, bounds, of_reporter
from topology.evidence.tally import Tally
from topology.outliers.detection import second_opinion
from topology.outliers.detection.finding import Finding, seen_by
from topology.settings import EngineSettings

_CLASSES: Final = (Answer.REDIRECT, Answer.REFUSED)
_SHEDS_ALL: Final = 0.9  # of its calls
_SHEDS_SURELY: Final = 0.75  # of its calls, beyond chance


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Calls and answers of one class, with what the same reporters' calls to the peers let expect."""

    count: int = 0
    given: int = 0
    expected: float = 0.0
    peer_count: int = 0

    @property
    def share(self) -> float:
        """The share of the class among the calls; 0 without calls."""
        return self.given / self.count if self.count else 0.0

    @property
    def peer_share(self) -> float:
        """The share that is expected of the calls; 0 without calls."""
        return self.expected / self.count if self.count else 0.0


class AnswerTest:
    """The test at one moment; ``suspects`` takes endpoints that one unconfirmed reporter complains of."""

    def __init__(self, tallies: ServiceTallies, settings: EngineSettings, suspects: set[str]) -> None:
        self._tallies = tallies
        self._settings = settings
        self._suspects = suspects
        floor = 1 - settings.eject_success_below
        self._floors = {Answer.REDIRECT: floor, Answer.REFUSED: floor, Answer.SHED: _SHEDS_ALL}

    def finding(self, endpoint: str, seconds: float, patience: float) -> Finding | None:
        """Return why the endpoint should be ejected, by the calls of the last ``seconds``."""
        own = self._tallies.of(endpoint, seconds)
        for answer, floor in self._floors.items():
            total = own.total
            # The cheapest conditions come first: the tallies of the peers are the costly part of a step.
            if total.of(answer) < self._settings.eject_failures * patience or total.share(answer) < floor:
                continue
            found = self._differs(endpoint, own, answer, seconds)
            if found is not None:
                return found
        return None

    def _differs(self, endpoint: str, own: EndpointTally, answer: Answer, seconds: float) -> Finding | None:
        peers = self._tallies.of_peers(endpoint, seconds)
        by_reporter = {
            name: (tally, rest)
            for name, tally in own.by_reporter.items()
            # Another collector's calls come without their classes.
            if not name.startswith(second_opinion.GROUP) and (rest := of_reporter(peers, name)).count
        }
        if not self._worse(by_reporter, answer, ""):
            return None
        floor = self._floors[answer]
        reporters = [
            name
            for name, (tally, rest) in by_reporter.items()
            if tally.share(answer) >= floor and tally.share(answer) > rest.share(answer)
        ]
        confirmed, worse = "", partial(self._worse, by_reporter, answer)
        if not second_opinion.agreed(reporters, own, peers, self._settings.eject_reporters, worse):
            confirmed = self._confirmed(endpoint, seconds, by_reporter, reporters, answer)
            if not confirmed:
                return None
        compared = _compare(by_reporter, answer, "")
        return self._found(endpoint, seconds, compared, by_reporter, reporters, confirmed, answer)

    def _worse(self, by_reporter: Mapping[str, tuple[Tally, Tally]], answer: Answer, left_out: str) -> bool:
        compared, floor = _compare(by_reporter, answer, left_out), self._floors[answer]
        if compared.given < 2 or compared.share - compared.peer_share < floor:
            return False
        margin = 0.0 if left_out else self._settings.eject_margin
        least = bounds(compared.given, compared.count)[0]
        # By chance alone an endpoint that sheds half of its load sheds five requests in a row.
        if answer is Answer.SHED and least < _SHEDS_SURELY:
            return False
        expected = compared.peer_share * compared.peer_count
        return least > bounds(expected, compared.peer_count)[1] + margin

    def _confirmed(
        self,
        endpoint: str,
        seconds: float,
        by_reporter: Mapping[str, tuple[Tally, Tally]],
        reporters: Sequence[str],
        answer: Answer,
    ) -> str:
        """Return who confirms too few reporters; empty when nobody does, or others contradict them."""
        rest = _compare(
            {name: each for name, each in by_reporter.items() if name not in reporters}, answer, ""
        )
        compared, floor = _compare(by_reporter, answer, ""), self._floors[answer]
        denied = rest.count >= second_opinion.CONTRADICTED and rest.share < floor
        if compared.share < second_opinion.PLAINLY or denied or not reporters:
            return ""
        record = self._tallies.records[endpoint]
        confirmed = second_opinion.answers(record, seconds, answer, floor, self._tallies.now)
        if not confirmed:
            self._suspects.add(endpoint)
        return confirmed

    def _found(
        self,
        endpoint: str,
        seconds: float,
        compared: _Comparison,
        by_reporter: Mapping[str, tuple[Tally, Tally]],
        reporters: Sequence[str],
        confirmed: str,
        answer: Answer,
    ) -> Finding:
        reason = (
            f"{endpoint} answered {compared.given} of {compared.count} requests with {answer.words} in "
            f"{seconds:g} s, its peers {100 * compared.peer_share:.0f} % of those of the same callers; "
            f"{seen_by(reporters, confirmed)}"
        )
        grounds = AnswerComparison(
            seconds,
            compared.count,
            compared.given,
            compared.peer_count,
            round(compared.peer_share * compared.peer_count),
            {name: Calls(by_reporter[name][0].count, by_reporter[name][0].of(answer)) for name in reporters},
            self._tallies.peers_of(endpoint),
            confirmed,
            answer.value,
        )
        # Like an endpoint that fails: its users get nothing of what they want.
        return Finding(endpoint, FindingKind.ANSWERS, 1 + compared.share, reason, grounds)


def _compare(by_reporter: Mapping[str, tuple[Tally, Tally]], answer: Answer, left_out: str) -> _Comparison:
    """Return the calls of all reporters but one: the endpoint's, and what those to its peers let expect."""
    count = given = peer_count = 0
    expected = 0.0
    for name, (tally, rest) in by_reporter.items():
        if name != left_out:
            count += tally.count
            given += tally.of(answer)
            expected += tally.count * rest.share(answer)
            peer_count += rest.count
    return _Comparison(count, given, expected, peer_count)


def answers_beyond(own: Tally, rest: Tally) -> int:
    """Return how many answers of a reporter's calls are failures: of classes it hardly gets elsewhere."""
    if not rest.count:
        return 0
    return sum(own.of(answer) for answer in _CLASSES if own.share(answer) > 2 * rest.share(answer))
