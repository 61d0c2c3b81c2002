"""Fleet ejection as a state machine over injected time: who is out, for how long, and why.

    healthy --finding--> ejected --time is up--> probation --proved itself--> healthy
                            ^_________finding, or failed trial____/

Ejections last ``eject_seconds`` doubled with every one that follows, up to a maximum. An
endpoint on probation gets little until a call succeeded, and returns when most calls did, or
when nobody calls the service or has called the endpoint for as long as an ejection lasts. No
service ever has more than a share of its available endpoints ejected, and never all: past the
cap, and when all endpoints are bad, the machine holds and says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from topology.compare import Finding, Trial
from topology.model import Decision, EndpointState
from topology.settings import EngineSettings

PROBATION_WEIGHT: Final = 0.1
# What is reported this long after an ejection may still be about requests from before it.
AFTERMATH: Final = 2.0
# When its time is up, only what an endpoint did this recently keeps it out.
LATELY: Final = 3.0
_WORDS: Final = {"failures": "failing", "latency": "slow", "stall": "stalled"}


@dataclass(slots=True)
class Health:
    """One endpoint. ``since`` is when it came into its state, ``until`` when an ejection ends."""

    state: EndpointState = EndpointState.HEALTHY
    since: float = 0.0
    until: float = 0.0
    times: int = 0
    reason: str = ""
    proved: bool = False  # on probation: a call succeeded


@dataclass(slots=True)
class _Service:
    healths: dict[str, Health] = field(default_factory=dict)
    holding: str = ""


def cap(available: int, share: float) -> int:
    """How many of so many endpoints may be ejected: a share, one of two or more, never all."""
    return 0 if available < 2 else min(available - 1, max(1, int(available * share)))


class Outliers:
    """Ejections of all services."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._services: dict[str, _Service] = {}

    def health(self, service: str, endpoint: str) -> Health:
        """State of an endpoint; a healthy one when nothing was ever decided about it."""
        held = self._services.get(service)
        return (held.healths.get(endpoint) if held else None) or Health()

    def healths(self, service: str) -> Mapping[str, Health]:
        """What was decided about a service's endpoints, by address."""
        held = self._services.get(service)
        return held.healths if held else {}

    def weight(self, service: str, endpoint: str, now: float) -> float:
        """Share of its weight an endpoint gets: rising in steps while on probation, else 1."""
        health = self.health(service, endpoint)
        if health.state is not EndpointState.PROBATION:
            return 1.0
        if not health.proved:
            return PROBATION_WEIGHT
        progress = min(1.0, max(0.0, now - health.since) / self._settings.slow_start)
        return round(PROBATION_WEIGHT + int(progress * 9) / 10, 1)

    def since(self, service: str) -> dict[str, float]:
        """From when on measurements count, by endpoint: not those from before its last change."""
        return {
            endpoint: max(health.since + AFTERMATH, health.until - LATELY)
            if health.state is EndpointState.EJECTED
            else health.since
            for endpoint, health in self.healths(service).items()
        }

    def forget(self, service: str, endpoint: str) -> None:
        """Another instance answers at this address now."""
        if service in self._services:
            self._services[service].healths.pop(endpoint, None)

    def step(
        self, service: str, present: Sequence[str], available: Sequence[str],
        find: Callable[[str, float], Finding | None], trial: Callable[[str], Trial],
        shared: Callable[[], str], now: float,
    ) -> list[Decision]:
        """Move one service on.

        ``find`` gives what is wrong with an endpoint, asked with a patience (1, or less on
        probation); ``trial`` what came of its calls on probation; ``shared`` the sentence for a
        failure all endpoints share, or nothing.
        """
        held = self._services.setdefault(service, _Service())
        for endpoint in [key for key in held.healths if key not in present]:
            del held.healths[endpoint]
        step = _Step(service, held, tuple(available), self._settings, now)
        step.time_is_up(find)
        step.end_trials(trial)
        step.judge(find)
        step.keep_cap()
        step.hold_shared(shared)
        return step.decisions


