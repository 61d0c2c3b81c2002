"""Merging of what other collectors know into the engine. Pure.

Endpoints of their sidecars are members like its own. Their calls come by the second, once they are
stored: they count in the graph, and those that come in time are evidence, all sidecars of one collector
being one reporter. Ejections and stages are taken over; what was taken over is never taken over again by
a third, so that no decision can come back to where it was made.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from proxy.contract.decisions.evidence import Ejection
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Protocol
from topology.evidence.report_delay import ReportDelays
from topology.graph.call_attribution import Intake
from topology.model.decisions import Decision
from topology.model.samples import CallSample, EdgeSample, Side
from topology.outliers.detection.finding import Finding
from topology.outliers.detection.second_opinion import GROUP
from topology.outliers.feedback import Feedback
from topology.outliers.transitions import out_for
from topology.registry.registry import Registry
from topology.registry.sources import Members, Source
from topology.rollout.guard import Guard
from topology.rollout.stages import Stages

# Of a remote finding: among the slowest failures, since how bad the endpoint is shows at the other collector.
_SCORE: Final = 1.0

Resolve = Callable[[str, str], tuple[ServiceId, str, bool]]
"""From the labels of a target and an endpoint to its service and endpoint, and whether it is registered."""


class RemoteCollectors:
    """The entrance of other collectors' data into the engine's parts."""

    def __init__(
        self,
        registry: Registry,
        intake: Intake,
        feedback: Feedback,
        guard: Guard,
        stages: Stages,
        resolve: Resolve,
    ) -> None:
        self._registry = registry
        self._intake = intake
        self._feedback = feedback
        self._guard = guard
        self._stages = stages
        self._resolve = resolve
        self._reports = ReportDelays()

    def set_members(self, collector: str, services: Members) -> None:
        """Replace all that is registered at a collector; empty when it is gone."""
        self._registry.set(Source.COLLECTORS, services, collector)

    def merge_edges(self, collector: str, samples: Iterable[EdgeSample], now: float) -> None:
        """Count seconds of a collector's calls, each given once. A late one is no evidence."""
        reporter = GROUP + collector
        # The newest first: a report's delay is measured against the fastest of the same reporter.
        for sample in sorted(samples, key=lambda sample: -sample.second):
            ended = sample.second + 1.0
            # Names are resolved here anew: the other collector may know other services and namespaces.
            service, endpoint, registered = self._resolve(sample.target, sample.endpoint)
            self._intake.merge_remote(replace(sample, target=service, endpoint=endpoint))
            if not sample.arm or self._reports.place(reporter, 0.0, ended, now).late:
                continue  # without an arm it was not a caller's sidecar that measured
            # The guard takes calls of every collector: more requests show harm sooner. Evidence is for HTTP
            # alone.
            self._guard.add(service, sample.arm, sample.histogram, sample.errors, None)
            if registered and sample.protocol == Protocol.HTTP:
                call = CallSample(
                    Side.CLIENT, sample.source, service, reporter, sample.histogram, sample.errors
                )
                self._feedback.evidence.call(service, endpoint, call, now)

    def take_ejection(self, collector: str, made: Decision, now: float) -> None:
        """Take an ejection in force as a finding; one that the collector took over itself is skipped."""
        ejection = made.evidence
        if not isinstance(ejection, Ejection) or ejection.collector:
            return
        service = self._registry.recognise(made.service)  # others may spell it in another case
        known = self._registry.services().get(service, ())
        # Not known here (yet): an ejection of an address that nobody here uses would stay without effect.
        if all(member.address != made.endpoint for member in known):
            return
        # How long it is out there says nothing of how long it will be here.
        why = made.reason.removesuffix(out_for(ejection.seconds))
        reason = f"collector {collector} ejected it: {why}"
        finding = Finding(made.endpoint, ejection.finding, _SCORE, reason, ejection.grounds, collector)
        self._feedback.take_remote(service, finding, now)

    def take_stage(self, made: Decision) -> bool:
        """Put a change of a stage in force; True if it is news. Raises TypeError for other decisions."""
        return self._stages.follow(made)
