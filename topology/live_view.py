"""The live mesh for people: graph, endpoints, stages and series from memory. Reading changes nothing."""

from collections.abc import Iterable

from proxy.contract.histogram import Histogram
from proxy.contract.service_id import ServiceId, ServiceNames
from proxy.contract.traffic import Protocol
from topology import views
from topology.graph.call_attribution import Intake
from topology.graph.cells import Bucket, Cell, arms, edges, endpoints
from topology.graph.traffic_queries import Traffic
from topology.model.endpoints import EndpointView
from topology.model.graph import GraphView, Kind, NodeView, Point
from topology.model.stages import StageView
from topology.outliers.feedback import Feedback
from topology.policy.in_force import PolicyInForce
from topology.registry.registry import Registry
from topology.rollout import stage_views
from topology.rollout.stages import Stages


class LiveView:
    """Reads the engine's parts. Every ``now`` is epoch seconds; ``window`` is seconds back from it."""

    def __init__(
        self,
        traffic: Traffic,
        intake: Intake,
        registry: Registry,
        feedback: Feedback,
        stages: Stages,
        policy: PolicyInForce,
    ) -> None:
        self._traffic = traffic
        self._intake = intake
        self._registry = registry
        self._feedback = feedback
        self._stages = stages
        self._policy = policy

    def graph(self, now: float, window: float = 60.0) -> GraphView:
        """Return nodes and edges of the window."""
        counts, seconds = self._traffic.counts(now, window, edges), self._traffic.seconds(now, window)
        return GraphView(self._nodes(counts, seconds), views.edges(counts, seconds), now - window, now)

    def traffic(self, now: float, window: float) -> dict[tuple[str, str, Protocol], Cell]:
        """Return calls of the window by source, target and protocol."""
        return views.by_edge(self._traffic.counts(now, window, edges))

    def services(self, now: float, window: float) -> tuple[NodeView, ...]:
        """Return the nodes of the graph alone."""
        return self._nodes(self._traffic.counts(now, window, edges), self._traffic.seconds(now, window))

    def endpoints(self, now: float, window: float, service: str | None = None) -> tuple[EndpointView, ...]:
        """Return the endpoints of one service, or of all."""
        seconds = self._traffic.seconds(now, window)
        if service is None:
            cells = views.by_endpoint(self._traffic.counts(now, window, endpoints))
        else:
            # One service alone is read key by key; sums over all endpoints of the mesh would be wasted on
            # it.
            cells = views.by_endpoint(self._traffic.to_service(now, window, service))
        return tuple(
            view
            for name, members in sorted(self._registry.services().items())
            if service is None or name == service
            for view in views.endpoints(
                members,
                cells,
                seconds,
                self._feedback.evidence.of(name),
                self._feedback.ejections,
                self._feedback.weights,
                now,
            )
        )

    def stages(
        self, now: float, window: float, services: Iterable[ServiceId] | None = None
    ) -> tuple[StageView, ...]:
        """Return stages with the traffic of both arms, and the effect or advice; by default for every known
        service."""

        def weight(service: ServiceId, endpoint: str) -> float:
            part = self._feedback.ejections.weight(service, endpoint, now)
            return self._feedback.weights.weight(service, endpoint) * part

        return stage_views.views(
            self.known() if services is None else services,
            self._traffic.counts(now, window, arms),
            self._traffic.seconds(now, window),
            self._stages,
            self._registry.services(),
            weight,
            self._policy.policy,
        )

    def series(
        self,
        now: float,
        window: float,
        step: float,
        service: str | None = None,
        source: str | None = None,
        target: str | None = None,
        endpoint: str | None = None,
    ) -> tuple[Point, ...]:
        """Return traffic over time, by ``service`` that to a service. Long windows have steps of tens."""
        return self._traffic.series(now, window, step, service, source, target, endpoint)

    def latency(
        self,
        now: float,
        window: float,
        service: str | None = None,
        source: str | None = None,
        target: str | None = None,
    ) -> Histogram:
        """Return the distribution of latency over the window."""
        return self._traffic.latency(now, window, service, source, target)

    def find(self, text: str) -> ServiceId:
        """Return the service that people mean by a text. Raises AmbiguousNameError."""
        return self.names().find(text)

    def names(self) -> ServiceNames:
        """Return the known services by their names."""
        return ServiceNames(self.known())

    def known(self) -> set[ServiceId]:
        """Return the services that are registered, in the policy, or have traffic that memory holds."""
        names = set(self._registry.services()) | set(self._policy.policy.services)
        for source, target in self._traffic.ends():
            names.update(
                ServiceId(name)
                for name in (source, target)
                if name not in names and self._intake.kind(name) is Kind.SERVICE
            )
        return names

    def _nodes(self, counts: Bucket, seconds: float) -> tuple[NodeView, ...]:
        registry = self._registry
        return views.nodes(
            counts,
            seconds,
            registry.services(),
            self._intake.kind,
            registry.has_sidecar,
            self._stages,
            self._feedback.ejections,
        )
