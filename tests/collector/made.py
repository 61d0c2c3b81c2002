"""Telemetry and stand-ins the tests of the collector are written with."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.clickhouse.database import StatementError, StoreError
from collector.clickhouse.writer import Stored
from collector.ingest.journal import Entry
from proxy.contract import attributes as names
from proxy.contract.decisions.codec import decode
from proxy.contract.decisions.evidence import Calls, Ejection
from proxy.contract.decisions.kinds import FindingKind, StageOrigin
from proxy.contract.histogram import SCALE, Histogram
from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm, Protocol
from topology.engine import Engine, Tick, UnknownServiceError
from topology.model.decisions import Decision
from topology.model.graph import USER, Stats
from topology.model.samples import CallSample, ConnectionSample, EdgeSample, OpenSample, SizeSample, SpanFact
from topology.model.stages import StageView
from topology.policy.models import Policy
from topology.xds.snapshot import Snapshot

NOW = time.time_ns()
Value = str | int | float | bool


def label(into: "RepeatedCompositeFieldContainer[KeyValue]", given: Mapping[str, Value]) -> None:
    """Add attributes."""
    for key, value in given.items():
        pair = into.add()
        pair.key = key
        if isinstance(value, bool):
            pair.value.bool_value = value
        elif isinstance(value, str):
            pair.value.string_value = value
        elif isinstance(value, int):
            pair.value.int_value = value
        else:
            pair.value.double_value = value


def span(trace: bytes | None = None, **given: object) -> Span:
    """A good span of this moment; keyword arguments are fields of the message."""
    made = Span(
        trace_id=os.urandom(16) if trace is None else trace,
        span_id=os.urandom(8),
        name="GET /x",
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=NOW,
        end_time_unix_nano=NOW + 5_000_000,
    )
    for key, value in given.items():
        setattr(made, key, value)
    return made


def trace_request(
    spans: Iterable[Span], service: str = "shop", scope: str = "test"
) -> ExportTraceServiceRequest:
    """One resource, one scope."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    label(resource.resource.attributes, {names.SERVICE_NAME: service})
    inside = resource.scope_spans.add()
    inside.scope.name = scope
    inside.spans.extend(spans)
    return request


def client_metrics(
    latencies: Sequence[float],
    *,
    service: str = "front",
    target: str = "back",
    endpoint: str = "10.0.0.1:80",
    status: str = "2xx",
    open_requests: int = 0,
    oldest: float = 0.0,
) -> ExportMetricsServiceRequest:
    """What a sidecar reports of the calls it made."""
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    label(resource.resource.attributes, {names.SERVICE_NAME: service, names.SERVICE_INSTANCE: f"{service}-1"})
    scope = resource.scope_metrics.add()
    scope.scope.name = names.SCOPE
    where: dict[str, Value] = {names.PEER_SERVICE: target, names.ENDPOINT: endpoint}
    if latencies:
        histogram = Histogram()
        for latency in latencies:
            histogram.record(latency)
        metric = scope.metrics.add()
        metric.name = names.CLIENT_DURATION
        metric.unit = "s"
        metric.exponential_histogram.aggregation_temporality = AGGREGATION_TEMPORALITY_DELTA
        point = metric.exponential_histogram.data_points.add()
        label(point.attributes, {**where, names.STATUS_CLASS: status, names.METHOD: "GET"})
        point.time_unix_nano = NOW
        point.scale, point.count, point.sum = SCALE, histogram.count, histogram.sum
        point.zero_count, point.min, point.max = histogram.zero, histogram.min, histogram.max
        point.positive.offset, counts = histogram.dense_buckets()
        point.positive.bucket_counts.extend(counts)
    for name, value in ((names.CLIENT_ACTIVE, open_requests), (names.OLDEST_AGE, oldest)):
        gauge = scope.metrics.add()
        gauge.name = name
        number = gauge.gauge.data_points.add()
        number.time_unix_nano = NOW
        number.as_double = float(value)
        label(number.attributes, where)
    return request


