"""Conversion of the metrics that sidecars export to samples of the topology engine."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    Metric,
    NumberDataPoint,
)

from collector.otlp.stored_values import text
from proxy.contract import attributes as names
from proxy.contract.histogram import Histogram, from_exponential
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Answer, Arm, Avoidance, Protocol
from topology.model.samples import CallSample, ConnectionSample, OpenSample, Side, SizeSample

_CALLS: Final = {
    names.CLIENT_DURATION: (Side.CLIENT, Protocol.HTTP),
    names.SERVER_DURATION: (Side.SERVER, Protocol.HTTP),
    names.TCP_CLIENT_CONNECT: (Side.CLIENT, Protocol.TCP),
    names.TCP_SERVER_CONNECT: (Side.SERVER, Protocol.TCP),
}
_CONNECTIONS: Final = {
    names.TCP_CLIENT_ACTIVE: Side.CLIENT,
    names.TCP_CLIENT_IO: Side.CLIENT,
    names.TCP_SERVER_ACTIVE: Side.SERVER,
    names.TCP_SERVER_IO: Side.SERVER,
}
_TUNNEL: Final = "CONNECT"
# Bounds on what a sidecar can have measured: scales of histograms, values from 2**-64 to 2**64 (seconds, or
# bytes), calls in one interval. Values beyond are a defect or an attack, and would overflow what they are
# added to.
_SCALES: Final = range(-10, 21)
_OCTAVES: Final = 64
_COUNT: Final = 1 << 40


@dataclass(slots=True)
class SidecarSamples:
    """The samples of one metrics request; ``ignored`` counts points with impossible values."""

    calls: list[CallSample] = field(default_factory=list)
    opens: list[OpenSample] = field(default_factory=list)
    connections: list[ConnectionSample] = field(default_factory=list)
    sizes: list[SizeSample] = field(default_factory=list)
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class _Reporter:
    service: ServiceId
    instance: str


def sidecar_samples(request: ExportMetricsServiceRequest) -> SidecarSamples:
    """Return the samples of sidecars in a metrics request; metrics of other scopes are skipped."""
    samples = SidecarSamples()
    for resource in request.resource_metrics:
        # An application's own metrics may have the same names; only those of a sidecar's scope feed the
        # engine.
        ours = [scope for scope in resource.scope_metrics if scope.scope.name == names.SCOPE]
        if not ours:
            continue
        labels = _labels(resource.resource.attributes)
        service = ServiceId.of(labels.get(names.NAMESPACE, ""), labels.get(names.SERVICE_NAME, ""))
        reporter = _Reporter(service, labels.get(names.SERVICE_INSTANCE, service.name))
        for scope in ours:
            # Points of one endpoint come in several metrics, in any order: they are joined before the engine
            # sees them.
            opens: dict[tuple[str, str], OpenSample] = {}
            connections: dict[tuple[Side, str, str], ConnectionSample] = {}
            for metric in scope.metrics:
                _calls(metric, reporter, samples)
                _sizes(metric, reporter, samples)
                _opens(metric, reporter, opens)
                _connections(metric, reporter, connections)
            samples.opens.extend(opens.values())
            samples.connections.extend(connections.values())
    return samples


def _calls(metric: Metric, reporter: _Reporter, samples: SidecarSamples) -> None:
    """Add a sample for each point of a histogram of calls or connects."""
    side, protocol = _CALLS.get(metric.name, (None, Protocol.UNKNOWN))
    if side is None:
        return
    for point in metric.exponential_histogram.data_points:
        if not _possible(point):
            samples.ignored += 1
        elif point.count:
            samples.calls.append(_call(point, side, protocol, reporter))


def _sizes(metric: Metric, reporter: _Reporter, samples: SidecarSamples) -> None:
    """Add a sample for each point of a histogram of the sizes of responses."""
    if metric.name != names.CLIENT_BODY_SIZE:
        return
    for point in metric.exponential_histogram.data_points:
        if not _possible(point):
            samples.ignored += 1
        elif point.count:
            labels = _labels(point.attributes)
            samples.sizes.append(
                SizeSample(
                    reporter.service,
                    labels.get(names.PEER_SERVICE, ""),
                    labels.get(names.ENDPOINT, ""),
                    Arm(labels.get(names.ARM, "")),
                    reporter.instance,
                    _histogram(point),
                    point.start_time_unix_nano / 1e9,
                    point.time_unix_nano / 1e9,
                )
            )


def _histogram(point: ExponentialHistogramDataPoint) -> Histogram:
    return from_exponential(
        point.scale,
        point.positive.offset,
        point.positive.bucket_counts,
        zero=point.zero_count,
        total=point.sum,
        minimum=point.min if point.HasField("min") else None,
        maximum=point.max if point.HasField("max") else None,
    )


def _possible(point: ExponentialHistogramDataPoint) -> bool:
    """True if a sidecar can have measured these values."""
    if point.scale not in _SCALES or not isfinite(point.sum) or not isfinite(point.min + point.max):
        return False
    low = point.positive.offset
    high = low + len(point.positive.bucket_counts)
    # 2**scale buckets make one octave (OTLP metrics data model, ExponentialHistogram).
    reach = _OCTAVES * 2.0**point.scale
    total = point.zero_count + sum(point.positive.bucket_counts)
    return -reach <= low <= high <= reach and point.count == total <= _COUNT


def _call(
    point: ExponentialHistogramDataPoint, side: Side, protocol: Protocol, reporter: _Reporter
) -> CallSample:
    labels = _labels(point.attributes)
    client = side is Side.CLIENT
    # Connections have no status class: they failed if they have an error type.
    outcome = labels.get(names.STATUS_CLASS) or ("error" if names.ERROR_TYPE in labels else "")
    answer = _answer(labels, outcome)
    # A 503 that sheds load is an error to its caller all the same.
    failed = Answer.FAILED in (answer, Answer.of_class(outcome))
    return CallSample(
        side=side,
        source=reporter.service if client else labels.get(names.CALLER, ""),
        target=labels.get(names.PEER_SERVICE, "") if client else reporter.service,
        reporter=reporter.instance,
        histogram=_histogram(point),
        errors=point.count if failed else 0,
        endpoint=labels.get(names.ENDPOINT, ""),
        arm=Arm(labels.get(names.ARM, "")),
        method=labels.get(names.METHOD, ""),
        route=labels.get(names.ROUTE, ""),
        protocol=protocol,
        # No error type, or a connection that broke later: the request may have reached the server. With other
        # errors the attempt to connect failed already.
        arrived=labels.get(names.ERROR_TYPE, names.BROKEN) == names.BROKEN,
        begun=point.start_time_unix_nano / 1e9,
        ended=point.time_unix_nano / 1e9,
        encrypted=_encrypted(labels, protocol),
        answer=answer,
    )


def _answer(labels: dict[str, str], outcome: str) -> Answer:
    """Return the class of the answers to calls; a fault of the client says nothing of who was called."""
    if names.ANSWER in labels:
        return Answer(labels[names.ANSWER])
    by_status = Answer.of_class(outcome)
    # Of 4xx only those without an error type were answered by a server.
    return Answer.OK if by_status is Answer.REFUSED and names.ERROR_TYPE in labels else by_status


def _encrypted(labels: dict[str, str], protocol: Protocol) -> bool | None:
    """Return what a sidecar measured of calls: were they encrypted? None where it could not tell."""
    measured = {"true": True, "false": False}.get(labels.get(names.TLS, ""))
    if measured is None and protocol is Protocol.HTTP and labels.get(names.METHOD) != _TUNNEL:
        return False  # by a sidecar of an older version: it spoke in the clear alone
    return measured


def _opens(metric: Metric, reporter: _Reporter, opens: dict[tuple[str, str], OpenSample]) -> None:
    """Join the gauges of an endpoint, open requests, age of the oldest and avoidance, into one sample."""
    if metric.name not in (names.CLIENT_ACTIVE, names.OLDEST_AGE, names.AVOIDED):
        return
    points = metric.gauge.data_points or metric.sum.data_points
    for point in points:
        labels = _labels(point.attributes)
        key = (labels.get(names.PEER_SERVICE, ""), labels.get(names.ENDPOINT, ""))
        sample = opens.setdefault(key, OpenSample(reporter.service, *key, reporter.instance, 0))
        sample.ended = point.time_unix_nano / 1e9
        if metric.name == names.CLIENT_ACTIVE:
            sample.open = int(_number(point))
        elif metric.name == names.AVOIDED:
            why = labels.get(names.AVOIDANCE, "")
            # A reason of a later release says nothing here.
            sample.avoided = Avoidance(why) if why in list(Avoidance) else None
            sample.failures = int(_number(point))
        else:
            sample.oldest = _number(point)


def _connections(
    metric: Metric, reporter: _Reporter, connections: dict[tuple[Side, str, str], ConnectionSample]
) -> None:
    """Join the gauges and byte counts of an endpoint's opaque connections into one sample."""
    side = _CONNECTIONS.get(metric.name)
    if side is None:
        return
    client = side is Side.CLIENT
    for point in metric.gauge.data_points or metric.sum.data_points:
        labels = _labels(point.attributes)
        endpoint = labels.get(names.ENDPOINT, "")
        target = labels.get(names.PEER_SERVICE, "") if client else reporter.service
        sample = connections.setdefault(
            (side, target, endpoint),
            ConnectionSample(
                side,
                reporter.service if client else "",
                target,
                endpoint,
                reporter.instance,
            ),
        )
        number = int(_number(point))
        direction = labels.get(names.DIRECTION)
        if direction is None:
            sample.open += number  # three readings: encrypted, in the clear, and unknown
            sample.encrypted += number if labels.get(names.TLS) == "true" else 0
            sample.clear += number if labels.get(names.TLS) == "false" else 0
        # Bytes are counted towards the target: what a client transmits its server receives.
        elif (direction == names.TRANSMIT) is client:
            sample.sent += number
        else:
            sample.received += number


def _number(point: NumberDataPoint) -> float:
    value = point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
    # Our gauges are never negative, infinite or not a number.
    return value if 0 <= value < float("inf") else 0


def _labels(pairs: Iterable[KeyValue]) -> dict[str, str]:
    return {pair.key: pair.value.string_value or text(pair.value) for pair in pairs}