class _Step:
    """One service at one tick."""

    def __init__(
        self, service: str, held: _Service, available: tuple[str, ...], settings: EngineSettings, now: float
    ) -> None:
        self._service = service
        self._held = held
        self._available = available
        self._settings = settings
        self._now = now
        self._cap = cap(len(available), settings.eject_share)
        self._blocked = False
        self.decisions: list[Decision] = []

    def time_is_up(self, find: Callable[[str, float], Finding | None]) -> None:
        for endpoint, health in self._held.healths.items():
            if health.state is EndpointState.EJECTED and self._now >= health.until:
                finding = find(endpoint, 1.0)
                if finding is not None:
                    self._eject(endpoint, finding, "still bad: ")
                else:
                    self._probation(endpoint, health, "its time is up and nothing speaks against it")
            elif health.state is EndpointState.HEALTHY and self._forgiven(health):
                health.times, health.since = health.times - 1, self._now

    def _forgiven(self, health: Health) -> bool:
        return health.times > 0 and self._now - health.since >= self._settings.eject_seconds_max

    def end_trials(self, trial: Callable[[str], Trial]) -> None:
        for endpoint, health in self._held.healths.items():
            if health.state is not EndpointState.PROBATION:
                continue
            seen, lasted = trial(endpoint), self._now - health.since
            health.proved = seen.passed
            due = lasted >= self._settings.slow_start
            if seen.failed and (due or seen.errors > 1) and len(self._ejected()) < self._cap:
                self._eject(endpoint, _failed_trial(endpoint, seen), "still bad: ")
            elif due and (seen.passed or not seen.busy or lasted >= self._settings.eject_seconds_max):
                health.state, health.since, health.reason = EndpointState.HEALTHY, self._now, ""
                evidence = {"count": seen.count, "errors": seen.errors}
                self._say("return", f"{endpoint} is back at full weight", endpoint, evidence)

    def judge(self, find: Callable[[str, float], Finding | None]) -> None:
        findings = []
        for endpoint in self._available:
            health = self._held.healths.get(endpoint)
            if health is not None and health.state is EndpointState.EJECTED:
                continue
            watched = health is not None and health.state is EndpointState.PROBATION
            finding = find(endpoint, 0.6 if watched else 1.0)
            if finding is not None:
                findings.append(finding)
        for finding in sorted(findings, key=lambda found: -found.score):
            if len(self._ejected()) < self._cap:
                self._eject(finding.endpoint, finding, "")
            else:
                self._blocked = True
                self._hold(
                    "cap",
                    f"{finding.endpoint} is {_WORDS[finding.kind]} too, but {len(self._ejected())} of "
                    f"{len(self._available)} endpoints are out already; it stays in",
                    finding.evidence,
                )

    def keep_cap(self) -> None:
        """Endpoints that left can leave too many ejected ones behind: those due first come back."""
        for endpoint in sorted(self._ejected(), key=lambda key: self._held.healths[key].until):
            if len(self._ejected()) <= self._cap:
                return
            why = f"only {len(self._available)} endpoints are left"
            self._probation(endpoint, self._held.healths[endpoint], why)

    def hold_shared(self, shared: Callable[[], str]) -> None:
        reason = shared()
        if reason and not self._blocked:
            self._hold("shared", reason, {})
        elif not reason and not self._blocked:
            self._held.holding = ""

    def _ejected(self) -> list[str]:
        healths = self._held.healths
        return [
            endpoint for endpoint in self._available
            if endpoint in healths and healths[endpoint].state is EndpointState.EJECTED
        ]

    def _eject(self, endpoint: str, finding: Finding, prefix: str) -> None:
        health = self._held.healths.setdefault(endpoint, Health())
        seconds = min(self._settings.eject_seconds * 2**health.times, self._settings.eject_seconds_max)
        health.state, health.since, health.until = EndpointState.EJECTED, self._now, self._now + seconds
        health.times = min(health.times + 1, 16)
        health.reason = finding.reason
        reason = f"{prefix}{finding.reason}; out for {seconds:g} s"
        self._say("eject", reason, endpoint, {"kind": finding.kind, "seconds": seconds, **finding.evidence})

    def _probation(self, endpoint: str, health: Health, why: str) -> None:
        health.state, health.since, health.until = EndpointState.PROBATION, self._now, 0.0
        health.proved = False
        reason = f"{endpoint} is on probation at a tenth of its weight: {why}"
        self._say("probation", reason, endpoint, {"ejections": health.times})

    def _hold(self, kind: str, reason: str, evidence: Mapping[str, Any]) -> None:
        if self._held.holding != kind:
            self._held.holding = kind
            self._say("hold", reason, "", {"kind": kind, **evidence})

    def _say(self, kind: str, reason: str, endpoint: str, evidence: Mapping[str, Any] | None = None) -> None:
        self.decisions.append(Decision(self._now, kind, self._service, reason, endpoint, evidence or {}))


def _failed_trial(endpoint: str, seen: Trial) -> Finding:
    reason = f"{endpoint} failed {seen.errors} of {seen.count} requests on probation"
    return Finding(endpoint, "failures", 1.0, reason, {"count": seen.count, "errors": seen.errors})