class RecordingEngine(Engine):
    """Takes the place of the engine and keeps what it is told."""

    urgent = False
    policy_problems: tuple[str, ...] = ()

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.known = set(known)
        self.call_samples: list[CallSample] = []
        self.size_samples: list[SizeSample] = []
        self.open_samples: list[OpenSample] = []
        self.connection_samples: list[ConnectionSample] = []
        self.facts: list[SpanFact] = []
        self.stages_set: list[tuple[str, Stage, int]] = []
        self.policies: list[Policy] = []
        self.next_tick = Tick(Snapshot(), (), ())
        self.broken = False

    def calls(self, samples: Iterable[CallSample], now: float) -> None:
        self.call_samples.extend(samples)

    def sizes(self, samples: Iterable[SizeSample], now: float) -> None:
        self.size_samples.extend(samples)

    def opens(self, samples: Iterable[OpenSample], now: float) -> None:
        self.open_samples.extend(samples)

    def connections(self, samples: Iterable[ConnectionSample], now: float) -> None:
        self.connection_samples.extend(samples)

    def spans(self, facts: Iterable[SpanFact], now: float) -> None:
        if self.broken:
            raise RuntimeError("a defect")
        self.facts.extend(facts)

    def set_policy(self, policy: Policy, now: float) -> None:
        self.policies.append(policy)

    def set_stage(
        self,
        service: str,
        stage: Stage,
        percent: int,
        now: float,
        origin: StageOrigin = StageOrigin.API,
        by: str = "",
    ) -> StageView:
        if service not in self.known:
            raise UnknownServiceError(service)
        self.stages_set.append((service, stage, percent))
        return StageView(ServiceId(service), stage, percent, origin, now, Stats(), Stats())

    def tick(self, now: float) -> Tick:
        if self.broken:
            raise RuntimeError("a defect")
        return self.next_tick

    def flush(self) -> tuple[EdgeSample, ...]:
        return (edge(99),)


def edge(second: int, source: str = "front", target: str = "back") -> EdgeSample:
    """One call of 10 ms and one of 0 s; users' calls have no arm."""
    histogram = Histogram()
    histogram.record(0.01)
    histogram.record(0.0)
    arm = Arm.NONE if source == USER else Arm.DIRECT
    return EdgeSample(second, source, target, Protocol.HTTP, "10.0.0.1:80", arm, 2, 1, histogram, clear=2)


def stage_decision(when: float, service: str, stage: str, percent: int, origin: str = "api") -> Decision:
    """A change of stage as another collector stores it; one that nobody can read stays as it is."""
    facts = {"from": "observe", "from_percent": 0, "to": stage, "to_percent": percent, "origin": origin}
    return Decision(when, ServiceId(service), f"stage {stage}", decode("stage", facts))


def ejection(when: float, service: str, endpoint: str, until: float, collector: str = "") -> Decision:
    """An ejection, of the collector itself or taken over from another one."""
    evidence = Ejection(FindingKind.FAILURES, until - when, until, Calls(9, 9), collector)
    return Decision(when, ServiceId(service), f"{endpoint} failed 9 of 9; out for 5 s", evidence, endpoint)


class Drained:
    """Takes the place of ClickHouse behind the drain: keeps requests, and fails when told to."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.tokens: list[str] = []
        self.error: StoreError | None = None
        self.poison = b""  # a request with these bytes in it is not taken

    async def insert(self, entries: Sequence[Entry], token: str, stored: Stored) -> None:
        if self.error is not None:
            raise self.error
        if self.poison and any(self.poison in entry.body for entry in entries):
            raise StatementError("poisoned")
        if token in self.tokens:
            return  # as ClickHouse does with a token it knows
        self.tokens.append(token)
        self.entries.extend(entries)
        stored["rows"] = sum(entry.count for entry in entries)

    @property
    def bodies(self) -> list[bytes]:
        return [entry.body for entry in self.entries]
