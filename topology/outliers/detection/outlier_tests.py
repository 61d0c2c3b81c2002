"""All tests of one service's endpoints against their peers, at one moment.

Four tests, over what several reporters measured: for failures, for answers that the peers do not give, for
latency and for stalls; and ``starved_test`` where reporters have too few calls for them. Each of the four
asks for the same four things:

- enough calls, and worse than an absolute floor;
- worse than the better half of the peers, by more than chance: when all are bad the cause is
  shared, and nothing is found;
- several reporters that see it, each of which sees its other endpoints do better (a reporter
  with a bad network sees all of them fail);
- the same result with any one reporter left out.

Instead of the last two: one reporter that nobody contradicts and a second opinion confirms
(``second_opinion``). While that is missing the endpoint is a suspect, to be probed.
"""

from collections.abc import Mapping
from math import log2
from typing import Final

from topology.evidence.measurements import FRESH, Record
from topology.evidence.peer_tallies import ServiceTallies, of_reporter, usual
from topology.outliers.detection.answer_test import AnswerTest, answers_beyond
from topology.outliers.detection.failure_test import FailureTest
from topology.outliers.detection.finding import Finding, Trial
from topology.outliers.detection.latency_test import LatencyTest
from topology.outliers.detection.stall_test import StallTest
from topology.outliers.detection.starved_test import StarvedTest
from topology.settings import EngineSettings

# Seconds looked back, the shortest first: sudden failures show in the first, rare ones need the last.
WINDOWS: Final = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# Of the floor, at which the running failure rate is worth a proper look: it lags behind the windows, and a
# quick look may be wrong in one direction only.
_SCREENED: Final = 0.8


class OutlierTests:
    """The tests of one service at one moment."""

    def __init__(self, tallies: ServiceTallies, settings: EngineSettings) -> None:
        self._tallies = tallies
        self._usual = usual([record.screen for record in tallies.peer_records()])
        shares = [record.screen.shares() for record in tallies.peer_records() if record.screen.count]
        self._least = [min(each) for each in zip(*shares, strict=True)] or [0.0, 0.0, 0.0]
        self._odd, self._slow = _screened(settings)
        self.suspects: set[str] = set()
        """Endpoints that one reporter complains of, and nobody else knows about yet."""
        self._stalls = StallTest(tallies, settings, self.suspects)
        self._failures = FailureTest(tallies, settings, self.suspects)
        self._answers = AnswerTest(tallies, settings, self.suspects)
        self._latency = LatencyTest(tallies, settings, self.suspects)
        self._starved = StarvedTest(tallies, settings, self.suspects)

    def finding(self, endpoint: str, patience: float = 1.0) -> Finding | None:
        """Return what is wrong with the endpoint alone. ``patience`` below 1 asks for less evidence."""
        if not self._suspicious(endpoint):
            return self._starved.finding(endpoint, patience)
        # Stalls first: a stalled endpoint gives no answers, so the other tests would judge old calls.
        stalled = self._stalls.finding(endpoint, patience)
        if stalled is not None:
            return stalled
        # The first window that suffices wins, so that the reason names the time in which it really
        # happened.
        for seconds in WINDOWS:
            failing = self._failures.finding(endpoint, seconds, patience)
            found = failing or self._answers.finding(endpoint, seconds, patience)
            found = found or self._latency.finding(endpoint, seconds, patience)
            if found is not None:
                return found
        return self._starved.finding(endpoint, patience)

    def doubt(self, endpoint: str) -> Finding | None:
        """Return what speaks against the endpoint already, though it does not suffice to eject it."""
        return self._stalls.doubt(endpoint) or self._failures.doubt(endpoint)

    def trial(self, endpoint: str, since: float) -> Trial:
        """Return the endpoint's calls since then, as far back as measurements are kept.

        A reporter whose other endpoints fail as often says nothing about this one; its calls are left out.
        """
        seconds = min(WINDOWS[-1], max(0.0, self._tallies.now - since))
        own, peers = self._tallies.of(endpoint, seconds), self._tallies.of_peers(endpoint, seconds)
        count = errors = 0
        for name, tally in own.by_reporter.items():
            rest = of_reporter(peers, name)
            if not tally.errors or tally.failing > rest.failing:
                count += tally.count
                errors += tally.errors + answers_beyond(tally, rest)
        return Trial(count, errors, any(peer.total.count for peer in peers))

    def _suspicious(self, endpoint: str) -> bool:
        """True if the cheap running figures are worth a proper look."""
        record = self._tallies.records.get(endpoint)
        if record is None:
            return False
        screen = record.screen
        if screen.failing >= self._odd:
            return True
        if self._tallies.now - screen.late <= FRESH:
            return True
        if any(own - least >= self._odd for own, least in zip(screen.shares(), self._least, strict=True)):
            return True
        return screen.timed > 0 and screen.logs / screen.timed >= self._usual + self._slow


def quiet(records: Mapping[str, Record], settings: EngineSettings, now: float) -> bool:
    """True if nothing about a service is worth a proper look, by the running figures of every endpoint.

    Most services are quiet at most steps: this is what keeps a step cheap with thousands of endpoints.
    """
    floor, slow = _screened(settings)
    means, odd = [], []
    for record in records.values():
        screen = record.screen
        if (screen.errors and screen.errors >= floor * screen.count) or now - screen.late <= FRESH:
            return False
        own = record.own
        if (own.errors and own.errors >= floor * own.count) or now - record.avoided <= FRESH:
            return False
        odd.append(screen.shares())
        if screen.timed:
            mean = screen.logs / screen.timed
            means.append(mean)
            usual = record.baseline.logs
            if usual is not None and mean >= usual + slow:
                return False
    # An endpoint whose answers differ from another's, in any class.
    if any(max(shares) - min(shares) >= floor for shares in zip(*odd, strict=True)):
        return False
    # Against the fastest quarter, so that a service whose endpoints are mostly slow still gets a proper
    # look.
    return not means or max(means) < sorted(means)[(len(means) - 1) // 4] + slow


def _screened(settings: EngineSettings) -> tuple[float, float]:
    """Return the share of calls and the octaves of latency from which on a proper look is worth it."""
    # Half of the factor: running figures mix good and bad calls for seconds after an endpoint turned slow.
    return _SCREENED * (1 - settings.eject_success_below), log2(settings.slow_factor) / 2
