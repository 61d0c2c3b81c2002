"""One step of one service's ejections: which endpoint goes out, on probation, or back.

    healthy --finding--> ejected --time is up--> probation --proved itself--> healthy
                            ^_________finding, or failed trial____/

Some endpoint always serves (``ejection_limits``). When those that serve cannot bear it, one comes back at
once and the others stay in for a while. Past the limits, and when all endpoints are bad, nothing is
ejected and a hold says why.
"""

from typing import Final

from proxy.contract.decisions.evidence import FailedProbe, Hold, Return
from proxy.contract.decisions.kinds import FindingKind, HoldKind
from proxy.contract.model import EndpointState
from topology.evidence.measurements import INTERVAL
from topology.model.decisions import Decision
from topology.outliers.detection.finding import Finding, Trial
from topology.outliers.detection.service_evidence import ServiceEvidence
from topology.outliers.ejection_limits import PACED, EjectionLimits
from topology.outliers.ejection_state import EjectionState, ServiceEjections
from topology.outliers.transitions import Transitions
from topology.settings import EngineSettings

# Seconds before an ejection is over in which a probe tells whether its cause lasts: one to be asked for in
# a step, one to time out.
PROBE_LEAD: Final = 1.75
# On probation less evidence is asked for: what was bad a moment ago is more likely bad again.
_PATIENCE: Final = 0.6
_WORDS: Final = {
    FindingKind.FAILURES: "failing",
    FindingKind.LATENCY: "slow",
    FindingKind.STALL: "stalled",
    FindingKind.ANSWERS: "answering unlike its peers",
}


