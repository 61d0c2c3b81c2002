"""One step of one service: which endpoint goes out, on probation, or back.

    healthy --finding--> ejected --time is up--> probation --proved itself--> healthy
                            ^_________finding, or failed trial____/

The cap is what the others can carry, and never all. A share of the endpoints may go at once if
the rest has carried such a load before; beyond that they go one after the other, for as long as
the rest bears it well. When it does not, one comes back at once and so many stay in for a while.
Past the cap, and when all endpoints are bad, the machine holds and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from proxy.contract.decisions.evidence import (
    Dependency,
    Ejection,
    Evidence,
    FailedProbe,
    Grounds,
    Hold,
    Probation,
    Return,
)
from proxy.contract.decisions.kinds import FindingKind, HoldKind
from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from topology.evidence.measurements import INTERVAL, Probed
from topology.model import Decision
from topology.outliers.finding import Finding, Trial
from topology.settings import EngineSettings

# Between two ejections beyond what is known to be bearable: the others' next reports tell.
PACE: Final = 0.5
# After an ejection, until its effect on the others may be judged; and how long a lesson is kept.
RELIEF: Final = 2.0
BEARABLE: Final = 60.0
# Seconds before an ejection is over in which a probe tells whether its cause lasts.
PROBE_LEAD: Final = 1.75
_PACED: Final = "paced"
_FINE: Final = EndpointState.HEALTHY
_WORDS: Final = {
    FindingKind.FAILURES: "failing",
    FindingKind.LATENCY: "slow",
    FindingKind.STALL: "stalled",
}


@dataclass(slots=True)
class Health:
    """One endpoint. ``since`` is when it came into its state, ``until`` when an ejection ends."""

    state: EndpointState = EndpointState.HEALTHY
    since: float = 0.0
    until: float = 0.0
    times: int = 0
    reason: str = ""
    proved: bool = False  # on probation: a call succeeded
    kind: FindingKind | None = None  # of the finding it was last ejected for
    doubted: bool = False  # on probation though it was never ejected for it
    score: float = 0.0


@dataclass(slots=True)
class History:
    """What was decided about one service, and how far the others bore it."""

    healths: dict[str, Health] = field(default_factory=dict)
    holding: HoldKind | None = None
    moved: float = float("-inf")  # when something was last ejected, or brought back for relief
    burst: int = 0  # how many may go in one step beyond what is known to fit
    budget: int = 0  # of these, not used yet
    bearable: int = 0  # ejections the others could bear, known until ``bearable_until``
    bearable_until: float = 0.0


class Case(Protocol):
    """What there is to say of a service at one moment."""

    def finding(self, endpoint: str, patience: float) -> Finding | None:
        """What is wrong with an endpoint; less evidence is asked for on probation (patience below 1)."""

    def doubt(self, endpoint: str) -> Finding | None:
        """What speaks against an endpoint already, though it does not suffice to eject it."""

    def probe(self, endpoint: str) -> Probed | None:
        """Have the endpoint asked directly; what came of it when that was last done."""

    def trial(self, endpoint: str, since: float) -> Trial:
        """What came of its calls on probation."""

    def room(self, survivors: Sequence[str]) -> str:
        """Why these are not known to carry the whole load; empty when they are."""

    def strain(self, survivors: Sequence[str]) -> str:
        """What shows that these bear more than they can; empty when they do not."""

    def shared_failure(self) -> str:
        """A sentence for a failure that all endpoints share; empty when there is none."""

    def shared_slowness(self) -> str:
        """The same when all have become slow."""

    def cause(self) -> tuple[str, Dependency]:
        """Return the dependency the graph points to, in words and as evidence."""


def cap(available: int, share: float) -> int:
    """How many of so many endpoints may be ejected at once: a share, one of two or more, never all."""
    return 0 if available < 2 else min(available - 1, max(1, int(available * share)))


class Step:
    """One service at one tick, in the order of its methods down to ``hold_shared``."""

    def __init__(
        self,
        service: ServiceId,
        held: History,
        available: tuple[str, ...],
        case: Case,
        settings: EngineSettings,
        now: float,
    ) -> None:
        self._service = service
        self._held = held
        self._available = available
        self._case = case
        self._settings = settings
        self._now = now
        self._cap = cap(len(available), settings.eject_share)
        self._blocked = False
        self.decisions: list[Decision] = []

    def time_is_up(self) -> None:
        for endpoint, health in self._held.healths.items():
            if health.state is EndpointState.EJECTED and self._now >= health.until - PROBE_LEAD:
                if self._now < health.until:
                    self._silent(endpoint, health)
                    continue
                finding = self._silent(endpoint, health) or self._case.finding(endpoint, 1.0)
                if finding is not None:
                    self._eject(endpoint, finding, "still bad: ")
                else:
                    self._probation(endpoint, health, "its time is up and nothing speaks against it")
            elif health.state is EndpointState.HEALTHY and self._forgiven(health):
                health.times, health.since = health.times - 1, self._now

    def _silent(self, endpoint: str, health: Health) -> Finding | None:
        """What a probe found at the end of an ejection: to see that its cause lasts costs no user's request.

        After the longest time it gets its trial whatever probes say.
        """
        long = health.until - health.since >= self._settings.eject_seconds_max
        if health.kind is FindingKind.LATENCY or long:
            return None
        probed = self._case.probe(endpoint)
        if probed is None or probed.ok or probed.at < health.until - PROBE_LEAD:
            return None
        reason = f"{endpoint} does not answer a probe: {probed.detail}"
        return Finding(endpoint, FindingKind.STALL, health.score, reason, FailedProbe(probed.detail))

    def _forgiven(self, health: Health) -> bool:
        return health.times > 0 and self._now - health.since >= self._settings.eject_seconds_max

    def end_trials(self) -> None:
        for endpoint, health in self._held.healths.items():
            if health.state is not EndpointState.PROBATION:
                continue
            # What is reported right after a doubt came up is mostly from before.
            since = health.since + (INTERVAL if health.doubted else 0.0)
            seen, lasted = self._case.trial(endpoint, since), self._now - health.since
            health.proved = seen.passed
            due = lasted >= self._settings.slow_start
            if not health.doubted and seen.failed and not self._refusal(endpoint, self._serving(endpoint)):
                self._eject(endpoint, _failed_trial(endpoint, seen), "still bad: ")
            elif due and (seen.passed or not seen.busy or lasted >= self._settings.eject_seconds_max):
                health.state, health.since, health.reason = EndpointState.HEALTHY, self._now, ""
                self._say(f"{endpoint} is back at full weight", Return(seen.calls), endpoint)

    def relieve(self) -> None:
        """Bring one back when those that are left cannot bear what it left to them."""
        ejected = self._ejected()
        if not ejected or self._now - self._held.moved < RELIEF:
            return
        strain = self._case.strain(self._serving())
        if not strain:
            return
        healths = self._held.healths
        endpoint = min(ejected, key=lambda each: (healths[each].score, each))
        health = healths[endpoint]
        health.state, health.since, health.until = EndpointState.HEALTHY, self._now, 0.0
        self._held.moved = self._now
        self._held.bearable, self._held.bearable_until = len(ejected) - 1, self._now + BEARABLE
        left = len(ejected) - 1
        reason = f"{endpoint} is back before its time: {strain}; no more than {left} at once for now"
        self._say(reason, Return(ejected=left), endpoint)

    def judge(self) -> None:
        findings = []
        for endpoint in self._available:
            health = self._held.healths.get(endpoint)
            if health is not None and health.state is EndpointState.EJECTED:
                continue
            watched = health is not None and health.state is EndpointState.PROBATION
            finding = self._case.finding(endpoint, 0.6 if watched else 1.0)
            if finding is not None:
                findings.append(finding)
        found = {finding.endpoint for finding in findings}
        sound = [each for each in self._serving() if each not in found]
        for finding in sorted(findings, key=lambda found: (-found.score, found.endpoint)):
            why = self._refusal(finding.endpoint, sound or self._serving(finding.endpoint), finding.kind)
            if not why:
                self._eject(finding.endpoint, finding, "")
                continue
            self._blocked = True
            if why != _PACED:
                reason = f"{finding.endpoint} is {_WORDS[finding.kind]} too, but {why}; it stays in"
                self._hold(reason, Hold(HoldKind.CAP, finding.grounds))

    def doubt(self) -> None:
        """Little for one that seems to stall or to fail, until more is known; nothing where many seem to."""
        healths = self._held.healths
        out = [each for each in self._available if each in healths and healths[each].state is not _FINE]
        fresh = [found for each in self._available if each not in out and (found := self._case.doubt(each))]
        doubted = [each for each in out if healths[each].doubted]
        if not fresh:
            return
        if len(doubted) + len(fresh) > max(1, self._cap // 2):
            for endpoint in doubted:
                healths[endpoint].state, healths[endpoint].since = _FINE, self._now
                self._say(f"{endpoint} is back: its peers are no better", Return(), endpoint)
            return
        for found in fresh[: max(0, self._cap - len(out))]:
            health = healths.setdefault(found.endpoint, Health())
            health.kind, health.doubted = None, True
            self._probation(found.endpoint, health, found.reason, found.grounds)

    def _refusal(self, endpoint: str, sound: Sequence[str], kind: FindingKind = FindingKind.FAILURES) -> str:
        """Why this one may not be ejected now, given those nothing speaks against; empty when it may."""
        out, held = len(self._ejected()), self._held
        if out + 1 >= len(self._available):
            return "it is the last one" if len(self._available) > 1 else "it is the only one"
        if self._settings.eject_share == 0:
            return "ejection is turned off (eject_share 0)"
        if self._now < held.bearable_until and out >= held.bearable:
            return f"the others could not bear more than {held.bearable} ejected at once"
        strain = self._case.strain(sound)
        if strain:
            return strain
        crowded = self._case.room(self._serving(endpoint))
        if out < self._cap and not crowded:
            return ""
        if kind is FindingKind.LATENCY:  # it still serves: nothing is risked to be rid of it
            return crowded or f"{out} of {len(self._available)} are out already"
        return self._paced()

    def _paced(self) -> str:
        """Beyond what is known to be bearable: one, then two, four …, and a look at the others between."""
        held = self._held
        if self._now - held.moved >= PACE:
            held.burst = max(1, 2 * held.burst) if self._now - held.moved < RELIEF else 1
            held.budget = held.burst
        if not held.budget:
            return _PACED
        held.budget -= 1
        return ""

    def _serving(self, but: str = "") -> list[str]:
        out = set(self._ejected())
        return [each for each in self._available if each not in out and each != but]

    def keep_cap(self) -> None:
        """Endpoints that left can leave too many ejected ones behind: those due first come back."""
        for endpoint in sorted(self._ejected(), key=lambda key: self._held.healths[key].until):
            if len(self._ejected()) < len(self._available):
                return
            why = f"only {len(self._available)} endpoints are left"
            self._probation(endpoint, self._held.healths[endpoint], why)

    def hold_shared(self) -> None:
        if self._blocked:
            return
        kind, reason = HoldKind.SHARED_FAILURES, self._case.shared_failure()
        if not reason:
            kind, reason = HoldKind.SHARED_SLOWNESS, self._case.shared_slowness()
        if not reason:
            self._held.holding = None
        elif self._held.holding is not kind:
            pointed, dependency = self._case.cause()
            self._hold(f"{reason}; {pointed}", Hold(kind, cause=dependency))

    def _ejected(self) -> list[str]:
        healths = self._held.healths
        return [
            endpoint
            for endpoint in self._available
            if endpoint in healths and healths[endpoint].state is EndpointState.EJECTED
        ]

    def _eject(self, endpoint: str, finding: Finding, prefix: str) -> None:
        health = self._held.healths.setdefault(endpoint, Health())
        seconds = min(self._settings.eject_seconds * 2**health.times, self._settings.eject_seconds_max)
        health.state, health.since, health.until = EndpointState.EJECTED, self._now, self._now + seconds
        health.times = min(health.times + 1, 16)
        health.reason, health.kind, health.score = finding.reason, finding.kind, finding.score
        health.doubted = False
        self._held.moved = self._now
        reason = f"{prefix}{finding.reason}; out for {seconds:g} s"
        evidence = Ejection(finding.kind, seconds, health.until, finding.grounds, finding.collector)
        self._say(reason, evidence, endpoint)

    def _probation(self, endpoint: str, health: Health, why: str, grounds: Grounds | None = None) -> None:
        health.state, health.since, health.until = EndpointState.PROBATION, self._now, 0.0
        health.proved = False
        share = "hundredth" if health.doubted else "tenth"
        reason = f"{endpoint} is on probation at a {share} of its weight: {why}"
        self._say(reason, Probation(health.times, grounds), endpoint)

    def _hold(self, reason: str, evidence: Hold) -> None:
        if self._held.holding is not evidence.kind:
            self._held.holding = evidence.kind
            self._say(reason, evidence)

    def _say(self, reason: str, evidence: Evidence, endpoint: str = "") -> None:
        self.decisions.append(Decision(self._now, self._service, reason, evidence, endpoint))


def _failed_trial(endpoint: str, seen: Trial) -> Finding:
    reason = f"{endpoint} failed {seen.errors} of {seen.count} requests on probation"
    return Finding(endpoint, FindingKind.FAILURES, 1.0, reason, seen.calls)
