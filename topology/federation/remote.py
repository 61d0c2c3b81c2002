"""What other collectors found out, made part of what this one knows. Pure.

Their sidecars' endpoints are members like its own. Their calls come by the second, once they are
stored: they count in the graph, and what comes in time is evidence, all sidecars of one collector being
one reporter. Ejections and stages are taken over; what is taken over is never handed on, so that no
decision can come back to where it was made.
"""

from collections.abc import Callable, Iterable
from typing import Final

from proxy.contract.decisions.evidence import Ejection
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Protocol
from topology.evidence.report_delay import Fresh
from topology.graph.call_attribution import Intake
from topology.model import CallSample, Decision, EdgeSample, Side
from topology.outliers.feedback import Feedback
from topology.outliers.finding import Finding
from topology.outliers.second_opinion import GROUP
from topology.registry.registry import Registry
from topology.registry.sources import Members, Source
from topology.rollout.guard import Guard
from topology.rollout.stages import Stages

_SCORE: Final = 1.0

Place = Callable[[str, str], tuple[ServiceId, str, bool]]


class Elsewhere:
    """Feeds the engine's parts. ``place`` tells the service and endpoint that labels mean."""

    def __init__(
        self,
        registry: Registry,
        intake: Intake,
        feedback: Feedback,
        guard: Guard,
        stages: Stages,
        place: Place,
    ) -> None:
        self._registry = registry
        self._intake = intake
        self._feedback = feedback
        self._guard = guard
        self._stages = stages
        self._place = place
        self._reports = Fresh()

    def members(self, collector: str, services: Members) -> None:
        """All that is registered there now; nothing when it is gone."""
        self._registry.set(Source.COLLECTORS, services, collector)

    def fold(self, collector: str, samples: Iterable[EdgeSample], now: float) -> None:
        """Count seconds of its calls, each given once. One that comes late is not acted upon."""
        reporter = GROUP + collector
        # The newest first: it shows how quick this collector can be.
        for sample in sorted(samples, key=lambda sample: -sample.second):
            ended = sample.second + 1.0
            service, endpoint, registered = self._place(sample.target, sample.endpoint)
            placed = EdgeSample(
                sample.second,
                sample.source,
                service,
                sample.protocol,
                endpoint,
                sample.arm,
                sample.count,
                sample.errors,
                sample.histogram,
            )
            self._intake.fold(placed)
            if not sample.arm or self._reports.late(reporter, 0.0, ended, now):
                continue  # without an arm it was not a caller's sidecar that measured
            self._guard.add(service, sample.arm, sample.histogram, sample.errors)
            if registered and sample.protocol == Protocol.HTTP:
                call = CallSample(
                    Side.CLIENT, sample.source, service, reporter, sample.histogram, sample.errors
                )
                self._feedback.evidence.call(service, endpoint, call, now)

    def ejected(self, collector: str, made: Decision, now: float) -> None:
        """It ejected an endpoint and stands by it; what it took over itself is passed over."""
        ejection = made.evidence
        if not isinstance(ejection, Ejection) or ejection.collector:
            return
        known = self._registry.services().get(made.service, ())
        if all(member.address != made.endpoint for member in known):
            return
        why = made.reason.rpartition("; out for ")[0] or made.reason
        reason = f"collector {collector} ejected it: {why}"
        finding = Finding(made.endpoint, ejection.finding, _SCORE, reason, ejection.grounds, collector)
        self._feedback.take_remote(made.service, finding, now)

    def staged(self, made: Decision) -> bool:
        """It changed a stage; whether that is news. Raises TypeError for other decisions."""
        return self._stages.follow(made)