class EjectionStep:
    """The rules applied to one service at one moment; use ``run`` once."""

    def __init__(
        self,
        service: ServiceEjections,
        transitions: Transitions,
        limits: EjectionLimits,
        evidence: ServiceEvidence,
        available: tuple[str, ...],
        settings: EngineSettings,
        now: float,
    ) -> None:
        self._service = service
        self._change = transitions
        self._limits = limits
        self._evidence = evidence
        self._available = available
        self._settings = settings
        self._now = now

    def run(self) -> list[Decision]:
        """Move the service on and return the decisions made.

        What is out is looked at before what is in: only then is it known how many more may go.
        """
        self._end_ejections()
        self._end_trials()
        self._relieve()
        blocked = self._eject_outliers()
        self._doubt()
        self._keep_one_in()
        if not blocked:
            self._hold_shared()
        return self._change.decisions

    def _end_ejections(self) -> None:
        for endpoint, state in self._service.endpoints.items():
            if state.state is EndpointState.EJECTED and self._now >= state.until - PROBE_LEAD:
                if self._now < state.until:
                    self._failed_probe(endpoint, state)  # asks for a probe, to know when the time is up
                    continue
                # Sidecars whose view is old, or a stage that only watches, may still call it and see it fail.
                # As patient as on probation: or it would go there and be ejected within this very step.
                finding = self._failed_probe(endpoint, state) or self._evidence.finding(endpoint, _PATIENCE)
                if finding is not None:
                    self._change.eject(endpoint, finding, "still bad: ")
                else:
                    self._change.probation(endpoint, "its ejection is over and nothing speaks against it")
            elif state.state is EndpointState.EJECTED and self._restarted(endpoint, state):
                self._change.probation(endpoint, "nothing listened there, and now a process answers a probe")
            # One at a time: after four ejections it takes four long good times to start again from the
            # shortest.
            elif state.state is EndpointState.HEALTHY and self._forgiven(state):
                state.ejections, state.since = state.ejections - 1, self._now

    def _failed_probe(self, endpoint: str, state: EjectionState) -> Finding | None:
        """Return what a probe met at the end of an ejection.

        So it costs no user's request to see that the cause lasts. A probe says nothing of latency; and after
        the longest ejection the endpoint gets its trial whatever probes say, for they may ask for what the
        application does not answer.
        """
        longest = state.until - state.since >= self._settings.eject_seconds_max
        if state.finding is FindingKind.LATENCY or longest:
            return None
        probed = self._evidence.probe(endpoint)
        # Only a probe of these last moments counts: an earlier one met the failure that is known already.
        if probed is None or probed.ok or probed.at < state.until - PROBE_LEAD:
            return None
        reason = f"{endpoint} does not answer a probe: {probed.detail}"
        return Finding(endpoint, FindingKind.STALL, state.score, reason, FailedProbe(probed.detail))

    def _restarted(self, endpoint: str, state: EjectionState) -> bool:
        """True if a probe found a process where nothing listened before: what was ejected is gone.

        An endpoint that a file lists has no other identity. It is probed once after its ejection, and again
        for as long as its connections are refused.
        """
        if state.finding is FindingKind.LATENCY:
            return False
        probed = self._evidence.last_probe(endpoint)
        if probed is None or probed.refused or probed.at < state.since:
            self._evidence.probe(endpoint)
            return False
        return probed.back

    def _forgiven(self, state: EjectionState) -> bool:
        return state.ejections > 0 and self._now - state.since >= self._settings.eject_seconds_max

    def _end_trials(self) -> None:
        for endpoint, state in self._service.endpoints.items():
            if state.state is not EndpointState.PROBATION:
                continue
            # What is reported right after a doubt came up is mostly from before.
            since = state.since + (INTERVAL if state.doubted else 0.0)
            trial, lasted = self._evidence.trial(endpoint, since), self._now - state.since
            state.proved = trial.passed
            due = lasted >= self._settings.slow_start
            # A doubted endpoint was never ejected: for it the ordinary tests decide, with all their
            # conditions.
            failed = trial.failed and not state.doubted
            if failed and not self._limits.refusal(endpoint, self._limits.serving(endpoint)):
                self._change.eject(endpoint, _failed_trial(endpoint, trial), "still bad: ")
            elif due and (trial.passed or not trial.busy or lasted >= self._settings.eject_seconds_max):
                self._change.back(endpoint, f"{endpoint} is back at full weight", Return(trial.calls))

    def _relieve(self) -> None:
        """Bring one back when those that serve cannot bear what the ejected left to them."""
        overload = self._limits.overload()
        if not overload:
            return
        ejected, states = self._limits.ejected(), self._service.endpoints
        # The least bad comes back first; the address breaks ties, so that the choice is reproducible.
        endpoint = min(ejected, key=lambda each: (states[each].score, each))
        left = len(ejected) - 1
        self._limits.learn(left)
        reason = f"{endpoint} is back before its time: {overload}; no more than {left} at once for now"
        self._change.back(endpoint, reason, Return(ejected=left))

    def _eject_outliers(self) -> bool:
        """Eject the worst first; return True if a limit kept one in."""
        findings = self._findings()
        bad, blocked = {finding.endpoint for finding in findings}, False
        sound = [each for each in self._limits.serving() if each not in bad]
        for finding in sorted(findings, key=lambda found: (-found.score, found.endpoint)):
            endpoint = finding.endpoint
            # Asked anew for each: every ejection of this step leaves fewer that could carry the load.
            refused = self._limits.refusal(endpoint, sound or self._limits.serving(endpoint), finding.kind)
            if not refused:
                self._change.eject(endpoint, finding)
                continue
            blocked = True
            if refused != PACED:
                reason = f"{endpoint} is {_WORDS[finding.kind]} too, but {refused}; it is not ejected"
                self._change.hold(reason, Hold(HoldKind.CAP, finding.grounds))
        return blocked

    def _findings(self) -> list[Finding]:
        findings = []
        for endpoint in self._available:
            state = self._service.endpoints.get(endpoint)
            if state is not None and state.state is EndpointState.EJECTED:
                continue
            watched = state is not None and state.state is EndpointState.PROBATION
            finding = self._evidence.finding(endpoint, _PATIENCE if watched else 1.0)
            if finding is not None:
                findings.append(finding)
        return findings

    def _doubt(self) -> None:
        """Put those that seem to stall or fail on probation until more is known; none where many seem to."""
        states = self._service.endpoints
        out = [
            each
            for each in self._available
            if each in states and states[each].state is not EndpointState.HEALTHY
        ]
        fresh = [
            found for each in self._available if each not in out and (found := self._evidence.doubt(each))
        ]
        doubted = [each for each in out if states[each].doubted]
        if not fresh:
            return
        # A doubt takes nearly all of an endpoint's load on little evidence: half of what may be ejected.
        if len(doubted) + len(fresh) > max(1, self._limits.cap // 2):
            for endpoint in doubted:
                self._change.back(endpoint, f"{endpoint} is back: its peers are no better", Return())
            return
        # Doubts and ejections share one cap: together they must not take more capacity than ejections may.
        for found in fresh[: max(0, self._limits.cap - len(out))]:
            self._change.doubt(found)

    def _keep_one_in(self) -> None:
        """Return those due first where endpoints that left leave no other: some endpoint must serve."""
        for endpoint in sorted(self._limits.ejected(), key=lambda key: self._service.endpoints[key].until):
            if len(self._limits.ejected()) < len(self._available):
                return
            self._change.probation(endpoint, f"only {len(self._available)} endpoints are left")

    def _hold_shared(self) -> None:
        """Say once that all endpoints share a cause, and which dependency it may be."""
        kind, reason = HoldKind.SHARED_FAILURES, self._evidence.shared_failure()
        if not reason:
            kind, reason = HoldKind.SHARED_SLOWNESS, self._evidence.shared_slowness()
        if not reason:
            self._service.holding = None
        elif self._service.holding is not kind:
            words, dependency = self._evidence.cause()
            self._change.hold(f"{reason}; {words}", Hold(kind, cause=dependency))


def _failed_trial(endpoint: str, trial: Trial) -> Finding:
    reason = f"{endpoint} failed {trial.errors} of {trial.count} requests on probation"
    return Finding(endpoint, FindingKind.FAILURES, 1.0, reason, trial.calls)
